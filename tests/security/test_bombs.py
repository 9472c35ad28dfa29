"""Small files that expand to large ones: refused by size, in bounded memory, wherever files are read."""

from __future__ import annotations

import gzip
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from trials.running import COMMAND, LONG, settings

Visitors = Callable[..., Any]

UNPACKED = 1_000_000_000 if LONG else 36_000_000
"""The expanded size of a bomb in bytes. Reading it whole would take a multiple in memory."""
MEMORY = 250_000_000
"""Allowed memory in bytes beyond the command's own."""

BOMBS: dict[str, tuple[str, bytes, bytes, int, str]] = {
    # name, beginning, repeated part, exit code, a word of the message
    "list-of-lists": ("bomb.json", b"[", b"[],", 5, "not a JSON object"),
    "list-of-objects-with-a-bad-key": ("bomb.json", b"[", b'{"a":[]},', 5, "no column matches a field"),
    "one-enormous-item": ("bomb.json", b'[{"id":[', b"[],", 5, "longer than 4 MiB"),
    "one-enormous-object": ("bomb.json", b'{"id":[', b"[],", 5, "longer than 4 MiB"),
    "one-enormous-text": ("bomb.json", b'["', b"xxxx", 5, "longer than 4 MiB"),
    "nothing-but-blanks": ("bomb.json", b"", b"    ", 5, "not JSON"),
    "deep": ("bomb.json", b"", b"[[[[", 5, "nested too deeply"),
    "one-enormous-line": ("bomb.ndjson", b"", b"xxxx", 5, "longer than 4 MiB"),
    "blank-lines": ("bomb.ndjson", b"", b"\n\n\n\n", 0, "imported 0 rows"),
    "one-enormous-row": ("bomb.csv", b"id,city\n", b'"\n",', 5, "longer than 4 MiB"),
    "one-enormous-header": ("bomb.csv", b"", b'"\n",', 5, "longer than 4 MiB"),
    "one-enormous-cell": ("bomb.csv", b'id,city\n"', b"x\nxx", 5, "longer than 4 MiB"),
    "one-enormous-line-of-tsv": ("bomb.tsv", b"id\n", b"x\tx\t", 5, "longer than 4 MiB"),
}
DOCUMENTS: dict[str, tuple[str, bytes, bytes, int, str]] = {
    "enormous-fixture": ("bomb.yaml", b"version: 1\n", b"# xx\n", 5, "larger than 32 MiB"),
    "endless-line-of-a-fixture": ("bomb.json", b"", b"    ", 5, "longer than 32 MiB"),
    "deep-fixture": ("bomb.json", b'{"version":1,"a":', b"[[[[", 5, "longer than 32 MiB"),
}
OFTEN = {"list-of-lists", "one-enormous-item", "one-enormous-line", "one-enormous-row", "endless-line-of-a-fixture"}
"""Those that always run; the others use the same code, and run in the long mode."""


def chosen(bombs: dict[str, Any]) -> pytest.MarkDecorator:
    names = [name for name in bombs if LONG or name in OFTEN]
    return pytest.mark.parametrize(
        ("name", "beginning", "repeated", "code", "word"), [bombs[name] for name in names], ids=names
    )


@pytest.fixture(scope="module")
def own_memory(tmp_path_factory: pytest.TempPathFactory) -> int:
    """Return the memory in bytes of an import without rows."""
    folder = tmp_path_factory.mktemp("memory")
    (folder / "one.csv").write_text("id\nv1\n")
    return measured("import", folder / "one.csv", "--db", folder / "visitors.db")[2]


def measured(*words: str | Path, stdin: Path | None = None) -> tuple[int, str, int]:
    """Return the exit code, standard error, and peak memory in bytes of the largest process of a run."""
    script = (
        "import resource, subprocess, sys\n"
        "code = subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL).returncode\n"
        "print(code, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)"
    )
    with (stdin or Path(os.devnull)).open("rb") as content:
        words = (sys.executable, "-c", script, COMMAND, *words)
        done = subprocess.run(words, stdin=content, capture_output=True, env=settings(), check=True, timeout=300)
    code, kibibytes = map(int, done.stdout.split())
    return code, done.stderr.decode(), kibibytes * (1 if sys.platform == "darwin" else 1024)


def packed(path: Path, beginning: bytes, repeated: bytes) -> Path:
    """Return the file compressed, to a thousandth of its size."""
    block = repeated * (1_000_000 // len(repeated))
    with gzip.open(path.with_name(f"{path.name}.gz"), "wb", 1) as file:
        file.write(beginning)
        for _ in range(UNPACKED // len(block)):
            file.write(block)
    return path.with_name(f"{path.name}.gz")


@chosen(BOMBS)
def test_a_file_that_is_large_inside_takes_little_memory(
    store_path: Path,
    tmp_path: Path,
    own_memory: int,
    name: str,
    beginning: bytes,
    repeated: bytes,
    code: int,
    word: str,
) -> None:
    file = packed(tmp_path / name, beginning, repeated)

    ending, said, memory = measured("import", file, "--db", store_path)

    assert (ending, "Traceback" in said) == (code, False), said
    assert word in said
    assert memory - own_memory < MEMORY


@chosen(DOCUMENTS)
def test_a_fixture_that_is_large_inside_is_refused_by_its_size(
    tmp_path: Path, own_memory: int, name: str, beginning: bytes, repeated: bytes, code: int, word: str
) -> None:
    ending, said, memory = measured("fixtures", "check", packed(tmp_path / name, beginning, repeated))

    assert ending == code
    assert word in said
    assert memory - own_memory < MEMORY


@pytest.mark.parametrize("name", ["many.json", "many.yaml"])
def test_each_visitor_of_a_fixture_takes_little_memory(tmp_path: Path, own_memory: int, name: str) -> None:
    data = {"language": "de-DE", "country": "Germany", "countryCode": "DE", "browser": "Firefox", "os": "Linux"}
    count = 10_000
    file = tmp_path / name
    file.write_text(json.dumps({"version": 1, "visitors": {f"v-{n:06}": data for n in range(count)}}, indent=1))

    ending, said, memory = measured("fixtures", "check", file)

    assert (ending, said) == (0, "valid: 0 contacts, 10,000 visitors, 0 conversations, 0 blocks\n")
    assert (memory - own_memory) / count < 3_000


def test_bad_rows_without_end_are_counted_in_little_memory(store_path: Path, tmp_path: Path, own_memory: int) -> None:
    file = packed(tmp_path / "bomb.ndjson", b"", b"x\n")
    # with fewer rows than the other tests, since each of these is parsed
    file.write_bytes(gzip.compress(b"x\n" * 60_000, 1))

    ending, said, memory = measured("import", file, "--keep-going", "--db", store_path)

    assert ending == 5
    assert "60,000 rows rejected" in said
    assert memory - own_memory < 20_000_000


@pytest.mark.parametrize("words", ["identify -", "conversations start v1 --message -"])
def test_an_endless_line_on_standard_input_is_refused(visitors: Visitors, tmp_path: Path, words: str) -> None:
    visitors("create", "--id", "v1")
    zeros = tmp_path / "zeros"
    with zeros.open("wb") as file:
        file.write(b"x")
        file.truncate(UNPACKED)

    ending, said, memory = measured(*words.split(), stdin=zeros)

    assert ending == 5
    assert "longer than 4 MiB" in said
    assert memory < 150_000_000


def test_a_message_without_end_is_refused(visitors: Visitors, tmp_path: Path) -> None:
    visitors("create", "--id", "v1")
    lines = tmp_path / "lines"
    lines.write_bytes(b"hello\n" * (UNPACKED // 6))

    ending, said, memory = measured("conversations", "start", "v1", "--message", "-", stdin=lines)

    assert ending == 5
    assert "the limit is 1,000,000" in said
    assert memory < 150_000_000


ALIASES = """version: 1
a: &a [x, x, x, x, x, x, x, x, x]
b: &b [*a, *a, *a, *a, *a, *a, *a, *a, *a]
c: &c [*b, *b, *b, *b, *b, *b, *b, *b, *b]
d: [*c, *c, *c, *c, *c, *c, *c, *c, *c]
"""


@pytest.mark.parametrize(
    ("text", "word"),
    [
        (ALIASES, "aliases"),
        ("version: 1\nvisitors:\n  <<: {a: {}}\n", "merge key"),
        ("version: 1\nvisitors: !!python/object/apply:os.system ['true']\n", "tags"),
        ("version: 1\nvisitors: " + "[" * 5_000, "nested deeper than 200 levels"),
        ("version: " + "9" * 5_000, "the number has too many digits (5,000 characters)"),
        ("version: 1\nvisitors: {" + "k" * 2_000_000 + ": {}}", "error: "),
    ],
    ids=["aliases", "merge-key", "tag", "deep", "long-number", "long-key"],
)
def test_yaml_that_is_more_than_it_seems_is_refused(visitors: Visitors, tmp_path: Path, text: str, word: str) -> None:
    file = tmp_path / "bomb.yaml"
    file.write_text(text)

    refused = visitors("fixtures", "check", str(file), code=None)

    assert refused.code in (5, 8)
    assert word in refused.stderr + refused.stdout
    assert len(refused.stderr) + len(refused.stdout) < 3_000


@pytest.mark.parametrize(
    "row",
    [
        '{"id":"v1","latitude":' + "9" * 100_000 + "}",
        '{"id":"v1","latitude":1e999999999}',
        '{"id":"v1","latitude":0.' + "0" * 100_000 + "1}",
        '{"' + "k" * 1_000_000 + '":1}',
        '{"id":"v1","contact":{"email":"a@example.com","metadata":{"' + "k" * 100_000 + '":1}}}',
        '{"id":"v1","createdAt":"' + "9" * 100_000 + '"}',
        '{"id":"v1","contact":{"email":"' + "a" * 1_000_000 + '@example.com"}}',
        '{"id":"v1","contact":{"email":"' + "a." * 500_000 + '@@"}}',
        '{"id":"v1","language":"' + "a-" * 500_000 + '"}',
        '{"id":"v1","timezone":"' + "a/" * 500_000 + '"}',
        '{"id":"v1","ip":"' + "1:" * 500_000 + '"}',
    ],
    ids=lambda row: row[:30],
)
def test_values_without_end_are_refused_with_a_short_message(visitors: Visitors, row: str) -> None:
    refused = visitors("import", "-", "--input-format", "ndjson", input=row + "\n", code=None)

    assert refused.code in (0, 5), refused.stderr[:500]
    assert len(refused.stderr) < 5_000
