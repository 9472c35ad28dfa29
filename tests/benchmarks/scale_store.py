"""Find and change visitors in a large store, compared with a small one."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import made_up
from processes import Failed, Run, median, peak
from scale_bench import SMALL, Bench, Row, compared, say

PAGE = 50
FAR_PAGE = 10_000
BULK = 100_000
DELETED = 20
SHORT = 3
"""The number of rounds of a short command for one of a long one."""

SORTS = (
    "id", "language", "timezone", "browser", "os", "deviceType", "countryCode", "createdAt", "updatedAt", "lastSeenAt",
)  # fmt: skip
ORDERS = [("--sort", field, *reverse) for field in SORTS for reverse in ((), ("--reverse",))]
# Time ranges that match few, half and most.
RANGES: tuple[tuple[str, ...], ...] = (
    *(("--created-since", day) for day in ("2025-12-30", "2025-07-01", "2025-01-02")),
    *(("--created-until", day) for day in ("2025-01-03", "2025-07-01", "2025-12-31")),
    *(("--seen-since", day) for day in ("2026-02-20", "2025-11-01", "2025-01-02")),
    *(("--seen-until", day) for day in ("2025-01-10", "2025-07-01", "2026-02-01")),
    ("--never-seen",),
)
# Values that are rare, uncommon and common. All of them are in a small store too.
FILTERS: tuple[tuple[str, ...], ...] = (
    ("--identified",),
    ("--anonymous",),
    ("--blocked",),
    ("--not-blocked",),
    *(("--language", tag) for tag in (made_up.ONE.language, made_up.RARE.language, "de", "en")),
    *(
        ("--timezone", zone)
        for zone in (made_up.ONE.timezone, made_up.RARE.timezone, "Europe/Berlin", "America/New_York")
    ),
    *(("--country-code", code) for code in (made_up.ONE.country_code, made_up.RARE.country_code, "DE", "US")),
    *(("--device-type", kind) for kind in ("unknown", "tablet", "desktop")),
    *(("--browser", name) for name in (made_up.ONE.browser, made_up.RARE.browser, "Firefox", "Chrome")),
    *(("--os", name) for name in (made_up.ONE.os, made_up.RARE.os, "macOS", "Windows")),
    *(("--ip", address) for address in (made_up.ONE_IP, "192.0.2.10", made_up.COMMON_IP)),
    # networks that end at an octet and within one, with few and many matches; IPv6 after zeros, and without matches
    *(("--ip", network) for network in ("192.0.2.0/24", "192.0.2.8/30", "203.0.113.0/25", "0.0.0.0/1")),
    *(("--ip", network) for network in ("2001:db8:ffff::/48", "2001:db8::/48", "2001:db8:0:8000::/49")),
    *(("--fingerprint", value) for value in (made_up.FIRST_FINGERPRINT, "nobody-has-this")),
    *(("--email-domain", domain) for domain in ("island.test", "nowhere.test", "shop.test", "example.com")),
    *(("--blocked-since", day) for day in ("2025-12-30", "2025-07-01", "2025-01-02")),
    ("--blocked-until", "2025-01-03"),
    *(("--blocked-by", name) for name in ("jo", "nobody")),
    *(("--block-reason", part) for part in ("SPAM", "nothing like it")),
    *(("--updated-since", day) for day in ("2025-12-30", "2025-07-01", "2025-01-02")),
    *(("--updated-until", day) for day in ("2025-01-03", "2025-07-01", "2025-12-31")),
    ("--contact", made_up.ONE_EMAIL),
    ("--contact", f"ext:{made_up.ONE_EXTERNAL_ID}"),
    *RANGES,
    *(("--metadata", said) for said in ("only", "pilot", "newsletter", "plan")),
    *(("--metadata", said) for said in ("plan=one", "plan=enterprise", "plan=pro", "plan=free")),
    *(("--metadata", said) for said in ("seats=5", "plan!=free")),
    ("--deleted",),
)
# With one match, and with none.
RARE_WORDS = ("Xyzzybrandt", "xyzzy-one", "quillon.xyzzy", "nowhere-to-be-found")
# These searches have no limit: what half of all match, and what is shorter than a trigram.
OTHER_WORDS = ("example.com", "zy")
# Cannot be in an id, so ids are not scanned.
NO_ID = ("Xyzzy Brandt", "Неизвестно")
SEARCH = 2.3
"""The limit of a search for a rare word, which scans all ids."""
OF_CONTACTS: tuple[tuple[str, ...], ...] = (
    (),
    *(("--email-domain", domain) for domain in ("island.test", "nowhere.test", "shop.test", "example.com")),
    *(("--metadata", said) for said in ("only", "plan", "plan=one", "plan=pro", "plan!=free")),
    *(("--created-since", day) for day in ("2025-12-30", "2025-07-01", "2025-01-02")),
    *(("--created-until", day) for day in ("2025-01-03", "2025-07-01", "2025-12-31")),
    ("--has-visitors",),
    ("--no-visitors",),
    ("--search", "Xyzzybrandt", "--search", "nowhere-to-be-found"),
    *(("--sort", field, *reverse) for field in ("name", "createdAt", "email") for reverse in ((), ("--reverse",))),
)
OF_CONVERSATIONS: tuple[tuple[str, ...], ...] = (
    (),
    # without matches, with few and with many, and a text shorter than a trigram
    *(("--search", text) for text in ("never said", "DESOLE", "invoice", "zz")),
    *(("--status", status) for status in ("open", "spam")),
    *(("--priority", priority) for priority in ("urgent", "normal")),
    *(("--since", day) for day in ("2026-02-28", "2025-01-01")),
    *(("--until", day) for day in ("2020-01-01", "2026-02-28")),
    ("--unanswered",),
    ("--unanswered", "--priority", "urgent"),
    ("--sort", "updatedAt"),
)
# Sorted by aggregates of visitors, which sorts all contacts: these have no limit.
TOTALS = [("--sort", field, *reverse) for field in ("visitorCount", "lastSeenAt") for reverse in ((), ("--reverse",))]
COMBINED = 2.5
"""The limit of a filter with a sort."""
RANGE = 1.5
"""The limit of a wide time range alone."""


class Sample(NamedTuple):
    """Visitors spread over a file, anonymous and not blocked, and emails of others."""

    anonymous: list[str]
    emails: list[str]


def sample(data: Path, wanted: int) -> Sample:
    """Return `wanted` visitors and `wanted` emails, all distinct, always the same for the same file."""
    anonymous: dict[str, None] = {}
    emails: dict[str, None] = {}
    size = data.stat().st_size
    with data.open("rb") as file:
        for number in range(20 * wanted):
            # in steps of the golden ratio, so that any number of them is spread evenly
            file.seek(int(size * ((number + 1) * 0.6180339887498949 % 1)))
            file.readline()
            line = file.readline()
            if not line:
                continue
            row = json.loads(line)
            person = row["contact"]
            if person is None and not row["isBlocked"]:
                anonymous[row["id"]] = None
            elif person is not None and person["email"] is not None:
                emails[person["email"]] = None
    return Sample(list(anonymous)[:wanted], list(emails)[:wanted])


class Work:
    """A copy of a store to list and write, with some deleted visitors, and a sample of it."""

    def __init__(self, bench: Bench, count: int, rounds: int, *, shuffled: bool = False) -> None:
        self.bench = bench
        self.rounds = rounds
        store = bench.store(count, shuffled=shuffled)
        self.store = bench.copy(store, f"work-{store.name}")
        # for each round one to show, one to block, and two to identify
        self.sample = sample(bench.data(count), 4 * rounds + DELETED)
        bench.visitors(self.store, "delete", "--yes", *self.sample.anonymous[-DELETED:])

    def run(self, *words: str) -> Run:
        """Run our command on it."""
        return self.bench.visitors(self.store, *words)

    def visitor(self, group: int, number: int) -> str:
        """Return a visitor that nothing else in this benchmark uses."""
        return self.sample.anonymous[group * self.rounds + number]


class Case(NamedTuple):
    """A command: its title and, for a store and a round, its words."""

    title: str
    words: Callable[[Work, int], Sequence[str]]
    limit: float | None = 1.3


def listing(*words: str, limit: float | None = 1.3) -> Case:
    """Return `list --limit 50` with these words."""
    return Case(" ".join(("list --limit 50", *words)), lambda _work, _n: ("list", "--limit", str(PAGE), *words), limit)


def contact_listing(*words: str, limit: float | None) -> Case:
    """Return `contacts list --limit 50` with these words."""
    command = ("contacts", "list", "--limit", str(PAGE), *words)
    return Case(" ".join(command), lambda _work, _n: command, limit)


def cases() -> list[Case]:
    """Return the commands measured on the large store and the small one."""
    return [
        Case("show ID", lambda work, n: ("show", work.visitor(0, n))),
        Case("show ID --format json", lambda work, n: ("show", work.visitor(0, n), "--format", "json")),
        Case(
            "identify ID, a new person",
            lambda work, n: (
                "identify", work.visitor(1, n), "--external-id", f"bench-{n}", "--email", f"bench-{n}@example.com"
            ),
        ),
        Case(
            "identify ID, a known person",
            lambda work, n: ("identify", work.visitor(2, n), "--email", work.sample.emails[n]),
        ),
        Case("block ID", lambda work, n: ("block", work.visitor(3, n))),
        listing(),
        listing("--reverse"),
        # the table of a page also shows how many there are
        listing("--format", "table"),
        listing("--format", "table", "--language", "en"),
        listing("--format", "table", "--search", RARE_WORDS[0], limit=SEARCH),
        *(listing(*words, limit=RANGE if words in RANGES else 1.3) for words in FILTERS),
        *(listing(*order) for order in ORDERS),
        *(listing("--search", word, limit=SEARCH) for word in RARE_WORDS),
        *(contact_listing(*words, limit=COMBINED) for words in OF_CONTACTS),
        *(contact_listing(*words, limit=None) for words in TOTALS),
        Case("list --limit 50 --search END-OF-AN-ID", _search_for_an_id, SEARCH),
        *(listing("--search", word, limit=1.2) for word in NO_ID),
        *(listing("--search", word, limit=None) for word in OTHER_WORDS),
    ]  # fmt: skip


def _search_for_an_id(work: Work, number: int) -> Sequence[str]:
    return "list", "--limit", str(PAGE), "--search", work.visitor(0, number)[-10:]


def lists(bench: Bench) -> list[Row]:
    """Compare single visitors, pages and searches on the large store and the small one."""
    rounds = SHORT * bench.rounds + 1
    stores = large, small = Work(bench, bench.scale, rounds), Work(bench, SMALL, rounds)
    found = cases()
    ours: dict[str, list[Run]] = defaultdict(list)
    peer: dict[str, list[Run]] = defaultdict(list)
    for number in range(rounds):
        say(f"list, round {number} of {rounds - 1}" + (", to warm up" if number == 0 else ""))
        for case in list(found):
            try:
                # alternate which of the two comes first
                taken = {one: one.run(*case.words(one, number)) for one in stores[:: 1 if number % 2 else -1]}
            except Failed as error:
                say(f"left out: {case.title}: {error}")
                found.remove(case)
                continue
            if number:
                ours[case.title].append(taken[large])
                peer[case.title].append(taken[small])
    return [compared(case.title, None, ours[case.title], peer[case.title], ratio_limit=case.limit) for case in found]


def talks(bench: Bench) -> list[Row]:
    """Compare listings of conversations on a large store and a small one; one in four visitors started one."""
    large, small = bench.seeded(bench.scale), bench.seeded(SMALL)
    rows = []
    for wanted in OF_CONVERSATIONS:
        words = ("conversations", "list", "--limit", str(PAGE), *wanted)
        say(" ".join(words))
        bench.visitors(large, *words)
        bench.visitors(small, *words)
        commands = partial(bench.visitors, large, *words), partial(bench.visitors, small, *words)
        runs = bench.rounds_of(SHORT * bench.rounds, *commands)
        rows.append(compared(" ".join(words), None, *runs, ratio_limit=COMBINED))
    return rows


def pages(bench: Bench) -> list[Row]:
    """Compare a distant page with page 1, in some orders."""
    store, rounds = bench.store(bench.scale), SHORT * bench.rounds
    page = min(FAR_PAGE, bench.scale // PAGE)
    rows = []
    for order in ((), ("--sort", "createdAt"), ("--sort", "lastSeenAt"), ("--sort", "language")):
        before = ("list", *order, "--limit", str((page - 1) * PAGE), "--format", "ids")
        cursor = bench.programs.last_line([bench.programs.visitors, *before], store)
        first = ("list", "--limit", str(PAGE), *order)
        far = (*first, "--after", cursor)
        bench.visitors(store, *first)
        bench.visitors(store, *far)
        runs = bench.rounds_of(rounds, partial(bench.visitors, store, *far), partial(bench.visitors, store, *first))
        rows.append(compared(f"{' '.join(first)}, page {page:,}", "page 1", *runs, ratio_limit=1.3))
    return rows


def combinations(bench: Bench) -> list[Row]:
    """Run every filter with every sort, once each, and measure the ten slowest again. Also in a store filled in random
    order, where no time grows with the numbers.
    """
    shuffled = Work(bench, bench.scale, 1, shuffled=True)
    return [
        *_worst(bench, Work(bench, bench.scale, 1), FILTERS, ORDERS, 1),
        *_worst(bench, shuffled, FILTERS, ORDERS, 1, seconds_limit=1.0, said=", shuffled"),
    ]


def ranges(bench: Bench) -> list[Row]:
    """Run every time range with every sort and without one, in the requested number of rounds; measure the ten slowest
    again.
    """
    return _worst(bench, Work(bench, bench.scale, 1), RANGES, [(), ("--reverse",), *ORDERS], bench.rounds)


def _worst(
    bench: Bench,
    large: Work,
    filters: Sequence[tuple[str, ...]],
    orders: Sequence[tuple[str, ...]],
    rounds: int,
    *,
    seconds_limit: float | None = None,
    said: str = "",
) -> list[Row]:
    small = Work(bench, SMALL, 1)
    found = []
    for filter_ in filters:
        say(f"every order of {' '.join(filter_)}")
        for order in orders:
            words = listing(*filter_, *order).words(large, 0)
            ours, peer = bench.rounds_of(rounds, partial(large.run, *words), partial(small.run, *words))
            found.append((median(ours) / median(peer), words))
    rows = []
    for _, words in sorted(found, reverse=True)[:10]:
        runs = bench.rounds_of(SHORT * bench.rounds, partial(large.run, *words), partial(small.run, *words))
        limit: dict[str, Any] = {"seconds_limit": seconds_limit} if seconds_limit else {"ratio_limit": COMBINED}
        remark = f"of the worst of {len(found):,}{said}"
        rows.append(compared(" ".join(words), None, *runs, remark=remark, **limit))
    return rows


def blocks(bench: Bench) -> list[Row]:
    """Block many visitors by selection."""
    many = min(BULK, bench.scale // 10)
    begin = bench.scale // 2
    window = (
        "--created-since",
        made_up.created_at(begin, bench.scale),
        "--created-until",
        made_up.created_at(begin + many, bench.scale),
    )
    rows = []
    for title, selection in (
        ("--created-since --created-until", window),
        ("--country-code DE", ("--country-code", "DE")),
    ):
        runs, remark = [], ""
        for _ in range(bench.rounds):
            copy = bench.copy(bench.store(bench.scale), "block.db")
            runs.append(bench.visitors(copy, "block", *selection, "--yes"))
            done = json.loads(
                bench.programs.ask([bench.programs.visitors, "history", "--command", "block", "--format", "json"], copy)
            )
            changes = sum(operation["changeCount"] for operation in done)
            remark = f"{changes:,} blocked in {len(done)} operation" + ("" if len(done) == 1 else "s")
        say(f"block {title}: {median(runs):.2f} s, {remark}")
        rows.append(
            Row(
                f"block {many:,} by {title}",
                None,
                median(runs),
                None,
                None,
                peak(runs),
                None,
                seconds_limit=10.0,
                remark=remark,
            )
        )
    return rows
