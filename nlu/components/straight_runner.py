"""Rasa's graph, node after node."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rasa.engine.graph import ExecutionContext, GraphNode, GraphNodeHook, GraphSchema
from rasa.engine.runner.interface import GraphRunner
from rasa.engine.storage.storage import ModelStorage


class StraightRunner(GraphRunner):
    """Runs a graph of a few nodes in order.

    Rasa's Dask runner plans the order anew at each run, which costs more than our whole first
    stage, and spells out every input, which is what people wrote, for its debug log.
    """

    def __init__(self, nodes: Sequence[tuple[GraphNode, tuple[str, ...]]]) -> None:
        self._nodes = nodes

    @classmethod
    def create(
        cls,
        graph_schema: GraphSchema,
        model_storage: ModelStorage,
        execution_context: ExecutionContext,
        hooks: list[GraphNodeHook] | None = None,
    ) -> StraightRunner:
        """Load every node, in an order in which each comes after what it needs."""
        waiting, ordered = dict(graph_schema.nodes), []
        while waiting:
            name = next(
                n for n, node in waiting.items() if not waiting.keys() & node.needs.values()
            )
            needs = tuple(waiting[name].needs.values())
            node = GraphNode.from_schema_node(
                name, waiting.pop(name), model_storage, execution_context, hooks
            )
            ordered.append((node, needs))
        return cls(ordered)

    def run(
        self, inputs: dict[str, Any] | None = None, targets: list[str] | None = None
    ) -> dict[str, Any]:
        """Return what every node gave, by its name; all nodes run, whatever the targets."""
        given = dict(inputs or {})
        for node, needs in self._nodes:
            name, output = node(*((need, given[need]) for need in needs))
            given[name] = output
        return given
