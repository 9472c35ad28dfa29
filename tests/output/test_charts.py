"""Bar charts on terminals of any width."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from visitors.output.charts import write_picture
from visitors.output.statistics import Bar, Picture

DAYS = 30


@pytest.mark.parametrize(("width", "each"), [(20, 1), (80, 1), (120, 3), (200, 5), (210, 6), (400, 6)])
def test_a_day_of_the_overview_is_one_to_six_columns_wide(width: int, each: int) -> None:
    days = [Bar((f"2026-03-{day + 1:02}",), day + 1, 0.0) for day in range(DAYS)]
    text = io.StringIO()
    target = Console(file=text, width=width, color_system=None, force_terminal=True)
    write_picture(target, Picture("x", facts=[Bar(("visitors",), 465, 1.0)], days=days))
    line = next(line for line in text.getvalue().splitlines() if line.startswith("new per day"))
    bars = [sign for sign in line if sign in "▁▂▃▄▅▆▇█"]
    assert len(line) <= width
    if width >= 80:
        assert len(bars) == DAYS * each
        assert line.endswith("at most 30")
