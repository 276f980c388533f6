"""What must hold of every answer, whatever was sent."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

from bot.guards import SENTENCES
from tests.hostile.payloads import MARK, PRODUCT
from tests.hostile.wire import Answer, Attempt

STATUSES = frozenset(
    {200, 204, 206, 303, 304, 307, 400, 403, 404, 405, 408, 409, 410, 413, 414, 415, 416, 429, 431}
    | {503}
)
TYPES = (
    *("text/html; charset=utf-8", "application/json", "text/plain", "application/xml"),
    *("text/event-stream", "text/css", "text/javascript", "image/", "application/octet-stream"),
    *("application/pdf", "audio/", "application/manifest+json"),
)
NEEDED = ("x-content-type-options", "content-security-policy", "referrer-policy")
CHECKOUT = Path(__file__).resolve().parents[2]
ROOTS = "|".join(re.escape(f"{root}/") for root in (Path.home(), CHECKOUT) if root.name)
INSIDE = re.compile(
    rb"Traceback|File \"|site-packages|\.py\b|/home/|"
    + ROOTS.encode()
    + rb"|/tmp/(?!"
    + MARK.encode()
    + rb")|sqlite3?\.|sqlalchemy|psycopg|starlette"
    rb"|uvicorn|jinja2|pydantic|telegram\.|[A-Z][a-z]+(?:Error|Exception)\b|NoneType|<bound method"
)
OWN_WORDS = {400: "broken", 403: "forged", 413: "large"}  # to WeChat's server, which reads none
BEFORE_US = (b"Invalid HTTP request received.", b"Request head too large.")  # to what is no HTTP


class Marked(HTMLParser):
    """Finds what a browser would run, or would take for a part of the page, of what was sent."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if MARK in tag or (tag == "script" and not dict(attrs).get("src", "").startswith("/")):
            self.found.append(f"<{tag}>")
        for name, value in attrs:
            is_code = (value or "").strip().lower().startswith(("javascript:", "data:text/html"))
            if name.startswith("on") or MARK in name or (name in {"href", "src"} and is_code):
                self.found.append(f"<{tag} {name}>")


def faults(attempt: Attempt, answer: Answer) -> Iterator[str]:
    """Yield what is wrong with an answer."""
    if answer.status == 0:
        if attempt.is_http:
            yield "hung up on without an answer"
        return
    if answer.status not in STATUSES:
        yield f"status {answer.status} is not documented"
    if answer.body in BEFORE_US and answer.status == 400:
        return
    yield from _of_headers(attempt, answer)
    yield from _of_body(attempt, answer)


def _of_headers(attempt: Attempt, answer: Answer) -> Iterator[str]:
    given = answer.fields
    for name in NEEDED:
        if name not in given:
            yield f"has no {name}"
    is_static = attempt.target.startswith(b"/static/")
    if given.get("cache-control") != "no-store" and not is_static:
        yield "may be kept by a cache"
    if answer.status in {429, 503} and not given.get("retry-after", "").isdecimal():
        yield "does not say when to come again"
    kind = given.get("content-type", "")
    if answer.body and not kind.startswith(TYPES):
        yield f"is of type {kind!r}"
    if any(MARK in name for name in given) or "\r" in "".join(given.values()):
        yield "has a header that was sent in"
    if {"server", "x-powered-by"} & given.keys():
        yield "tells what serves it"


def _of_body(attempt: Attempt, answer: Answer) -> Iterator[str]:
    if attempt.target.startswith(b"/static/") and answer.status == 200:
        return
    if found := INSIDE.search(answer.body):
        yield f"tells of our inside: {found[0]!r}"
    if PRODUCT.encode() in answer.body:
        yield "has run a template"
    kind = answer.fields.get("content-type", "")
    text = answer.body.decode("utf-8", "replace")
    if kind.startswith("text/html"):
        page = Marked()
        page.feed(text)
        if page.found:
            yield f"holds what was sent as its own: {page.found}"
    if answer.status >= 400 and answer.body:
        yield from _of_refusal(answer.status, kind, text)


def _of_refusal(status: int, kind: str, text: str) -> Iterator[str]:
    """A refusal is one sentence that says what to do."""
    if kind.startswith("application/json"):
        told = json.loads(text)
        is_ready_or_not = set(told) == {"status", "database", "model", "ticks"}
        if told.get("error") not in SENTENCES.values() and not is_ready_or_not:
            yield f"refuses with {text[:80]!r}"
    elif kind.startswith("text/html"):
        if not re.search(r'role="(?:alert|status)"[^>]*>[^<]*[。？！]', text):
            yield f"refuses without a sentence: {text[:80]!r}"
    elif text not in OWN_WORDS.values() and text != "stale":
        yield f"refuses with {text[:80]!r}"
