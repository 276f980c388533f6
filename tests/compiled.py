"""Templates compiled once for many applications; imports nothing of ours, so anybody may."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from jinja2 import Environment


def compiling_once() -> Callable[..., Any]:
    """Return how template files are compiled, each at most once however many ask for it."""
    compile_ = Environment.compile
    compiled: dict[Any, Any] = {}

    def compile_once(self: Environment, source: Any, name: Any = None, filename: Any = None) -> Any:
        if filename is None:
            return compile_(self, source, name)
        key = (self.autoescape, filename, source)
        if key not in compiled:
            compiled[key] = compile_(self, source, name, filename)
        return compiled[key]

    return compile_once
