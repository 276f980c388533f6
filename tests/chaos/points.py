"""Crash points, found and not listed: every place where the product waits or makes something last.

The modules between an update and its delivery are rewritten while they are imported. Before and
after every `await`, inside every `async with` and `async for`, and around every `.commit(...)`,
`.execute(...)` and `.submit(...)` they tell `PASSING` a name, `module:function:number:before`.
Nothing in the product knows of it, and a line that is added tomorrow brings its points along.
"""

from __future__ import annotations

import ast
import os
import signal
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
from pathlib import Path
from types import CodeType, ModuleType
from typing import Any

ROOM = Path(__file__).parents[2]
FILES = (
    "bot/lanes.py",
    "bot/second_reading.py",
    "bot/together.py",
    "bot/turns.py",
    "bot/delivery.py",
    "bot/ticks.py",
    "bot/dead_letters.py",
)
FOLDERS = ("bot/channels", "storage")
LASTING = {"commit", "execute", "submit"}  # calls of a method with such a name: it is to last
TOLD = "__chaos__"


class Passing:
    """Counts every point that is passed, and ends the process at one of them."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        self._point, self._passage = "", 0

    def kill_at(self, point: str, passage: int) -> None:
        """Die (SIGKILL: nothing is tidied up) when the point is passed for that time."""
        self._point, self._passage = point, passage

    def passes(self, point: str) -> None:
        self.counts[point] += 1
        if point == self._point and self.counts[point] == self._passage:
            os.kill(os.getpid(), signal.SIGKILL)

    def tell(self, point: str, value: Any = None) -> Any:
        """Pass a point on the way of a value."""
        self.passes(point)
        return value

    def around(self, point: str, call: Callable[..., Any]) -> Callable[..., Any]:
        """Return the call with a point before and one after it."""

        def called(*args: Any, **named: Any) -> Any:
            self.passes(f"{point}:before")
            result = call(*args, **named)
            self.passes(f"{point}:after")
            return result

        return called


PASSING = Passing()


class Marking(ast.NodeTransformer):
    """Puts points into one module, and remembers their names."""

    def __init__(self, module: str) -> None:
        self.points: list[str] = []
        self._module = module
        self._functions = ["module"]
        self._numbers: Counter[str] = Counter()

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        return self._inside(node)

    def visit_AsyncFunctionDef(self, node: ast.AsyncFunctionDef) -> ast.AST:
        return self._inside(node)

    def _inside(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> ast.AST:
        self._functions.append(node.name)
        self.generic_visit(node)
        self._functions.pop()
        return node

    def visit_Await(self, node: ast.Await) -> ast.AST:
        self.generic_visit(node)
        point = self._named("before", "after")
        node.value = _told("tell", f"{point}:before", node.value)
        return ast.copy_location(_told("tell", f"{point}:after", node), node)

    def visit_AsyncWith(self, node: ast.AsyncWith) -> ast.AST:
        return self._begun(node)

    def visit_AsyncFor(self, node: ast.AsyncFor) -> ast.AST:
        return self._begun(node)

    def _begun(self, node: ast.AsyncWith | ast.AsyncFor) -> ast.AST:
        self.generic_visit(node)
        told = _told("tell", f"{self._named('inside')}:inside")
        node.body.insert(0, ast.copy_location(ast.Expr(told), node.body[0]))
        return node

    def visit_Call(self, node: ast.Call) -> ast.AST:
        self.generic_visit(node)
        if isinstance(node.func, ast.Attribute) and node.func.attr in LASTING:
            node.func = _told("around", self._named("before", "after"), node.func)
        return node

    def _named(self, *sides: str) -> str:
        function = self._functions[-1]
        self._numbers[function] += 1
        point = f"{self._module}:{function}:{self._numbers[function]}"
        self.points += [f"{point}:{side}" for side in sides]
        return point


def _told(how: str, point: str, *value: ast.expr) -> ast.expr:
    told = ast.Attribute(ast.Name(TOLD, ast.Load()), how, ast.Load())
    return ast.Call(told, [ast.Constant(point), *value], [])


def marked(source: bytes | str, module: str) -> tuple[ast.Module, list[str]]:
    """Return a module with its points, and their names."""
    marking = Marking(module)
    tree = ast.fix_missing_locations(marking.visit(ast.parse(source)))
    return tree, marking.points


def modules() -> Iterator[tuple[str, Path]]:
    """Yield name and file of every module that gets points."""
    inside = [path for folder in FOLDERS for path in sorted((ROOM / folder).rglob("*.py"))]
    for path in [*(ROOM / file for file in FILES), *inside]:
        parts = path.relative_to(ROOM).with_suffix("").parts
        if "migrations" not in parts and path.stem != "__init__":
            yield ".".join(parts), path


def all_points() -> list[str]:
    """Return the names of all points that there are."""
    return [point for module, path in modules() for point in marked(path.read_bytes(), module)[1]]


class MarkingLoader(SourceFileLoader):
    """Loads a module with its points; never from, or into, the cache of byte code."""

    def path_stats(self, path: str) -> Any:
        raise OSError(path)

    def source_to_code(self, data: Any, path: Any, *, _optimize: int = -1) -> CodeType:
        return compile(marked(data, self.name)[0], path, "exec", dont_inherit=True)

    def exec_module(self, module: ModuleType) -> None:
        module.__dict__[TOLD] = PASSING
        super().exec_module(module)


class Finder(MetaPathFinder):
    """Finds the modules that get points before anybody else does."""

    def __init__(self) -> None:
        self._wanted = {name for name, _ in modules()}

    def find_spec(
        self, name: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if name not in self._wanted:
            return None
        spec = PathFinder.find_spec(name, path, target)
        if spec is not None and spec.origin is not None:
            spec.loader = MarkingLoader(name, spec.origin)
        return spec


def install() -> None:
    """Put points into whatever is imported from now on."""
    early = sorted(name for name, _ in modules() if name in sys.modules)
    assert not early, f"imported before the points were put in: {early}"
    sys.meta_path.insert(0, Finder())
