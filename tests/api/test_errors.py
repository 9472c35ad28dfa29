"""The errors in the docstrings of the API: each is raised, and each error that is raised here is documented."""

from __future__ import annotations

import inspect
import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from visitors import errors
from visitors.api import Contacts, Conversations, Fixtures, VisitorStore, open_store

Call = Callable[[VisitorStore], object]
NOW = "2026-03-01T12:00:00.000Z"
CLASSES = {"": VisitorStore, "contacts.": Contacts, "conversations.": Conversations, "fixtures.": Fixtures}
DOCUMENTED = {
    f"{group}{name}": member
    for group, class_ in CLASSES.items()
    for name, member in vars(class_).items()
    if not name.startswith("_") and inspect.isfunction(member)
} | {"open_store": open_store}


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store with what the calls need to fail: two people, and what is deleted, blocked and ambiguous."""
    path = tmp_path_factory.mktemp("template") / "visitors.db"
    with open_store(path, now=NOW, actor="ada") as store:
        store.identify(store.create("linked-1").id, external_id="u-1", email="ada@example.com")
        store.identify(store.create("linked-2").id, external_id="u-2", email="bo@example.com")
        store.contacts.block("ext:u-2")
        store.contacts.create("same-1", email="same@example.com")
        store.contacts.create("same-2", name="Sam")
        store.delete(store.create("deleted-1").id)
        store.block(store.create("blocked-1").id)
        store.create("talker-1")
        store.conversations.import_([{"id": f"talk-{number}", "visitorId": "talker-1"} for number in (1, 2)])
    return path


@pytest.fixture
def store(template: Path, tmp_path: Path) -> Iterator[VisitorStore]:
    path = Path(shutil.copy(template, tmp_path))
    with open_store(path, now=NOW, actor="ada", create=False) as opened:
        yield opened


def selections(name: str, call: Callable[..., Any]) -> list[tuple[str, type[Exception], Call]]:
    """What may be wrong with a selection of visitors."""
    return [
        (name, errors.UsageProblem, lambda s: call(s, never_seen=True, seen_since="1d")),
        (name, errors.InvalidData, lambda s: call(s, ip="no address")),
        (name, errors.NotFound, lambda s: call(s, contact="nobody")),
        (name, errors.Conflict, lambda s: call(s, contact="same-")),
    ]


def named(
    name: str,
    method: Callable[[VisitorStore], Callable[..., Any]],
    conflict: str | None,
    /,
    *more: Any,
    **others: Any,
) -> list[tuple[str, type[Exception], Call]]:
    """What may be wrong with a name."""
    cases: list[tuple[str, type[Exception], Call]] = [
        (name, errors.NotFound, lambda s: method(s)("nobody", *more, **others)),
        *(
            [(name, errors.InvalidData, lambda s: method(s)("no email@", *more, **others))]
            if name.startswith("contacts.")
            else []
        ),
    ]
    if conflict is not None:
        cases.append((name, errors.Conflict, lambda s: method(s)(conflict, *more, **others)))
    return cases


CASES: list[tuple[str, type[Exception], Call]] = [
    ("open_store", errors.StoreProblem, lambda _: open_store("/nowhere/visitors.db", create=False)),
    ("open_store", errors.UsageProblem, lambda _: open_store("folder/")),
    ("open_store", errors.InvalidData, lambda _: open_store(":memory:", now="soon")),
    ("track", errors.InvalidData, lambda s: s.track("v", timezone="Nowhere")),
    ("track", errors.Conflict, lambda s: s.track("deleted-1")),
    ("create", errors.InvalidData, lambda s: s.create("null")),
    ("create", errors.Conflict, lambda s: s.create("linked-1")),
    ("find", errors.Conflict, lambda s: s.find("linked-")),
    *named("show", lambda s: s.show, "linked-"),
    *named("identify", lambda s: s.identify, "deleted-1", email="new@example.com"),
    ("identify", errors.UsageProblem, lambda s: s.identify("linked-1")),
    ("identify", errors.UsageProblem, lambda s: s.identify("linked-1", name="Ada", clear=["name"])),
    ("identify", errors.InvalidData, lambda s: s.identify("linked-1", email="not an email")),
    ("identify", errors.Conflict, lambda s: s.identify("linked-1", external_id="u-2")),
    *selections("list", lambda s, **chosen: list(s.list(**chosen))),
    ("list", errors.UsageProblem, lambda s: list(s.list(sort="nothing"))),
    ("list", errors.NotFound, lambda s: list(s.list(after="nobody"))),
    *selections("export", lambda s, **chosen: list(s.export(**chosen))),
    *selections("count", lambda s, **chosen: s.count(**chosen)),
    *selections("expect", lambda s, **chosen: s.expect(0, **chosen)),
    ("expect", errors.CheckFailed, lambda s: s.expect(100)),
    *named("update", lambda s: s.update, "deleted-1", os="Linux"),
    ("update", errors.UsageProblem, lambda s: s.update("linked-1")),
    ("update", errors.InvalidData, lambda s: s.update("linked-1", ip="no address")),
    ("update", errors.UsageProblem, lambda s: s.update("linked-1", os="Linux", clear=["os"])),
    *named("unidentify", lambda s: s.unidentify, "deleted-1"),
    ("unidentify", errors.UsageProblem, lambda s: s.unidentify()),
    ("unidentify", errors.InvalidData, lambda s: s.unidentify(ip="no address")),
    *named("block", lambda s: s.block, "deleted-1"),
    ("block", errors.UsageProblem, lambda s: s.block()),
    ("block", errors.InvalidData, lambda s: s.block(ip="no address")),
    ("block", errors.UsageProblem, lambda s: s.block("linked-1", for_="7d", until="2027-01-01")),
    *named("unblock", lambda s: s.unblock, "linked-2"),
    ("unblock", errors.UsageProblem, lambda s: s.unblock()),
    ("unblock", errors.InvalidData, lambda s: s.unblock(ip="no address")),
    *named("delete", lambda s: s.delete, "linked-"),
    ("delete", errors.UsageProblem, lambda s: s.delete()),
    ("delete", errors.InvalidData, lambda s: s.delete(ip="no address")),
    *named("restore", lambda s: s.restore, "linked-"),
    ("restore", errors.UsageProblem, lambda s: s.restore()),
    ("restore", errors.InvalidData, lambda s: s.restore(ip="no address")),
    ("prune", errors.UsageProblem, lambda s: s.prune("90d", identified=True)),
    ("prune", errors.InvalidData, lambda s: s.prune("long ago")),
    *named("erase", lambda s: s.erase, "linked-"),
    ("erase", errors.UsageProblem, lambda s: s.erase()),
    ("import_", errors.UsageProblem, lambda s: s.import_([{"id": "v"}], columns={"nothing": "x"})),
    ("import_", errors.NotFound, lambda s: s.import_("/nowhere.csv")),
    ("import_", errors.InvalidData, lambda s: s.import_([{"id": "v", "ip": "no address"}])),
    ("import_", errors.Conflict, lambda s: s.import_([{"id": "linked-1"}])),
    ("seed", errors.UsageProblem, lambda s: s.seed(-1)),
    ("seed", errors.InvalidData, lambda s: s.seed(1, now="soon")),
    ("seed", errors.Conflict, lambda s: [s.seed(1), s.seed(1)]),
    *selections("stats", lambda s, **chosen: s.stats(**chosen)),
    ("stats", errors.UsageProblem, lambda s: s.stats("latitude")),
    ("stats", errors.UsageProblem, lambda s: s.stats("language", per="day")),
    *named("undo", lambda s: s.undo, None),
    ("undo", errors.Conflict, lambda s: [s.contacts.erase("ext:u-1"), s.undo()]),
    ("contacts.create", errors.InvalidData, lambda s: s.contacts.create(email="not an email")),
    ("contacts.create", errors.Conflict, lambda s: s.contacts.create(email="ada@example.com")),
    ("contacts.find", errors.Conflict, lambda s: s.contacts.find("same-")),
    ("contacts.find", errors.InvalidData, lambda s: s.contacts.find("no email@")),
    *named("contacts.show", lambda s: s.contacts.show, "same-"),
    ("contacts.import_", errors.UsageProblem, lambda s: s.contacts.import_([{"id": "c"}], columns={"nothing": "x"})),
    ("contacts.import_", errors.NotFound, lambda s: s.contacts.import_("/nowhere.csv")),
    ("contacts.import_", errors.InvalidData, lambda s: s.contacts.import_([{"email": "not an email"}])),
    (
        "contacts.import_",
        errors.Conflict,
        lambda s: s.contacts.import_([{"externalId": "u-1", "email": "bo@example.com"}]),
    ),
    *named("contacts.subject_export", lambda s: s.contacts.subject_export, "same-"),
    ("contacts.list", errors.UsageProblem, lambda s: list(s.contacts.list(sort="nothing"))),
    ("contacts.list", errors.InvalidData, lambda s: list(s.contacts.list(created_since="soon"))),
    ("contacts.list", errors.NotFound, lambda s: list(s.contacts.list(after="nobody"))),
    ("contacts.count", errors.InvalidData, lambda s: s.contacts.count(created_since="soon")),
    *named("contacts.update", lambda s: s.contacts.update, "same-", name="New"),
    ("contacts.update", errors.UsageProblem, lambda s: s.contacts.update("same-1")),
    ("contacts.update", errors.UsageProblem, lambda s: s.contacts.update("same-1", name="A", clear=["name"])),
    ("contacts.update", errors.Conflict, lambda s: s.contacts.update("same-1", email="ada@example.com")),
    *named("contacts.merge", lambda s: s.contacts.merge, "same-", "ext:u-1"),
    ("contacts.merge", errors.Conflict, lambda s: s.contacts.merge("ext:u-1", "ext:u-2")),
    ("contacts.merge", errors.UsageProblem, lambda s: s.contacts.merge("same-1")),
    *named("contacts.split", lambda s: s.contacts.split, "same-", "linked-1"),
    ("contacts.split", errors.UsageProblem, lambda s: s.contacts.split("ext:u-1")),
    ("contacts.split", errors.Conflict, lambda s: s.contacts.split("ext:u-1", "linked-2")),
    *named("contacts.delete", lambda s: s.contacts.delete, "same-"),
    ("contacts.delete", errors.UsageProblem, lambda s: s.contacts.delete()),
    *named("contacts.restore", lambda s: s.contacts.restore, "same-"),
    ("contacts.restore", errors.UsageProblem, lambda s: s.contacts.restore()),
    *named("contacts.erase", lambda s: s.contacts.erase, "same-"),
    ("contacts.erase", errors.UsageProblem, lambda s: s.contacts.erase()),
    *named("contacts.block", lambda s: s.contacts.block, "same-"),
    ("contacts.block", errors.UsageProblem, lambda s: s.contacts.block()),
    ("contacts.block", errors.UsageProblem, lambda s: s.contacts.block("same-1", for_="7d", until="2027-01-01")),
    *named("contacts.unblock", lambda s: s.contacts.unblock, "same-"),
    ("contacts.unblock", errors.UsageProblem, lambda s: s.contacts.unblock()),
    *named("conversations.start", lambda s: s.conversations.start, "blocked-1"),
    ("conversations.start", errors.InvalidData, lambda s: s.conversations.start("linked-1", message="")),
    ("conversations.start", errors.UsageProblem, lambda s: s.conversations.start("a", priority="x")),  # type: ignore[arg-type]
    ("conversations.reply", errors.InvalidData, lambda s: s.conversations.reply("talk-1", "", agent="bo")),
    *named("conversations.reply", lambda s: s.conversations.reply, None, "Hello", agent="bo"),
    ("conversations.reply", errors.UsageProblem, lambda s: s.conversations.reply("talk-1", "Hello")),
    ("conversations.reply", errors.Conflict, lambda s: s.conversations.reply("talk-1", "Hello", visitor="linked-1")),
    *named("conversations.resolve", lambda s: s.conversations.resolve, "talk-"),
    *named("conversations.reopen", lambda s: s.conversations.reopen, "talk-"),
    *named("conversations.spam", lambda s: s.conversations.spam, "talk-"),
    *named("conversations.show", lambda s: s.conversations.show, "talk-"),
    *[
        (f"conversations.{name}", errors.UsageProblem, lambda s, name=name: getattr(s.conversations, name)())
        for name in ("resolve", "reopen", "spam")
    ],
    (
        "conversations.import_",
        errors.UsageProblem,
        lambda s: s.conversations.import_([{"id": "t"}], columns={"nothing": "x"}),
    ),
    ("conversations.import_", errors.NotFound, lambda s: s.conversations.import_("/nowhere.csv")),
    ("conversations.import_", errors.InvalidData, lambda s: s.conversations.import_([{"id": "t", "status": "lost"}])),
    (
        "conversations.import_",
        errors.Conflict,
        lambda s: s.conversations.import_([{"id": "t", "visitorId": "deleted-1"}]),
    ),
    ("conversations.list", errors.UsageProblem, lambda s: list(s.conversations.list(sort="nothing"))),
    *[
        case
        for name, call in (
            ("list", lambda s, **chosen: list(s.conversations.list(**chosen))),
            ("stats", lambda s, **chosen: s.conversations.stats(**chosen)),
        )
        for case in [
            (
                f"conversations.{name}",
                errors.UsageProblem,
                lambda s, call=call: call(s, unanswered=True, status="spam"),
            ),
            (f"conversations.{name}", errors.InvalidData, lambda s, call=call: call(s, since="soon")),
            (f"conversations.{name}", errors.NotFound, lambda s, call=call: call(s, visitor="nobody")),
            (f"conversations.{name}", errors.Conflict, lambda s, call=call: call(s, contact="same-")),
        ]
    ],
    ("conversations.stats", errors.UsageProblem, lambda s: s.conversations.stats("status", per="day")),
    *[
        case
        for name in ("apply", "diff")
        for case in [
            (f"fixtures.{name}", errors.UsageProblem, lambda s, name=name: getattr(s.fixtures, name)()),
            (f"fixtures.{name}", errors.NotFound, lambda s, name=name: getattr(s.fixtures, name)("/nowhere.yaml")),
            (f"fixtures.{name}", errors.InvalidData, lambda s, name=name: getattr(s.fixtures, name)({"nothing": 1})),
        ]
    ],
    (
        "fixtures.apply",
        errors.Conflict,
        lambda s: s.fixtures.apply({"version": 1, "contacts": {"new": {"email": "ada@example.com"}}}),
    ),
    *selections("fixtures.dump", lambda s, **chosen: s.fixtures.dump(**chosen)),
]


@pytest.mark.parametrize(("name", "error", "call"), CASES, ids=[f"{name}-{e.__name__}" for name, e, _ in CASES])
def test_a_documented_error_is_raised(store: VisitorStore, name: str, error: type[Exception], call: Call) -> None:
    with pytest.raises(errors.VisitorsError) as raised:
        call(store)
    assert type(raised.value) is error or error in type(raised.value).__mro__[:2], name


@pytest.mark.parametrize("name", sorted(DOCUMENTED))
def test_the_docstring_names_the_errors_that_are_tried(name: str) -> None:
    text = inspect.getdoc(DOCUMENTED[name]) or ""
    classes = {one for one, value in vars(errors).items() if inspect.isclass(value)}
    said = {word for word in re.findall(r"\b[A-Z]\w+", text) if word in classes}
    assert said == {error.__name__ for called, error, _ in CASES if called == name}
