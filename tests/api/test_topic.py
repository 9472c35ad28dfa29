"""`visitors help python`: it has every public name as the code has it, and its examples run."""

from __future__ import annotations

import builtins
import re
import subprocess
import sys
import typing
from pathlib import Path

import pytest

import readme
import visitors

SHOP = Path(__file__).parents[1] / "examples" / "fixtures" / "shop.yaml"
TEXT = (readme.HELP / "python.md").read_text(encoding="utf-8")
REFERENCE = TEXT.partition("<!-- python-reference -->")[2]
EXAMPLES = readme.blocks(TEXT, "python")
PROGRAMS = [one for one in EXAMPLES if "def test_" not in one]
TESTS = [one for one in EXAMPLES if "def test_" in one]
FROM_ELSEWHERE = {
    *dir(builtins), *dir(typing), "Callable", "Iterable", "Iterator", "Mapping", "Path", "Sequence", "datetime",
    "UnsetType",
}  # fmt: skip
"""What a reader of Python knows, and msgspec's type of a field that may be missing."""


def test_every_public_name_is_in_the_reference() -> None:
    headings = {*re.findall(r"^#+ (\w+)$", REFERENCE, re.MULTILINE), *re.findall(r"^- `(\w+)", REFERENCE, re.MULTILINE)}
    others = {"VisitorStore": "### store", "Contacts": "### store.contacts", "Conversations": "### store.conversations",
              "Fixtures": "### store.fixtures", "open_store": "open_store("}  # fmt: skip
    assert {*visitors.__all__} - headings == {"__version__", *others}
    assert all(text in REFERENCE for text in others.values())


def test_every_type_in_the_reference_is_a_public_name_or_pythons_own() -> None:
    written = [
        *re.findall(r"```text\n(.*?)```", REFERENCE, re.DOTALL),
        *re.findall(r"^- `(.*?)`", REFERENCE, re.MULTILINE),
    ]
    words = {word for one in written for word in re.findall(r"\b[A-Z]\w+", re.sub(r'"[^"]*"', "", one))}
    assert words - {*visitors.__all__} - FROM_ELSEWHERE - {"Result"} == set()


@pytest.mark.parametrize("program", PROGRAMS)
def test_a_program_prints_what_stands_behind_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, program: str) -> None:
    monkeypatch.setenv("PATH", str(Path(sys.executable).parent), prepend=":")
    done = subprocess.run([sys.executable, "-c", program], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (done.stderr, done.returncode) == ("", 0)
    printed = [line for line in done.stdout.splitlines() if line != "v-1"]  # the command's own
    assert printed == re.findall(r"print\(.*\)  # (.*)", program)


@pytest.mark.slow
def test_the_tests_pass(pytester: pytest.Pytester) -> None:
    (pytester.path / "shop.yaml").write_bytes(SHOP.read_bytes())
    for number, code in enumerate(TESTS):
        (pytester.path / f"test_{number}.py").write_text(code)
    pytester.runpytest_subprocess("-W", "error").assert_outcomes(passed=4)


def test_there_are_examples_of_both() -> None:
    assert (len(PROGRAMS), len(TESTS)) == (4, 3)
