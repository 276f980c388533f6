"""Charts as SVG, drawn by ourselves: curves, bars of a reliability picture, a map of counts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from markupsafe import Markup

from nlu.measures import Bin, Point

WIDTH, HEIGHT = 460, 300
LEFT, BOTTOM, TOP, RIGHT = 52, 44, 18, 24
CELL, NAMES = 20, 96
Curve = tuple[str, Sequence[Point]]


def curves(title: str, across: str, up: str, drawn: Sequence[Curve], floor: float = 0.0) -> Markup:
    """Draw curves of shares from 0 to 1; the axis that goes up begins at `floor`."""
    parts = [_axes(across, up, floor)]
    for number, (_, points) in enumerate(drawn):
        path = " ".join(f"{_x(p.x)},{_y(p.y, floor)}" for p in points if p.y >= floor)
        parts.append(Markup('<polyline class="c{}" points="{}"/>').format(number, path))
    for number, (name, _) in enumerate(drawn):
        at = HEIGHT - BOTTOM - 12 - 16 * (len(drawn) - 1 - number)
        line = Markup('<line class="c{0}" x1="{1}" x2="{2}" y1="{3}" y2="{3}"/>').format(
            number, LEFT + 12, LEFT + 34, at - 4
        )
        parts.append(line + _text(LEFT + 40, at, name))
    return _svg(title, WIDTH, HEIGHT, parts)


def reliability(title: str, bins: Sequence[Bin]) -> Markup:
    """Draw for each bin how often it hit, against the line on which confidence is honest."""
    parts = [_axes("confidence", "share that was right", 0.0)]
    bar = Markup('<rect class="bar" x="{}" y="{}" width="20" height="{}"/>')
    for each in bins:
        top = _y(each.accuracy, 0.0)
        parts.append(bar.format(_x(each.confidence) - 10, top, round(_y(0.0, 0.0) - top, 1)))
        parts.append(_text(_x(each.confidence), top - 4, str(each.count), "middle"))
    parts.append(
        Markup('<line class="honest" x1="{}" y1="{}" x2="{}" y2="{}"/>').format(
            _x(0), _y(0, 0), _x(1), _y(1, 0)
        )
    )
    return _svg(title, WIDTH, HEIGHT, parts)


def confusion(
    title: str, counts: Mapping[tuple[str, str], int], names: Mapping[str, str]
) -> Markup:
    """Draw how often each true label (down) got each answer (across); `names` orders both."""
    answers = [*names, *sorted({answer for _, answer in counts} - set(names))]
    parts = []
    for row, label in enumerate(names):
        at = NAMES + row * CELL
        parts.append(_text(NAMES - 6, at + 14, names[label], "end"))
        total = sum(count for (true, _), count in counts.items() if true == label)
        cells = [(column, counts.get((label, answer), 0)) for column, answer in enumerate(answers)]
        parts += [
            _cell(NAMES + column * CELL, at, count, total, answers[column] == label)
            for column, count in cells
            if count
        ]
    turned = Markup('<text transform="translate({},{}) rotate(-60)">{}</text>')
    for column, answer in enumerate(answers):
        place = NAMES + column * CELL + 14
        parts.append(turned.format(place, NAMES - 6, names.get(answer, "no matter")))
    return _svg(title, NAMES + len(answers) * CELL + 60, NAMES + len(names) * CELL + 8, parts)


def _cell(x: int, y: int, count: int, total: int, is_right: bool) -> Markup:
    shade = round(0.15 + 0.85 * count / total, 2)
    drawn = Markup('<rect class="{}" fill-opacity="{}" x="{}" y="{}" width="{}" height="{}"/>')
    tone = "on-dark" if shade > 0.6 else ""
    number = Markup('<text class="{}" x="{}" y="{}" text-anchor="middle">{}</text>')
    return drawn.format(
        "right" if is_right else "wrong", shade, x, y, CELL - 1, CELL - 1
    ) + number.format(tone, x + CELL // 2, y + 14, count)


def _axes(across: str, up: str, floor: float) -> Markup:
    grid = Markup('<line class="grid" x1="{}" y1="{}" x2="{}" y2="{}"/>')
    parts = []
    for step in range(6):
        part = step / 5
        value = floor + (1 - floor) * part
        x, y = _x(part), _y(value, floor)
        parts += [
            grid.format(x, TOP, x, HEIGHT - BOTTOM),
            grid.format(LEFT, y, WIDTH - RIGHT, y),
            _text(x, HEIGHT - BOTTOM + 16, f"{part:.0%}", "middle"),
            _text(LEFT - 6, y + 4, f"{value:.0%}", "end"),
        ]
    parts.append(_text((LEFT + WIDTH - RIGHT) // 2, HEIGHT - 8, across, "middle"))
    middle = (TOP + HEIGHT - BOTTOM) // 2
    turned = Markup('<text text-anchor="middle" transform="translate(12,{}) rotate(-90)">{}</text>')
    return Markup("").join([*parts, turned.format(middle, up)])


def _x(share: float) -> float:
    return round(LEFT + share * (WIDTH - LEFT - RIGHT), 1)


def _y(share: float, floor: float) -> float:
    part = (share - floor) / (1 - floor)
    return round(HEIGHT - BOTTOM - part * (HEIGHT - BOTTOM - TOP), 1)


def _text(x: float, y: float, told: str, anchor: str = "start") -> Markup:
    return Markup('<text x="{}" y="{}" text-anchor="{}">{}</text>').format(x, y, anchor, told)


def _svg(title: str, width: int, height: int, parts: Sequence[Markup]) -> Markup:
    opened = Markup(
        '<svg viewBox="0 0 {0} {1}" width="{0}" height="{1}" role="img" aria-label="{2}">'
    ).format(width, height, title)
    return opened + Markup("").join(parts) + Markup("</svg>")
