"""Bar charts on a terminal, by Rich: scaled to its width, and safe whatever the data contain."""

from __future__ import annotations

from collections.abc import Sequence

from rich.cells import cell_len
from rich.console import Console
from rich.table import Table
from rich.text import Text

from visitors.output.sanitise import visible
from visitors.output.statistics import Bar, Picture, Section, percent

_EIGHTHS = " ▏▎▍▌▋▊▉█"
_HEIGHTS = "▁▂▃▄▅▆▇█"
_GAP = 2
_NARROWEST_BAR = 4
_WIDEST_BAR = 100
_PANEL = 24
"""The minimum width of a panel; there are at most three side by side."""
_PANELS = 3


def write_picture(target: Console, picture: Picture, headings: Sequence[str] = ()) -> None:
    """Write the picture; `headings` are those of its bars' labels, if these have columns of their own."""
    target.print(Text(picture.title, style="bold"))
    if picture.facts:
        _write_facts(target, picture)
        _write_panels(target, picture.sections)
    else:
        for section in picture.sections:
            _write_bars(target, section.bars, headings)


def _write_facts(target: Console, picture: Picture) -> None:
    grid = Table.grid(padding=(0, _GAP, 0, 0))
    grid.add_column(no_wrap=True)
    grid.add_column(justify="right", no_wrap=True)
    grid.add_column(justify="right", no_wrap=True)
    grid.add_column(no_wrap=True, overflow="ellipsis", ratio=1)
    for fact in picture.facts:
        beside = Text(fact.note) if fact.note else _bar(fact.share, 20)
        grid.add_row(Text(fact.labels[0]), Text(f"{fact.count:,}"), Text(percent(fact.share), style="dim"), beside)
    target.print(grid)
    if picture.days:
        most = max(day.count for day in picture.days)
        each = max(1, min(6, (target.width - 30) // len(picture.days)))
        line = Text("new per day       ")
        line.append("".join(_height(day.count, most) * each for day in picture.days), style="cyan")
        line.append(f"  at most {most:,}", style="dim")
        target.print(line, no_wrap=True, overflow="ellipsis")


def _write_panels(target: Console, sections: Sequence[Section]) -> None:
    beside = max(1, min(_PANELS, (target.width + _GAP) // (_PANEL + _GAP)))
    width = (target.width - _GAP * (beside - 1)) // beside
    for start in range(0, len(sections), beside):
        row = sections[start : start + beside]
        grid = Table.grid(padding=(0, _GAP, 0, 0), pad_edge=False)
        for _ in row:
            grid.add_column(width=width, no_wrap=True)
        grid.add_row(*(Text(section.heading, style="bold") for section in row))
        grid.add_row(*(_panel(section, width) for section in row))
        target.print()
        target.print(grid)


def _panel(section: Section, width: int) -> Table:
    """Make the panel of a section; the bars of sections with the same width are aligned."""
    is_wide = width >= 2 * _PANEL
    of_label, of_number = (width // 3, 15) if is_wide else (width // 2, 6)
    panel = Table.grid(padding=(0, 1, 0, 0), pad_edge=False)
    panel.add_column(width=of_label, no_wrap=True, overflow="ellipsis")
    panel.add_column(width=of_number, no_wrap=True, justify="right")
    room = max(_NARROWEST_BAR, width - of_label - of_number - 2)
    panel.add_column(width=room, no_wrap=True)
    most = max(bar.count for bar in section.bars)
    for bar in section.bars:
        number = f"{bar.count:,}  {percent(bar.share):>6}" if is_wide else percent(bar.share)
        panel.add_row(Text(bar.labels[0]), Text(number, style="dim"), _bar(bar.count / most, room))
    return panel


def _write_bars(target: Console, bars: Sequence[Bar], headings: Sequence[str]) -> None:
    """Write a table of the labels, the numbers and, in the remaining width, the bars."""
    if not bars:
        return
    counts = [f"{bar.count:,}" for bar in bars]
    columns = [(visible(heading), [bar.labels[number] for bar in bars]) for number, heading in enumerate(headings)]
    numbers = [("COUNT", counts), ("SHARE", [percent(bar.share) for bar in bars])]
    if any(bar.note for bar in bars):
        numbers.append(("CHANGE", [bar.note for bar in bars]))
    of_numbers = [max(map(cell_len, [heading, *texts])) for heading, texts in numbers]
    rest = target.width - sum(of_numbers) - _GAP * (len(columns) + len(numbers))
    most = max(_NARROWEST_BAR, (rest - _NARROWEST_BAR) // len(columns))
    of_labels = [min(most, max(map(cell_len, [heading, *texts]))) for heading, texts in columns]
    room = max(_NARROWEST_BAR, min(_WIDEST_BAR, rest - sum(of_labels)))
    table = Table(box=None, pad_edge=False, padding=(0, _GAP, 0, 0), header_style="bold", show_edge=False)
    for (heading, _), width in zip(columns, of_labels, strict=True):
        table.add_column(Text(heading), width=width, no_wrap=True, overflow="ellipsis")
    for (heading, _), width in zip(numbers, of_numbers, strict=True):
        table.add_column(Text(heading), width=width, no_wrap=True, justify="right")
    table.add_column(width=room, no_wrap=True)
    largest = max(bar.count for bar in bars)
    for number, bar in enumerate(bars):
        texts = [Text(column[number]) for _, column in [*columns, *numbers]]
        table.add_row(*texts, _bar(bar.count / largest if largest else 0, room))
    target.print(table)


def _bar(part: float, width: int) -> Text:
    """Make a bar for `part` of `width`, to an eighth of a character; any value above zero is visible."""
    eighths = round(part * width * 8) or (part > 0)
    return Text("█" * (eighths // 8) + _EIGHTHS[eighths % 8].strip(), style="cyan")


def _height(count: int, most: int) -> str:
    return _HEIGHTS[(count * len(_HEIGHTS) - 1) // most] if count else "·"
