"""The invitation that a mediator hands over or reads out: one text for paper, page and phone."""

from __future__ import annotations

import segno

from bot.render import Renderer
from domain.calendar import LOCAL
from domain.invitation import shown
from domain.services.two_sides import Issued


def invitation_text(renderer: Renderer, issued: Issued, site: str = "") -> str:
    """Return the text with its code; `site` is the address of the web chat, where there is one."""
    contact = issued.contact
    return renderer.reply(
        "invitation",
        {
            "place": contact.county if contact else "",
            "code": shown(issued.code),
            "until": issued.invitation.expires_at.astimezone(LOCAL).date(),
            "mediator": contact.name if contact else "",
            "phone": contact.phone if contact else "",
            "address": address_of(issued, site) if site else "",
        },
    )


def address_of(issued: Issued, site: str) -> str:
    """Return where the web chat at `site` takes the code of an invitation."""
    return f"{site.rstrip('/')}/i/{issued.code}"


def picture_of(address: str) -> str:
    """Return the QR code of an address as the data URI of an SVG."""
    return segno.make_qr(address, error="m").svg_data_uri(scale=4)
