"""The trained Rasa model behind the port of understanding."""

from __future__ import annotations

import tempfile
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from nlu import gates
from nlu.interpreter import DISPUTE, LEGAL_QUESTION, SERVICE_QUESTION, Heard, Ranked, Understanding
from nlu.model_store import ModelDamaged, ModelOutdated, ModelStore, NoModel
from nlu.phrases import phrases
from nlu.quiet import quiet_rasa
from nlu.readers.facts import Facts, read_facts
from nlu.reading import READING, Reading

__all__ = ["ModelDamaged", "NoModel", "RasaInterpreter", "load"]

RANKED = 5


class RasaInterpreter:
    """Reads messages through one run of Rasa's graph. Immutable, safe in several threads."""

    def __init__(self, version: str, runner: Any, target: str) -> None:
        self._version, self._runner, self._target = version, runner, target

    @property
    def model(self) -> str:
        """The version of the trained model."""
        return self._version

    def read(self, messages: Sequence[Heard]) -> list[Understanding]:
        """Return what each message means, in order."""
        return [
            self._understand(heard, reading, read_facts(heard.text, heard.now))
            for heard, reading in zip(messages, self.readings(messages), strict=True)
        ]

    def readings(self, messages: Sequence[Heard]) -> list[Reading]:
        """Return the probabilities of each message, in order."""
        if not messages:
            return []
        out = self._runner.run(inputs={"__message__": list(messages)}, targets=[self._target])
        return [message.data[READING] for message in out[self._target]]

    def _understand(self, heard: Heard, reading: Reading, facts: Facts) -> Understanding:
        labels = reading.weights.labels
        best = gates.intent_of(heard.text, reading)
        intent = labels.intents[best]
        order = np.argsort(-reading.types)[:RANKED].tolist()
        ranking = tuple(Ranked(labels.types[i], float(reading.types[i])) for i in order)
        has_type = intent in (DISPUTE, LEGAL_QUESTION)
        flags = gates.flags(heard.text, reading)
        doubtful = gates.doubtful(heard.text, reading, flags)
        may_hide = reading.is_unsure and gates.may_hide_danger(
            heard.text, reading, flags - doubtful
        )
        return Understanding(
            text=heard.text,
            intent=intent,
            intent_confidence=float(reading.intents[best]),
            dispute_type=ranking[0].dispute_type if has_type else None,
            confidence=ranking[0].confidence,
            ranking=ranking,
            flags=flags,
            doubtful=doubtful,
            facts=facts,
            model=self._version,
            is_sure=gates.is_sure(reading),
            is_ours=gates.is_ours(reading),
            topic=_topic(reading) if intent == SERVICE_QUESTION else None,
            reasons=phrases(heard.text, reading, order[0]) if has_type and not heard.asked else (),
            second_stage=reading.is_read_twice,
            is_unsure=reading.is_unsure,
            may_hide_danger=may_hide,
        )


def _topic(reading: Reading) -> str:
    return reading.weights.labels.topics[int(reading.topics.argmax())]


def load(models: Path) -> RasaInterpreter:
    """Load the current model of a folder.

    Raises NoModel, ModelOutdated or ModelDamaged; their messages name the fix. Rasa's own
    `Agent.load` is not used: for a wrong path it silently takes another file.
    """
    store = ModelStore(models)
    version = store.current()
    return load_version(store, version)


def load_version(store: ModelStore, version: str) -> RasaInterpreter:
    """Load one version of a folder; raises ModelOutdated or ModelDamaged."""
    archive = store.check(version)
    quiet_rasa()
    with warnings.catch_warnings(), tempfile.TemporaryDirectory() as folder:
        warnings.simplefilter("ignore")  # pkg_resources, which Rasa still uses, is deprecated
        from rasa.engine.exceptions import GraphComponentException  # noqa: PLC0415
        from rasa.engine.loader import load_predict_graph_runner  # noqa: PLC0415
        from rasa.engine.storage.local_model_storage import LocalModelStorage  # noqa: PLC0415

        from nlu.components.straight_runner import StraightRunner  # noqa: PLC0415

        try:
            metadata, runner = load_predict_graph_runner(
                Path(folder), archive, LocalModelStorage, StraightRunner
            )
        except GraphComponentException as fault:
            raise ModelOutdated(
                f"{archive}: the model is whole but was made by another version of this program; "
                "run `python -m bot train` for a new one"
            ) from fault
    return RasaInterpreter(version, runner, metadata.nlu_target or "")
