"""The README and the topics are accurate: they show the commands' current output."""

from __future__ import annotations

import ast
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

import readme
from visitors import errors
from visitors.pytest_plugin import run_in_process

pytestmark = pytest.mark.slow

GENERATED = [*readme.DOCUMENTS, readme.COMMANDS, readme.PICTURE]


@pytest.mark.skipif(shutil.which("jq") is None, reason="some documents pipe into jq")
@pytest.mark.parametrize("name", [path.name for path in GENERATED])
def test_the_commands_in_a_document_succeed_and_print_what_stands_there(name: str) -> None:
    environment = {"PATH": os.environ["PATH"], "HOME": os.environ["HOME"]}
    check = [sys.executable, str(Path(readme.__file__)), "--check", name]
    done = subprocess.run(check, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr or "run: python tests/readme.py"


@pytest.mark.parametrize("path", readme.DOCUMENTS, ids=lambda path: path.name)
def test_a_document_begins_with_its_title_and_one_sentence(path: Path) -> None:
    title, blank, sentence = path.read_text(encoding="utf-8").split("\n")[:3]
    assert re.fullmatch(r"# \S.*", title)
    assert blank == ""
    if path != readme.README:  # shown by `visitors help`, and in the README
        assert re.fullmatch(r"[A-Z][^.]*\.", sentence)


def test_the_readme_is_short_and_leads_to_every_topic() -> None:
    text = readme.README.read_text(encoding="utf-8")
    assert text.count("\n") < 300
    for topic in readme.HELP.glob("*.md"):
        assert f"(src/visitors/help/{topic.name})" in text


@pytest.mark.parametrize("path", readme.DOCUMENTS, ids=lambda path: path.name)
def test_every_link_and_every_topic_that_is_named_exists(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    for link in re.findall(r"\]\(([^)]+)\)", text):
        assert link.startswith("https://") or (path.parent / link).exists(), link
    for topic in re.findall(r"`visitors help ([a-z-]+)`", text):
        assert (readme.HELP / f"{topic}.md").exists(), topic


def test_the_topic_names_every_exit_code() -> None:
    text = (readme.HELP / "exit-codes.md").read_text(encoding="utf-8")
    codes = {kind.exit_status for kind in vars(errors).values() if hasattr(kind, "exit_status")}
    assert codes == set(range(1, 9))
    for code in (0, *codes, 129, 130, 143):
        assert f"| {code} |" in text


def test_the_topic_names_every_setting() -> None:
    sources = (path.read_text(encoding="utf-8") for path in (readme.ROOT / "src").rglob("*.py"))
    words = {node.value for text in sources for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Constant)}
    found = {word for word in words if isinstance(word, str) and re.fullmatch(r"VISITORS_[A-Z]+(_[A-Z]+)*", word)}
    assert len(found) > 5
    text = (readme.HELP / "settings.md").read_text(encoding="utf-8")
    for name in (*found, "NO_COLOR", "TERM", "PAGER", "LESS", "XDG_DATA_HOME", "SQLITE_TMPDIR"):
        assert name in words
        assert f"`{name}`" in text


def blocks(topic: str, language: str) -> list[str]:
    """Return the code blocks in a language, in order."""
    return readme.blocks((readme.HELP / f"{topic}.md").read_text(encoding="utf-8"), language)


def test_the_fixture_the_step_and_the_test_in_the_topics_do_what_they_say(tmp_path: Path) -> None:
    fixture, step = blocks("ci", "yaml")
    (example,) = [one for one in blocks("python", "python") if "shop.yaml" in one]
    (tmp_path / "tests").mkdir()
    (tmp_path / "tests" / "shop.yaml").write_text(fixture, encoding="utf-8")
    (tmp_path / "tests" / "test_shop.py").write_text(example, encoding="utf-8")
    commands = yaml.safe_load(step)[0]
    settings = {name: value.replace("${{ runner.temp }}", str(tmp_path)) for name, value in commands["env"].items()}
    environment = {**os.environ, **settings, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
    for words in (["bash", "-euo", "pipefail", "-c", commands["run"]], [sys.executable, "-m", "pytest", "--rootdir=."]):
        done = subprocess.run(words, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
    assert "1 passed" in done.stdout
    assert (tmp_path / "visitors.db").exists()


RUNS = """
import tests/examples/visitors.csv --quiet
track --id v-new --fingerprint fp-7731
identify v-new --external-id u-1001
conversations start v-new --message hello
block v-new --reason why
show v-new
conversations list
contacts list
contacts show ext:u-1001
explain v-new
history
history v-new
history --changes
stats
stats --by os
stats --by os --by browser
stats --per week
conversations stats
contacts merge ext:u-1001 ext:u-1002 --force --dry-run
contacts merge ext:u-1001 ext:u-1002 --force --yes
contacts show ext:u-1001
undo --dry-run
erase v-kiosk --dry-run
erase v-kiosk --yes
db info
db path
db backup
db check
db compact
fixtures apply tests/examples/fixtures/shop.yaml
fixtures diff tests/examples/fixtures/shop.yaml
import tests/examples/mappings/snowplow-events.csv --explain-mapping
"""
"""Commands, one after another, whose output has all kinds of records."""


def keys(value: object) -> Iterator[str]:
    """The keys of a record and of the records in it, but for what holds any keys."""
    if isinstance(value, list):
        for item in value:
            yield from keys(item)
    elif isinstance(value, dict):
        for key, item in value.items():
            yield key
            if key not in ("metadata", "attribution", "currentPage", "value", "result"):
                yield from keys(item)


def test_the_topic_names_every_key_that_commands_print(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = (readme.HELP / "output.md").read_text(encoding="utf-8")
    monkeypatch.chdir(readme.ROOT)
    for line in RUNS.strip().splitlines():
        done = run_in_process([*line.split(), "--format", "json", "--db", str(tmp_path / "visitors.db")], "", {})
        assert done.exit_code in (0, 8), line + done.stderr
        unnamed = {key for key in keys(done.json) if f"`{key}`" not in text and f"`contact.{key}`" not in text}
        assert not unnamed, line
