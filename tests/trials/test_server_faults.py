"""A network that loses, delays, cuts and garbles answers: a command does all that it should or nothing, says which, and
never ends in a traceback.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from proxy import FAULTS, Fault, Proxy
from sqld import Sqld
from trials.running import LONG
from trials.servers import needs_server, server
from visitors.store.remote import database, outcome

__all__ = ["server"]

Visitors = Callable[..., Any]

pytestmark = [pytest.mark.slow, needs_server]

FAULTS_TRIED = 600 if LONG else 40
"""How many faults happen at least."""

_WRITES = (
    ("create",),
    ("create", "--id", "{new}", "--city", "Leeds"),
    ("identify", "v", "--email", "{new}@example.com", "--relink"),
    ("block", "v", "--reason", "{new}"),
    ("update", "v", "--city", "{new}"),
    ("conversations", "start", "w", "--message", "{new}"),
    ("contacts", "create", "--email", "{new}@example.com"),
    ("undo",),
)
_READS = (("show", "w"), ("list", "--format", "json"), ("stats",), ("export", "--format", "ndjson"), ("history",))


@pytest.fixture
def proxy(server: Sqld, monkeypatch: pytest.MonkeyPatch) -> Iterator[Proxy]:
    """A proxy to the server; whoever waits for an answer gives up soon."""
    monkeypatch.setattr(database, "ANSWERS_WITHIN", 1.5)
    monkeypatch.setattr(outcome, "_LEAST", 2.0)
    monkeypatch.setenv("VISITORS_TIMEOUT", "1.5")
    monkeypatch.delenv("VISITORS_DEBUG")
    with Proxy(server.port) as made:
        yield made


def _fault(fault: Fault, at: int, *, lasts: bool) -> Callable[[int], Fault | None]:
    """That this happens to the request with the number `at`, or from then on."""
    return lambda request: fault if request == at or (lasts and request > at) else None


def test_each_fault_has_the_right_exit_code_and_leaves_nothing_half_done(
    visitors: Visitors, server: Sqld, proxy: Proxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    direct = server.create("trial")
    through = f"http://trial.localhost:{proxy.port}"
    monkeypatch.setenv("VISITORS_DB", direct)
    for name in ("v", "w"):
        visitors("create", "--id", name)
    luck = random.Random(1)  # noqa: S311 - what goes wrong where
    told: Counter[str] = Counter()

    def operations() -> int:
        return int(visitors("history", "--format", "count").stdout)

    number = 0
    while len(proxy.done) < FAULTS_TRIED:
        number += 1
        words = [one.format(new=f"n{number}") for one in luck.choice((*_WRITES, *_WRITES, *_READS))]
        at, lasts = luck.randrange(4), luck.random() < 0.05
        before = operations()
        expected = visitors(*words).stdout if (is_read := tuple(words) in _READS) else ""
        proxy.requests = 0

        proxy.fault = _fault(luck.choice(FAULTS), at, lasts=lasts)
        done = visitors(*words, "--db", through, code=None)
        proxy.fault = lambda _: None
        written = operations() - before
        said = f"{words} with {proxy.done[-1:]} at {at}{' for good' if lasts else ''}: {done}"
        assert "Traceback" not in done.stderr, said
        code = "done" if done.code == 0 else "unknown" if "outcome is unknown" in done.stderr else "failed"
        told[code] += 1
        assert done.code in (0, 6), said
        assert done.code == 0 or done.stderr.startswith(("error: ", '{"error":')), said
        if is_read:
            assert written == 0, said
            assert done.code == 6 or done.stdout == expected or words[0] in ("show", "stats"), said
        elif code == "unknown":
            operation = done.stderr.split("history --operation ")[1].split()[0]
            found = visitors("history", "--operation", operation, "--format", "count", code=None)
            assert (found.code == 0) == (written == 1), said
        else:
            assert written == (code == "done"), said
    monkeypatch.delenv("VISITORS_TIMEOUT")  # a transaction that lost its client keeps others waiting for some seconds
    visitors("db", "check")
    print(f"\n{len(proxy.done)} faults: {dict(Counter(proxy.done))}; {dict(told)}")  # noqa: T201 - of a long run
    assert told["failed"]
    assert told["done"]
