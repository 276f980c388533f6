"""HTML pages: Jinja2 with autoescape; what people wrote is only ever text."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.responses import HTMLResponse

from bot.render import day, when
from nlu.readers.contacts import mask

TEMPLATES = Path(__file__).parent / "templates"


class Pages:
    """Renders page templates. A missing value is an error, never a hole."""

    def __init__(self) -> None:
        self._environment = Environment(
            loader=FileSystemLoader(TEMPLATES),
            undefined=StrictUndefined,
            autoescape=True,
            trim_blocks=True,
            lstrip_blocks=True,
            auto_reload=False,
        )
        self._environment.filters |= {"when": when, "day": day, "masked": mask}

    def page(self, template: str, status: int = 200, **data: Any) -> HTMLResponse:
        """Return `template` (its path without .html.j2) as a response."""
        words = self._environment.get_template(f"{template}.html.j2").render(data)
        return HTMLResponse(words, status)
