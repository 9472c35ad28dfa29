"""External sorting, in anonymous temporary files."""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from itertools import islice
from tempfile import TemporaryFile

_IN_MEMORY = 100_000
"""How many pairs are sorted in memory."""


def sorted_pairs(pairs: Iterable[tuple[str, str]]) -> Iterator[tuple[str, str]]:
    """Sort pairs of strings without tabs and line feeds."""
    remaining = iter(pairs)
    with ExitStack() as stack:
        runs: list[Iterator[tuple[str, str]]] = []
        while some := sorted(islice(remaining, _IN_MEMORY)):
            if len(some) < _IN_MEMORY:  # the last
                runs.append(iter(some))
                break
            file = stack.enter_context(TemporaryFile("w+", encoding="utf-8", newline="\n"))
            file.writelines(f"{one}\t{other}\n" for one, other in some)
            file.seek(0)
            runs.append(_pair(line) for line in file)
        yield from heapq.merge(*runs)


def _pair(line: str) -> tuple[str, str]:
    one, _, other = line.removesuffix("\n").partition("\t")
    return one, other
