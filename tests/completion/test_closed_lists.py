"""What options take beside what Typer knows: the same as what the program lists when it refuses another word."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import visitors as package
from visitors import registry
from visitors.help.closed_lists import ANSWERS, IMPORTS, LISTS, closed_list
from visitors.input.mapping_files import READY_MADE

Visitors = Callable[..., Any]
UNKNOWN = "zzzz"
LINES = '{"visitorId": "v1"}\n'
"""For `block -`."""

_STATS = ("stats", "stats --by status", "stats --by status --by priority", "stats --per day")

# Lines that between them print each kind of record that a command has.
PRINTING = {
    "": ["list"],
    "track": ["track"],
    "create": ["create"],
    "list": ["list"],
    "show": ["show v1"],
    "stats": ["stats", "stats --by os", "stats --by os --by browser", "stats --per day"],
    "update": ["update v1 --os Linux"],
    "identify": ["identify idle --external-id u1"],
    "unidentify": ["unidentify v1"],
    "block": ["block v1", "block --contact c1", "block -"],
    "unblock": ["unblock v1", "unblock --contact c2", "unblock -"],
    "delete": ["delete v1"],
    "restore": ["restore gone"],
    "prune": ["prune --older-than 1d --yes"],
    "erase": ["erase v1 --yes", "erase v1 --dry-run"],
    "export": ["export"],
    "import": ["import {rows}", "import {rows} --explain-mapping"],
    "seed": ["seed --count 1"],
    "history": ["history", "history v1", "history --changes"],
    "undo": ["undo"],
    "explain": ["explain v1"],
    "contacts": ["contacts list"],
    "contacts list": ["contacts list"],
    "contacts show": ["contacts show c1"],
    "contacts create": ["contacts create"],
    "contacts update": ["contacts update c1 --name Ada"],
    "contacts merge": ["contacts merge c1 c2 --yes", "contacts merge c1 c2 --dry-run"],
    "contacts split": ["contacts split c1 v1"],
    "contacts delete": ["contacts delete c1"],
    "contacts restore": ["contacts restore c1"],
    "contacts erase": ["contacts erase c1 --yes", "contacts erase c1 --dry-run"],
    "contacts duplicates": ["contacts duplicates"],
    "contacts import": ["contacts import {people}", "contacts import {people} --explain-mapping"],
    "conversations": ["conversations list"],
    "conversations start": ["conversations start v1"],
    "conversations list": ["conversations list"],
    "conversations stats": [f"conversations {line}" for line in _STATS],
    "conversations show": ["conversations show t1"],
    "conversations reply": ["conversations reply t1 Hello --as-agent bo"],
    "conversations resolve": ["conversations resolve t1"],
    "conversations reopen": ["conversations reopen t1"],
    "conversations spam": ["conversations spam t1"],
    "conversations import": ["conversations import {talks}", "conversations import {talks} --explain-mapping"],
    "fixtures apply": ["fixtures apply {fixture}"],
    "fixtures diff": ["fixtures diff {fixture}"],
    "fixtures check": ["fixtures check {bad}"],
    "stores": ["stores"],
    "completion": ["completion bash --install"],
    "db path": ["db path"],
    "db info": ["db info"],
    "db check": ["db check"],
    "db backup": ["db backup {folder}/backup.db"],
    "db restore": ["db restore {store} --yes --db {folder}/restored.db"],
    "db compact": ["db compact"],
}
NOT_CHOOSING = {
    "assert", "sql", "contacts subject-export", "fixtures", "fixtures dump", "fixtures schema", "db",
    "db dump", "db load", "db migrate", "help",
}  # fmt: skip
"""The commands that print no records of theirs, and the groups of which there is no listing."""


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("template") / "visitors.db"
    with package.open_store(path, now="2026-03-01", actor="tester") as store:
        store.contacts.create("c1", email="ada@example.com")
        store.contacts.create("c2", name="Ada")
        store.identify(store.create("v1").id, email="ada@example.com")
        store.delete(store.create("gone").id)
        store.create("idle")
        store.conversations.import_([{"id": "t1", "visitorId": "v1"}])
    return path


@pytest.fixture
def names(template: Path, tmp_path: Path) -> dict[str, Path]:
    """What stands in braces in the lines."""
    contents = {
        "rows": '[{"id": "new"}]', "people": '[{"email": "new@example.com"}]',
        "talks": '[{"id": "new", "visitorId": "v1"}]', "fixture": '{"version": 1, "visitors": {"new": {}}}',
        "bad": '{"version": 1, "visitors": {"new": {"ip": "none"}}}',
    }  # fmt: skip
    for name, content in contents.items():
        (tmp_path / f"{name}.json").write_text(content)
    store = Path(shutil.copy(template, tmp_path / "store.db"))
    return {**{name: tmp_path / f"{name}.json" for name in contents}, "folder": tmp_path, "store": store}


def listed(refused: Any) -> set[str]:
    """What the hint of a refused word lists: `the fields are a, b`."""
    first, *others = refused.stderr.rpartition("hint: ")[2].strip().split(", ")
    return {first.split()[-1], *others}


@pytest.mark.parametrize("words", PRINTING)
def test_fields_are_those_that_the_command_has(visitors: Visitors, names: dict[str, Path], words: str) -> None:
    found = set()
    for number, line in enumerate(PRINTING[words]):
        store = str(shutil.copy(names["store"], names["folder"] / f"{number}.db"))
        arguments = [word.format(**names) for word in line.split()]
        place = [] if "--db" in arguments else ["--db", store]
        found |= listed(visitors(*arguments, *place, "--fields", UNKNOWN, now="2026-03-02", code=2, input=LINES))
    assert found <= {*closed_list(words, "FIELDS")}
    if words != "history":  # a receipt is printed once there was an erasure
        assert found == {*closed_list(words, "FIELDS")}


def test_every_command_has_fields_to_choose_or_none() -> None:
    every = {entry.words for entry in (*registry.COMMANDS, *registry.GROUPS)}
    assert PRINTING.keys() == ANSWERS.keys()
    assert every - PRINTING.keys() == NOT_CHOOSING


@pytest.mark.parametrize(
    ("line", "name"),
    [
        (f"{words} {more}".strip(), name)
        for name, more in (("SORT", ""), ("CLEAR", "v1"), ("BY", ""), ("KIND", ""), ("REDACT", ""))
        for words in LISTS[name]
    ],
)
def test_other_lists_are_those_that_the_program_tells(visitors: Visitors, line: str, name: str) -> None:
    words = line.removesuffix(" v1")
    found = listed(visitors(*line.split(), f"--{name.lower()}", UNKNOWN, code=2))
    assert {one for one in found if not one.endswith(".KEY")} == {*closed_list(words, name)}


@pytest.mark.parametrize("words", IMPORTS)
def test_mappings_are_those_for_what_is_imported(visitors: Visitors, names: dict[str, Path], words: str) -> None:
    refused = visitors(*words.split(), str(names["rows"]), "--mapping", UNKNOWN, code=2).stderr
    for name in READY_MADE:
        assert name in refused
        tried = visitors(*words.split(), str(names["rows"]), "--mapping", name, code=None).stderr
        assert (name in closed_list(words, "MAPPING")) == (", not for " not in tried)
    assert closed_list(words, "MAPPING")[-2:] == ("auto", "none")
