"""Import and export everything, compared with sqlite-utils and the sqlite3 shell."""

from __future__ import annotations

import csv
import hashlib
import os
import sqlite3
from collections import defaultdict
from pathlib import Path

from processes import Run, median
from scale_bench import Bench, Row, compared, insert_words, say


def imports(bench: Bench) -> list[Row]:
    """Import the file into a new store, and into the peers' tables."""
    data, shell = bench.data(bench.scale), bench.programs.sqlite3
    as_csv = bench.as_csv() if shell else None
    runs: dict[str, list[Run]] = defaultdict(list)
    store = bench.scratch("import.db")
    for number in range(bench.rounds):
        os.sync()
        store = bench.scratch("import.db")
        runs["ours"].append(bench.visitors(store, "import", str(data)))
        os.sync()
        peer = bench.scratch("peer.db")
        runs["sqlite-utils insert"].append(bench.programs.run(insert_words(bench, peer, data)))
        if shell:
            os.sync()
            bare = bench.scratch("peer.db")
            runs["sqlite3 .import --csv"].append(bench.programs.run([shell, bare, f".import --csv {as_csv} visitors"]))
        say(
            f"import, round {number + 1}: "
            + ", ".join(f"{name} {found[-1].seconds:.1f} s" for name, found in runs.items())
        )
    bench.scratch("peer.db")
    taken = int(bench.programs.ask([bench.programs.visitors, "list", "--format", "count"], store))
    remark = "" if taken == bench.scale else f"only {taken:,} rows were taken"
    size = store.stat().st_size / data.stat().st_size
    bench.keep(store)
    limits = {"sqlite-utils insert": {"ratio_limit": 0.30, "megabytes_limit": 150.0}}
    rows = [
        compared("import NDJSON", name, runs["ours"], found, remark=remark, **limits.get(name, {}))
        for name, found in runs.items()
        if name != "ours"
    ]
    cpu = {name: [run._replace(seconds=run.cpu_seconds) for run in found] for name, found in runs.items()}
    ours, utils = cpu["ours"], cpu["sqlite-utils insert"]
    rows.append(compared("import NDJSON, seconds of CPU", "sqlite-utils insert", ours, utils, ratio_limit=0.60))
    size_row = Row("bytes of the store", "bytes of the file", 0.0, None, size, 0.0, None, ratio_limit=1.10)
    return [*rows, size_row]


def growth(bench: Bench) -> list[Row]:
    """Import 3 and 10 times as many, once each, compared with the base scale."""
    base = _import_once(bench, bench.scale)
    rows = []
    for factor, memory_limit, row_limit in ((3, 1.2, None), (10, None, 1.5)):
        grown = _import_once(bench, bench.scale * factor)
        case, against = f"import {bench.scale * factor:,}", f"{bench.scale:,}"
        figures = (grown.seconds, base.seconds), (grown.megabytes, base.megabytes)
        for what, ratio, limit in (
            ("seconds a row", grown.seconds / base.seconds / factor, row_limit),
            ("memory", grown.megabytes / base.megabytes, memory_limit),
        ):
            (ours, peer), (megabytes, others) = figures
            rows.append(Row(f"{case}, {what}", against, ours, peer, ratio, megabytes, others, ratio_limit=limit))
    return rows


def _import_once(bench: Bench, count: int) -> Run:
    data = bench.data(count)
    os.sync()
    found = bench.visitors(bench.scratch("grown.db"), "import", str(data))
    bench.scratch("grown.db")
    if count != bench.scale:
        data.unlink()  # it may be ten gigabytes
    say(f"import of {count:,}: {found.seconds:.1f} s, {found.megabytes:.0f} MB")
    return found


def exports(bench: Bench) -> list[Row]:
    """Export all visitors as CSV and NDJSON."""
    store, flat, programs = bench.store(bench.scale), bench.flat(), bench.programs
    with bench.data(bench.scale).open("rb") as file:
        given = hashlib.file_digest(file, "sha256").hexdigest()
    remarks = {
        "CSV": _columns_differ(bench, store, flat),
        "NDJSON": ""
        if programs.digest([programs.visitors, "export", "--format", "ndjson"], store) == given
        else "not the bytes that were imported",
    }
    rows = []
    for name, ours, utils, shell in (("CSV", "csv", "--csv", "-csv"), ("NDJSON", "ndjson", "--nl", "-json")):
        peers: dict[str, list[str | Path]] = {
            f"sqlite-utils rows {utils}": [programs.sqlite_utils, "rows", flat, "visitors", utils]
        }
        if programs.sqlite3:
            peers[f"sqlite3 {shell}"] = [programs.sqlite3, "-header", shell, flat, "SELECT * FROM visitors"]
        runs: dict[str, list[Run]] = defaultdict(list)
        for _ in range(bench.rounds):
            runs["ours"].append(bench.visitors(store, "export", "--format", ours))
            for peer, words in peers.items():
                runs[peer].append(programs.run(words))
        say(f"export as {name}: " + ", ".join(f"{peer} {median(found):.1f} s" for peer, found in runs.items()))
        for peer in peers:
            limits = {"ratio_limit": 0.55, "megabytes_limit": 100.0} if "utils" in peer else {}
            rows.append(compared(f"export as {name}", peer, runs["ours"], runs[peer], remark=remarks[name], **limits))
    return rows


def _columns_differ(bench: Bench, store: Path, flat: Path) -> str:
    """Return a remark if our CSV does not have the columns of the compared table."""
    header = bench.programs.ask([bench.programs.visitors, "export", "--format", "csv", "--limit", "1"], store)
    connection = sqlite3.connect(flat)
    columns = [row[1] for row in connection.execute("PRAGMA table_info(visitors)")]
    connection.close()
    return "" if next(csv.reader([header.splitlines()[0]])) == columns else "not the columns of the peer"
