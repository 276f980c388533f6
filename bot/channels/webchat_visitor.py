"""Who comes: the browser's cookies, the token of its forms, how large it reads."""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response

COOKIE = "hejie_chat"
LARGE = "hejie_large"  # set where large letters are wanted; scripts may change it
LEFT = "hejie_left"  # set by the page's script on leaving, so that leaving works without a line
COOKIE_DAYS = 180
_TOKEN = re.compile(r"[A-Za-z0-9_-]{22}")


@dataclass(frozen=True, slots=True)
class Visitor:
    """A browser. The token is known to it alone: what is kept is its hash, `sender`."""

    token: str
    is_known: bool

    @property
    def sender(self) -> str:
        """The name under which the conversation is kept."""
        return hashlib.sha256(self.token.encode()).hexdigest()[:32]

    @property
    def form_token(self) -> str:
        """What a form sent by this browser's own page carries."""
        if not self.is_known:
            return ""
        return hmac.new(self.token.encode(), b"form", hashlib.sha256).hexdigest()


def visitor_of(request: Request, cookie: str = COOKIE) -> Visitor:
    """Return who sent the request; whoever has left is a new visitor."""
    token = request.cookies.get(cookie, "")
    if _TOKEN.fullmatch(token) and (cookie != COOKIE or LEFT not in request.cookies):
        return Visitor(token, True)
    return Visitor(secrets.token_urlsafe(16), False)


def remember(request: Request, response: Response, visitor: Visitor) -> Response:
    """Let the browser keep its token, if it has none yet."""
    if not visitor.is_known:
        set_cookie(request, response, COOKIE, visitor.token)
        if LEFT in request.cookies:
            response.delete_cookie(LEFT)
    return response


def forget(response: Response) -> None:
    """Let the browser forget its talk."""
    response.delete_cookie(COOKIE, httponly=True, samesite="lax")
    response.delete_cookie(LEFT, samesite="lax")


def reads_large(request: Request) -> bool:
    """Whether this browser wants large letters."""
    return request.cookies.get(LARGE) == "1"


def set_cookie(
    request: Request,
    response: Response,
    name: str,
    value: str,
    *,
    seconds: int = COOKIE_DAYS * 86_400,
    path: str = "/",
    httponly: bool = True,
) -> None:
    """Set a cookie that no other site's page can use; over HTTPS it stays on HTTPS."""
    response.set_cookie(
        name,
        value,
        max_age=seconds,
        path=path,
        secure=request.url.scheme == "https",
        httponly=httponly,
        samesite="lax",
    )
