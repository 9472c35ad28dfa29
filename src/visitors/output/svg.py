"""Draw statistics as SVG: plain shapes and text, for a ticket.

Rich's export of a terminal depends on the machine's size and font, and is fifty times as large. All text is sanitised
and escaped: no foreign markup, scripts or URLs.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from visitors.output.statistics import Bar, Picture, Section, percent

_WIDTH = 760
_LEFT = 20
_LINE = 20
_LABEL = 250
"""Where the bars begin; labels take 7 units of width a character."""
_NUMBERS = 150
_HEIGHT = 160
"""The height of upright bars."""
_LETTER = 7
_NOT_XML = "[\ufffe\uffff]"


def svg(picture: Picture) -> Iterator[str]:
    """Yield the lines of the file."""
    body, height = _body(picture)
    yield (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{_WIDTH}" height="{height}" viewBox="0 0 {_WIDTH} {height}"'
        ' font-family="sans-serif" font-size="13" fill="#222">\n'
    )
    yield f"<title>{_escaped(picture.title)}</title>\n"
    yield f'<rect width="{_WIDTH}" height="{height}" fill="#fff"/>\n'
    yield from (f"{line}\n" for line in body)
    yield "</svg>\n"


def _body(picture: Picture) -> tuple[list[str], int]:
    y = 2 * _LINE
    lines = [_text(_LEFT, y, picture.title, size=17)]
    for fact in picture.facts:
        y += _LINE
        note = f"  {fact.note}" if fact.note else ""
        lines += [_text(_LEFT, y, fact.labels[0]), _text(_LABEL, y, f"{fact.count:,}  {percent(fact.share)}{note}")]
    days = [Section("New per day", picture.days, upright=True)] if picture.days else []
    for section in (*days, *picture.sections):
        if section.heading:
            y += 2 * _LINE
            lines.append(_text(_LEFT, y, section.heading, size=15))
        if section.upright:
            lines += _upright(section.bars, y + _LINE)
            y += _HEIGHT + 2 * _LINE
        else:
            for bar in section.bars:
                y += _LINE
                lines += _lying(bar, max(one.count for one in section.bars), y)
    return lines, y + _LINE


def _lying(bar: Bar, most: int, y: int) -> Iterator[str]:
    room = _WIDTH - _LEFT - _LABEL - _NUMBERS
    width = round(room * bar.count / most, 1) if most else 0
    yield _text(_LEFT, y, _cut(" · ".join(bar.labels)))
    yield f'<rect x="{_LABEL}" y="{y - 11}" width="{width}" height="13" fill="#2a7ab0"/>'
    yield _text(_LABEL + width + 6, y, f"{bar.count:,}  {percent(bar.share)}")


def _upright(bars: Sequence[Bar], top: int) -> Iterator[str]:
    """Draw all bars as one shape, with the first and last label below."""
    if not bars:
        return
    room, bottom = _WIDTH - 2 * _LEFT, top + _HEIGHT
    most = max(bar.count for bar in bars)
    step = room / len(bars)
    width = f"{max(step * 0.8, 0.1):.1f}"
    shape = "".join(
        f"M{_LEFT + number * step:.1f} {bottom}v-{_HEIGHT * bar.count / most:.1f}h{width}V{bottom}z"
        for number, bar in enumerate(bars)
        if bar.count
    )
    yield f'<path d="{shape}" fill="#2a7ab0"/>'
    yield f'<path d="M{_LEFT} {bottom}h{room}" stroke="#222"/>'
    yield _text(_LEFT, bottom + _LINE, bars[0].labels[0])
    yield _text(_WIDTH / 2, bottom + _LINE, f"at most {most:,}", anchor="middle")
    if len(bars) > 1:
        yield _text(_WIDTH - _LEFT, bottom + _LINE, bars[-1].labels[0], anchor="end")


def _cut(text: str) -> str:
    most = (_LABEL - _LEFT) // _LETTER
    return text if len(text) <= most else text[: most - 1] + "…"


def _text(x: float, y: float, text: str, *, size: int | None = None, anchor: str = "") -> str:
    more = (f' font-size="{size}"' if size else "") + (f' text-anchor="{anchor}"' if anchor else "")
    return f'<text x="{x:g}" y="{y:g}"{more}>{_escaped(text)}</text>'


def _escaped(text: str) -> str:
    """Escape visible `text` for XML."""
    text = re.sub(_NOT_XML, lambda found: f"\\u{ord(found[0]):04x}", text)
    for sign, entity in (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;"), ('"', "&quot;")):
        text = text.replace(sign, entity)
    return text
