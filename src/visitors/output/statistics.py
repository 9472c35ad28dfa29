"""Labels for the rows of `stats`, shared by the terminal and SVG pictures."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from visitors.domain.statistics import RECENT_DAYS, ConversationFigure, Figure, Group, Pair, Period
from visitors.output import cells
from visitors.output.machine import as_text
from visitors.output.sanitise import visible
from visitors.output.shape import Shape

GROUPS = Shape(fields=tuple(cells.field_names(Group)), columns=(), id_field="value")
PAIRS = Shape(fields=tuple(cells.field_names(Pair)), columns=(), id_field="value")
PERIODS = Shape(fields=tuple(cells.field_names(Period)), columns=(), id_field="value")
OVERVIEW = Shape(fields=tuple(cells.field_names(Figure)), columns=(), id_field="name")
CONVERSATION_OVERVIEW = Shape(fields=tuple(cells.field_names(ConversationFigure)), columns=(), id_field="name")

NONE = "(none)"
LONGEST = 40
"""The maximum number of characters of a value in a picture, whatever its width."""

PANELS = {
    "language": "Languages",
    "timezone": "Time zones",
    "countryCode": "Countries",
    "browser": "Browsers",
    "os": "Systems",
    "deviceType": "Devices",
}
"""Figures in separate panels of an overview."""

_FACTS = {
    ("seen", "1d"): "seen in 24 hours",
    ("seen", "7d"): "seen in 7 days",
    ("seen", "30d"): "seen in 30 days",
    ("new", f"{RECENT_DAYS}d"): f"new in {RECENT_DAYS} days",
    ("firstReply", "median"): "first reply, median",
    ("firstReply", "p90"): "first reply, 9 of 10",
}


class Bar(msgspec.Struct, frozen=True):
    """One bar with its sanitised labels. `note` is empty or has details."""

    labels: tuple[str, ...]
    count: int
    share: float
    note: str = ""


class Section(msgspec.Struct, frozen=True):
    """Some bars under a heading; those of periods are `upright` if there is room."""

    heading: str
    bars: Sequence[Bar]
    upright: bool = False


class Picture(msgspec.Struct, frozen=True):
    """A picture of statistics: single figures, the last days, and the bars."""

    title: str
    facts: Sequence[Bar] = ()
    days: Sequence[Bar] = ()
    sections: Sequence[Section] = ()


def of_groups(title: str, headings: Sequence[str], groups: Sequence[Group | Pair]) -> Picture:
    """Draw groups by fields."""
    bars = [
        Bar(
            tuple(label(getattr(group, name)) for name in ("value", "value2")[: len(headings)]),
            group.count,
            group.share,
        )
        for group in groups
    ]
    return Picture(visible(title), sections=[Section(visible(", ".join(headings)), bars)])


def of_periods(title: str, periods: Sequence[Period], under_way: str) -> Picture:
    """Draw periods; the one `under_way` is marked."""
    bars = [
        Bar((period.value,), period.count, period.share, _growth(period, so_far=period.value == under_way))
        for period in periods
    ]
    return Picture(visible(title), sections=[Section("", bars, upright=True)])


def of_figures(title: str, figures: Sequence[Figure | ConversationFigure]) -> Picture:
    """Draw an overview."""
    facts, days, panels = [], [], {heading: list[Bar]() for heading in PANELS.values()}
    for figure in figures[1:]:
        if figure.name in PANELS:
            panels[PANELS[figure.name]].append(Bar((label(figure.value),), figure.count, figure.share))
        elif figure.name == "createdAt":
            days.append(Bar((str(figure.value),), figure.count, figure.share))
        else:
            name = _FACTS.get((figure.name, str(figure.value)), figure.name)
            facts.append(Bar((name,), figure.count, figure.share, _note(figure)))
    sections = [Section(heading, bars) for heading, bars in panels.items() if bars]
    return Picture(visible(title), facts, days, sections)


def label(value: object) -> str:
    """Format a value on one line, sanitised and shortened."""
    text = NONE if value is None else visible(as_text(value)) or '""'
    return text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"


def _note(figure: Figure | ConversationFigure) -> str:
    if isinstance(figure, ConversationFigure) and figure.name == "firstReply":
        return "" if figure.seconds is None else duration(figure.seconds)
    if figure.previous is None:
        return ""
    growth = f"{figure.change:+.0%}, " if figure.change is not None else ""
    return f"{growth}{figure.previous:,} in the {RECENT_DAYS} days before"


def _growth(period: Period, *, so_far: bool) -> str:
    growth = "" if period.change is None else f"{period.change:+.0%}"
    return f"{growth} so far".strip() if so_far else growth


def percent(share: float) -> str:
    """Format a share for a person."""
    return f"{share:.1%}"


def duration(seconds: float) -> str:
    """Format a duration for a person: `45s`, `12m`, `3h 20m`, `2d 4h`."""
    whole = round(seconds)
    for size, unit, smaller, less in ((86_400, "d", 3_600, "h"), (3_600, "h", 60, "m"), (60, "m", 1, "s")):
        if whole >= size:
            rest = whole % size // smaller
            return f"{whole // size}{unit}" + (f" {rest}{less}" if rest else "")
    return f"{whole}s"
