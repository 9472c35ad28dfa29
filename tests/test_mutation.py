"""Mutants are distinct valid programs, and the same for the same seed."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

import pytest

import probes
from mutants import Mutant, mutants, sample
from mutation import FIRST_SECONDS, ROOMS, ROOT, SOURCE, stages

PATH = Path("src/visitors/domain/small.py")
SMALL = '''
"""A docstring."""
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    import json

KIND: Literal["a", "b"] = "größer"
HINT = "never"
ABOUT = {"a": "what only people read", "b": "x"}


def first(rows: "list[int]", limit: int = 10) -> int | None:
    """A docstring."""
    for row in rows:
        if (row < limit and
                not (row in (1, 2))):
            continue
        print(row)
        return row + 1
    raise ValueError(f"no {limit}", "never")
'''


def found(source: str) -> list[Mutant]:
    return mutants(PATH, source.encode())


def changes(source: str) -> set[str]:
    """Return the possible mutants of a program, as lines."""
    return {mutant.applied(source.encode()).decode() for mutant in found(source)}


def test_every_mutant_is_a_program_and_another_one() -> None:
    texts = [mutant.applied(SMALL.encode()).decode() for mutant in found(SMALL)]
    trees = {ast.dump(ast.parse(text)) for text in [SMALL, *texts]}
    assert len(trees) == len(texts) + 1
    assert {mutant.kind for mutant in found(SMALL)} == {
        *("arithmetic", "comparison", "condition", "connective", "constant", "negation", "return", "statement")
    }


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("a = b < c", {"a = b <= c"}),
        ("a = b is not c", {"a = b is c"}),
        ("a = b not in c", {"a = b in c"}),
        ("a = (b) and (c) and d", {"a = (b) or (c) and d", "a = (b) and (c) or d"}),
        ("a = not(b or c)", {"a = (b or c)", "a = not(b and c)"}),
        ("a += 1", {"a -= 1", "a += 2"}),
        ("a = b - c", {"a = b + c"}),
        ("a = b + 'c'", {'a = b + ""'}),
        ("a = True, ''", {"a = False, ''", 'a = True, "other"'}),
        ("a = b if c else d", {"a = b if True else d", "a = b if False else d"}),
        ("def a(): return b", {"def a(): return None"}),
        ("def a(): return False", {"def a(): return True"}),
        ("a(hint='b', help=f'b', about='b')", {"pass"}),
        ("raise A('b', c=1)", {"pass", "raise A('b', c=2)"}),
        ("a = f'{b} is here'", set()),
        ("a = 'SELECT b WHERE c < 1'", {"a = 'SELECT b WHERE c <= 1'"}),
        ("a = f'SELECT {b} WHERE c IS NULL'", {"a = f'SELECT {b} WHERE c IS NOT NULL'"}),
    ],
)
def test_what_a_line_may_become(before: str, after: set[str]) -> None:
    assert changes(before) == after


def test_what_nobody_runs_or_only_people_read_stays() -> None:
    touched = {mutant.line for mutant in found(SMALL)}
    assert touched == {
        number
        for number, line in enumerate(SMALL.splitlines(), 1)
        if line.startswith(("KIND", "def", " ")) and not line.endswith(('"""', "json", "rows:"))
    }
    assert not [mutant for mutant in found(SMALL) if "never" not in mutant.applied(SMALL.encode()).decode()]


def test_the_same_seed_gives_the_same_sample() -> None:
    possible = found(SMALL)
    assert sample(possible, 5, seed=1) == sample(possible, 5, seed=1)
    assert sample(possible, 5, seed=1) != sample(possible, 5, seed=2)
    assert len(set(sample(possible, 5, seed=1))) == 5
    assert sorted(sample(possible, 1000, seed=1)) == sorted(possible)


def test_a_file_has_its_share_of_a_sample() -> None:
    def counts(chosen: Iterable[Mutant]) -> Counter[Path]:
        return Counter(mutant.path for mutant in chosen)

    paths = [Path("a.py")] * 60 + [Path("b.py")] * 30 + [Path("c.py")] * 10
    possible = [Mutant(path, number, "constant", number, number, "") for number, path in enumerate(paths)]
    for seed in range(20):
        assert counts(sample(possible, 10, seed)) == {Path("a.py"): 6, Path("b.py"): 3, Path("c.py"): 1}


def test_the_tests_of_a_file_run_first_and_every_test_once() -> None:
    seconds = dict.fromkeys((str(file.relative_to(ROOT)) for file in (ROOT / "tests").rglob("test_*.py")), 1.0)
    ordered = list(stages(SOURCE / "domain" / "times.py", seconds))
    assert [stage.name for stage in ordered] == ["first", "others"]
    assert ordered[0].tests[0] == "tests/domain/test_times.py"
    assert ordered[0].seconds == FIRST_SECONDS
    assert sorted(test for stage in ordered for test in stage.tests) == sorted(seconds)
    assert list(stages(SOURCE / "domain" / "times.py", {})) == []


PROBED = '''
def outer(one):
    """A docstring."""
    @str
    def inner():
        return one + 1
    for _ in range(3):
        one += 1
    return one + 2

class Some:
    def method(self):
        """Only a docstring."""

    def other(self):
        return 3 < 4

TOP = 5 < 6
'''


def test_probes_note_which_test_runs_which_function(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    possible = [mutant for mutant in found(PROBED) if mutant.kind in ("arithmetic", "comparison")]
    package = tmp_path / "visitors"
    package.mkdir()
    notes = tmp_path / "notes"
    notes.mkdir()
    (package / "_probe.py").write_text(probes.module(notes), encoding="utf-8")
    (package / "__init__.py").write_bytes(probes.probed(PROBED.encode(), possible))
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))

    def run(code: str) -> None:
        subprocess.run([sys.executable, "-c", f"import visitors; {code}"], check=True)

    for test in ("tests/test_a.py::test_b[1::[2] (call)", "tests/test_a.py::test_c (setup)"):
        monkeypatch.setenv("PYTEST_CURRENT_TEST", test)
        run("assert visitors.outer(1) == 6")
    monkeypatch.delenv("PYTEST_CURRENT_TEST")
    run("visitors.Some().other(); visitors.Some().method()")

    functions = {mutant: probes.function_of(PROBED.encode(), mutant) for mutant in possible}
    assert {one.name if one else None for one in functions.values()} == {"inner", "outer", "other", None}
    lines = {one.name: probes.name_of(PATH, one.lineno) for one in functions.values() if one}
    assert probes.noted(notes) == {
        lines["outer"]: {"tests/test_a.py::test_b", "tests/test_a.py::test_c"},
        lines["other"]: {""},
    }


@pytest.mark.parametrize("room", ROOMS)
def test_every_room_and_its_tests_are_there(room: str) -> None:
    assert [path for path in (SOURCE / room, *map(Path, ROOMS[room])) if not (ROOT / path).exists()] == []
