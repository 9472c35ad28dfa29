"""The Python API: the same operations as the commands, returning domain values."""

from __future__ import annotations

import ipaddress
import json
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import msgspec
import pytest

import visitors
from visitors import api
from visitors.api import results
from visitors.domain.visitor import Visitor
from visitors.errors import CheckFailed, Conflict, InvalidData, NotFound, StoreProblem, UsageProblem, VisitorsError

Cli = Callable[..., Any]
NOW = "2026-03-01T12:00:00.000Z"


@pytest.fixture
def store(store_path: Path) -> Iterator[visitors.VisitorStore]:
    with visitors.open_store(store_path, now=NOW, actor="ada") as opened:
        yield opened


def ids(found: Any) -> list[str]:
    return [one.id for one in found]


def test_importing_visitors_imports_nothing_else() -> None:
    script = "import sys, visitors; print([name for name in sys.modules if name.startswith(('visitors.', 'msgspec'))])"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


def test_what_calls_give_back_has_a_name_in_the_package() -> None:
    own = {name for name, value in vars(results).items() if getattr(value, "__module__", "") == results.__name__}

    assert len(own) > 4
    assert own <= {*api.__all__}


def test_an_unknown_name_raises_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = visitors.nothing  # type: ignore[attr-defined]


def test_every_call_is_one_operation_under_its_commands_name(
    store: visitors.VisitorStore, request: pytest.FixtureRequest
) -> None:
    store.track("a", language="en")
    store.create("b")
    store.update("a", "b", os="Linux")
    store.identify("a", email="ada@example.com")
    store.block("b", reason="spam")
    store.unblock("b")
    store.contacts.block("ada@example.com")
    store.contacts.unblock("ada@example.com")
    other = store.contacts.create(name="Other")
    store.contacts.update(other.id, image="x.png")
    store.contacts.delete(other.id)
    store.contacts.restore(other.id)
    store.contacts.merge("ada@example.com", other.id)
    store.contacts.split("ada@example.com", "a", email="new@example.com")
    talk = store.conversations.start("b", message="Hi")
    store.conversations.reply(talk.id, "Hello", agent="bo")
    store.conversations.resolve(talk.id)
    store.conversations.reopen(talk.id)
    store.conversations.spam(talk.id)
    store.unidentify("a")
    store.delete("a")
    store.restore("a")
    store.import_([{"id": "c"}])
    store.contacts.import_([{"id": "kim", "email": "kim@example.com"}])
    store.conversations.import_([{"id": "talk", "contactId": "kim", "messages": [{"body": "Hi"}]}])
    store.seed(3)
    store.fixtures.apply({"version": 1, "visitors": {"d": {"language": "de"}}})
    store.erase("d")
    store.contacts.erase("new@example.com")
    found = request.getfixturevalue("visitors")("history", "--limit", "0", "--format", "json").json
    assert [one["command"] for one in reversed(found)] == [
        "track", "create", "update", "identify", "block", "unblock", "block", "unblock", "contacts create",
        "contacts update", "contacts delete", "contacts restore", "contacts merge", "contacts split",
        "conversations start", "conversations reply", "conversations resolve", "conversations reopen",
        "conversations spam", "unidentify", "delete", "restore", "import", "contacts import",
        "conversations import", "seed", "fixtures apply", "erase", "contacts erase",
    ]  # fmt: skip
    assert {(one["actor"], one["at"]) for one in found} == {("ada", NOW)}


def test_erasing_gives_the_receipt_and_says_whether_the_files_are_wiped(store: visitors.VisitorStore) -> None:
    store.identify(store.create("a").id, email="ada@example.com")
    store.create("b")
    erased = store.contacts.erase("ada@example.com")
    assert (erased.receipt.counts.visitors, erased.receipt.by, erased.is_wiped) == (1, "ada", True)
    assert store.erase("b", vacuum=False).is_wiped is False
    assert store.count() == 0
    with pytest.raises(NotFound):
        store.erase("b")
    with pytest.raises(UsageProblem, match="no visitors given"):
        store.erase()


@pytest.mark.parametrize("path", [":memory:", ":temp:"])
def test_erasing_from_a_temporary_store_needs_no_wiping(path: str) -> None:
    with visitors.open_store(path) as store:
        store.create("a")
        assert store.erase("a").is_wiped
        assert store.find("a") is None


def test_a_call_gives_the_domains_values(store: visitors.VisitorStore) -> None:
    tracked = store.track("a", language="en-gb", browser_version="7", current_page={"path": "/"})
    assert tracked.resolved_by == "created"
    assert isinstance(tracked.visitor, Visitor)
    assert (tracked.visitor.language, tracked.visitor.browser_version) == ("en-GB", "7")
    assert tracked.visitor.current_page == {"path": "/"}
    found = store.identify("a", external_id="u-1", metadata={"seats": 5})
    assert (found.outcome, found.rule) == ("created", "created")
    assert found.visitor.contact is not None
    assert found.visitor.contact.metadata == {"seats": 5}
    assert store.identify("a", external_id="u-1").outcome == "unchanged"
    assert store.find("a") == found.visitor
    assert store.find("nobody") is None
    assert store.contacts.find("ext:u-1") == found.visitor.contact
    assert store.contacts.find("ext:u-2") is None
    assert ids(store.show("a").devices) == []
    assert ids(store.contacts.show("ext:u-1").devices) == ["a"]


def test_what_it_does_the_command_shows_and_the_other_way_round(
    store: visitors.VisitorStore, request: pytest.FixtureRequest
) -> None:
    cli = request.getfixturevalue("visitors")
    store.create("a", language="de")
    assert cli("show", "a", "--format", "json").json["language"] == "de"
    cli("block", "a")
    found = store.find("a")
    assert found is not None
    assert found.is_blocked


def test_a_list_comes_some_at_a_time_while_the_store_is_changed(store: visitors.VisitorStore) -> None:
    store.import_({"id": f"v{number:04}"} for number in range(1_203))
    seen = []
    for visitor in store.list():
        seen.append(visitor.id)
        if len(seen) % 400 == 1:
            store.block(visitor.id)
    assert seen == [f"v{number:04}" for number in reversed(range(1_203))]
    assert store.count(blocked=True) == 4
    assert len(list(store.list(limit=501))) == 501
    assert ids(store.list(sort="id", limit=2, after="v0600")) == ["v0601", "v0602"]
    assert ids(store.list(sort="created_at", reverse=True, limit=1)) == ["v0000"]


def test_a_list_goes_on_when_what_it_has_listed_is_erased(store: visitors.VisitorStore) -> None:
    store.import_({"id": f"v{number:04}"} for number in range(502))
    for number, visitor in enumerate(store.list(sort="id"), start=1):
        if number == 500:
            store.erase(visitor.id, vacuum=False)
    assert number == 502
    assert store.find("v0499") is None


def test_a_list_does_not_begin_again_when_what_it_is_sorted_by_changes(store: visitors.VisitorStore) -> None:
    store.import_({"id": f"v{number:04}", "lastSeenAt": "2026-02-20"} for number in range(502))
    seen = []
    for visitor in store.list(sort="last_seen_at"):
        seen.append(visitor.id)
        if len(seen) % 250 == 0:
            store.track(visitor.id)
    assert seen == [f"v{number:04}" for number in reversed(range(502))]


def test_what_a_file_is_can_be_said_or_shows_in_it(store: visitors.VisitorStore, tmp_path: Path) -> None:
    file = tmp_path / "of-another-system.log"
    file.write_text('{"id": "a"}\n{"id": "b"}\n')

    assert store.import_(file).created == 2
    assert store.import_(file, input_format="ndjson", on_existing="skip").skipped == 2
    with pytest.raises(InvalidData, match="not JSON"):
        store.import_(file, input_format="json")
    with pytest.raises(UsageProblem, match="cannot read xml"):
        store.import_(file, input_format="xml")  # type: ignore[arg-type]


@pytest.mark.parametrize("several", [set, frozenset, list, iter])
def test_a_filter_takes_any_collection_of_values(
    store: visitors.VisitorStore, several: Callable[[set[str]], Any]
) -> None:
    for browser in ("Firefox", "Chrome", "Safari"):
        store.create(browser, browser=browser)
    assert store.count(browser=several({"Firefox", "Chrome"})) == 2


@pytest.mark.parametrize("value", [{"Firefox": 1}, b"Firefox", [None], [["Firefox"]], {}])
@pytest.mark.parametrize("name", ["browser", "metadata", "contact"])
def test_what_is_no_value_of_a_filter_is_refused(store: visitors.VisitorStore, name: str, value: Any) -> None:
    store.create("kept")
    with pytest.raises(UsageProblem, match=f"{name} takes texts, not (dict|bytes|NoneType|list)"):
        store.delete(**{name: value})
    none: Any = {"os": "iOS", name: []}
    with pytest.raises(UsageProblem, match=f"{name} has no value"):
        store.delete(**none)
    assert ids(store.list()) == ["kept"]


def test_a_network_is_one_value(store: visitors.VisitorStore) -> None:
    store.create("near", ip="192.0.2.7")
    network: Any = ipaddress.ip_network("192.0.2.0/24")
    assert store.count(ip=network) == 1


def test_metadata_to_filter_by_is_no_dict(store: visitors.VisitorStore) -> None:
    for plan in ("pro", "trial"):
        store.create(plan)
        store.identify(plan, external_id=plan, metadata={"plan": plan})
    wanted: Any = {"plan": "trial"}
    for choose in (store.delete, store.contacts.count):
        with pytest.raises(UsageProblem, match="metadata takes texts, not dict") as raised:
            choose(metadata=wanted)
        assert raised.value.hint == "use K (present), K=V or K!=V"
    assert ids(store.delete(metadata=["plan=trial"])) == ["trial"]


def test_conversations_cannot_be_filtered_by_metadata(store: visitors.VisitorStore) -> None:
    wanted: Any = {"metadata": "plan=pro"}
    with pytest.raises(TypeError, match="metadata"):
        store.conversations.list(**wanted)


def test_the_time_of_made_up_visitors_is_not_empty(store: visitors.VisitorStore) -> None:
    with pytest.raises(InvalidData, match="now '' is not a time"):
        store.seed(1, now="")


def test_a_selection_chooses_as_the_options_do(store: visitors.VisitorStore) -> None:
    store.import_(
        [
            {
                "id": "a",
                "language": "de-AT",
                "lastSeenAt": "2026-02-20",
                "email": "a@example.com",
                "metadata": {"p": 1},
            },
            {"id": "b", "language": "de", "lastSeenAt": "2026-01-01"},
            {"id": "c", "language": "fr"},
        ]
    )
    assert ids(store.list(language="de")) == ["b", "a"]
    assert ids(store.list(seen_since="30d")) == ["a"]
    assert ids(store.list(seen_since=datetime(2026, 2, 20, tzinfo=UTC))) == ["a"]
    assert ids(store.list(seen_until=datetime(2026, 2, 20, 1, tzinfo=timezone(timedelta(hours=2))))) == ["b"]
    assert ids(store.list(metadata="p")) == ids(store.list(metadata=["p=1"])) == ["a"]
    assert ids(store.list(contact="a@example.com")) == ["a"]
    assert store.count(never_seen=True) == 1
    store.expect(3)
    store.expect(1, 2, language="de")
    with pytest.raises(CheckFailed, match="expected none, found 1: c"):
        store.expect(0, 0, language="fr")
    assert ids(store.delete(language="de")) == ["a", "b"]
    assert ids(store.restore(deleted=True)) == ["a", "b"]
    assert ids(store.block(everything=True)) == ["a", "b", "c"]
    with pytest.raises(InvalidData):
        store.list(language="?")


@pytest.mark.parametrize(
    ("chosen", "found"),
    [
        ({}, ["c", "b", "a"]),
        ({"search": "ada"}, ["a"]),
        ({"blocked": True}, ["b"]),
        ({"blocked": False}, ["c", "a"]),
        ({"deleted": True}, ["d"]),
        ({"sort": "name"}, ["c", "a", "b"]),
        ({"sort": "external_id"}, ["b", "a", "c"]),
        ({"reverse": True}, ["a", "b", "c"]),
        ({"limit": 2}, ["c", "b"]),
        ({"after": "c"}, ["b", "a"]),
    ],
)
def test_contacts_are_listed_and_counted_as_chosen(
    store: visitors.VisitorStore, chosen: dict[str, Any], found: list[str]
) -> None:
    store.contacts.create("a", name="Ada", external_id="2")
    store.contacts.create("b", name="Bea", external_id="1")
    store.contacts.create("c", external_id="3")
    store.contacts.create("d", name="Ada")
    store.contacts.block("b")
    store.contacts.delete("d")

    assert ids(store.contacts.list(**chosen)) == found
    if chosen.keys() <= {"search", "blocked", "deleted"}:
        assert store.contacts.count(**chosen) == len(found)


def test_an_import_reports_blocks_that_are_newer_in_the_store(store: visitors.VisitorStore) -> None:
    store.create("a")
    store.block("a", reason="spam")
    done = store.import_([{"id": "a", "isBlocked": False, "updatedAt": "2020-01-01T00:00:00Z"}], on_existing="update")
    assert (done.blocks_left_standing, done.blocks_not_taken) == (1, 0)
    assert store.show("a").is_blocked


def test_contacts_that_may_be_one_person_are_found(
    store: visitors.VisitorStore, contacts_with_one_email: Callable[..., None], tmp_path: Path
) -> None:
    assert list(store.contacts.duplicates()) == []
    loaded = tmp_path / "loaded.db"
    contacts_with_one_email("A", "B", db=loaded)

    with visitors.open_store(loaded) as other:
        other.contacts.create("C", email="cleo@example.com")
        (found,) = other.contacts.duplicates()
    assert (found.email, sorted(found.contact_ids)) == ("shared@example.com", ["A", "B"])


@pytest.mark.parametrize(
    ("chosen", "found"),
    [
        ({}, ["third", "second", "first"]),
        ({"visitor": "laptop"}, ["first"]),
        ({"contact": "ext:ada"}, ["second", "first"]),
        ({"status": "resolved"}, ["first"]),
        ({"priority": "high"}, ["third"]),
        ({"visitor": "tablet", "contact": "ext:ada", "status": "open", "priority": "low"}, ["second"]),
        ({"sort": "status"}, ["second", "third", "first"]),
        ({"reverse": True}, ["first", "second", "third"]),
        ({"limit": 2}, ["third", "second"]),
        ({"after": "third"}, ["second", "first"]),
    ],
)
def test_conversations_are_listed_as_chosen(
    store: visitors.VisitorStore, chosen: dict[str, Any], found: list[str]
) -> None:
    for visitor, person in (("laptop", "ada"), ("tablet", "ada"), ("phone", "bea")):
        store.create(visitor)
        store.identify(visitor, external_id=person)
    talks = {
        "first": store.conversations.start("laptop").id,
        "second": store.conversations.start("tablet", priority="low").id,
        "third": store.conversations.start("phone", priority="high").id,
    }
    store.conversations.resolve(talks["first"])
    if "after" in chosen:
        chosen = {**chosen, "after": talks[chosen["after"]]}

    assert ids(store.conversations.list(**chosen)) == [talks[one] for one in found]


@pytest.mark.parametrize("whom", [{"visitor": "nobody"}, {"contact": "ext:nobody"}])
def test_conversations_of_no_visitor_are_not_those_of_everybody(
    store: visitors.VisitorStore, whom: dict[str, Any]
) -> None:
    store.create("laptop")
    store.conversations.start("laptop")

    with pytest.raises(NotFound):
        store.conversations.list(**whom)


@pytest.mark.parametrize("verb", ["block", "unblock", "delete", "restore", "erase"])
def test_changing_contacts_without_naming_any_is_refused(store: visitors.VisitorStore, verb: str) -> None:
    store.contacts.create("a")
    before = list(store.contacts.list())

    with pytest.raises(UsageProblem, match="no contacts given"):
        getattr(store.contacts, verb)()
    assert list(store.contacts.list()) == before


@pytest.mark.parametrize("verb", ["resolve", "reopen", "spam"])
def test_changing_conversations_without_naming_any_is_refused(store: visitors.VisitorStore, verb: str) -> None:
    with pytest.raises(UsageProblem, match="no conversations given"):
        getattr(store.conversations, verb)()


def test_a_block_with_other_terms_replaces_the_one_before(store: visitors.VisitorStore) -> None:
    store.identify(store.create("a").id, external_id="u")
    store.block("a", reason="spam", for_="1h")
    (blocked,) = store.block("a")
    assert (blocked.block_reason, blocked.block_expires_at) == ("spam", None)
    store.contacts.block("ext:u", for_="1h")
    store.contacts.block("ext:u", for_="2h")
    assert [one.expires_at for one in store.contacts.show("ext:u").blocks if one.lifted_at is None] == [
        "2026-03-01T14:00:00.000Z"
    ]


def test_unblocking_a_selection_leaves_those_whose_contact_is_blocked(store: visitors.VisitorStore) -> None:
    store.identify(store.create("a").id, external_id="u")
    store.create("b")
    store.block(everything=True)
    store.contacts.block("ext:u")
    assert [(one.id, one.is_blocked) for one in store.unblock(everything=True)] == [("a", True), ("b", False)]
    with pytest.raises(Conflict, match="has no effect"):
        store.unblock("a")


def test_undo_takes_back_the_newest_of_the_same_actor(
    store: visitors.VisitorStore, request: pytest.FixtureRequest
) -> None:
    store.create("a")
    cli: Cli = request.getfixturevalue("visitors")
    cli("create", "--id", "b", "--as", "cron")
    assert [one.actor for one in store.undo().operations] == ["ada"]
    assert ids(store.list()) == ["b"]
    with pytest.raises(NotFound, match="nothing by ada"):
        store.undo()


def test_the_attribution_is_how_a_visitor_first_came(store: visitors.VisitorStore) -> None:
    first, later = {"utm": "spring"}, {"utm": "summer"}
    store.track("a")
    assert store.track("a", attribution=first).visitor.attribution == first
    assert store.track("a", attribution=later).visitor.attribution == first
    store.update("a", clear=["attribution"])
    assert store.track("a", attribution=later).visitor.attribution == later


@pytest.mark.parametrize("verb", ["block", "unblock", "delete", "restore", "unidentify", "update"])
def test_none_is_not_everybody(store: visitors.VisitorStore, verb: str) -> None:
    store.create("a")
    arguments = {"os": "Linux"} if verb == "update" else {}
    with pytest.raises(UsageProblem, match="no visitors given"):
        getattr(store, verb)(**arguments)


def test_what_is_refused_raises_the_errors_of_the_commands_and_writes_nothing(store: visitors.VisitorStore) -> None:
    store.create("a")
    store.create("b")
    before = list(store.export())
    for call, error in (
        (lambda: store.create("a"), Conflict),
        (lambda: store.show("nobody"), NotFound),
        (lambda: store.block("a", "nobody"), NotFound),
        (lambda: store.block("a", until="2020-01-01"), InvalidData),
        (lambda: store.block("a", for_="1d", until="2027-01-01"), UsageProblem),
        (lambda: store.update("a"), UsageProblem),
        (lambda: store.update("a", clear=["nothing"]), UsageProblem),
        (lambda: store.track("a", timezone="Mars/Olympus"), InvalidData),
        (lambda: store.identify("a", external_id="null"), InvalidData),
        (lambda: store.create("guest"), InvalidData),
        (lambda: store.track("undefined"), InvalidData),
        (lambda: store.track(fingerprint="{}"), InvalidData),
        (lambda: store.contacts.merge("x@example.com"), UsageProblem),
        (lambda: store.contacts.update("x@example.com", name="X"), NotFound),
        (lambda: store.conversations.reply("x", "Hi"), UsageProblem),
        (lambda: store.list(sort="shoe_size"), UsageProblem),
        (lambda: store.conversations.reply("x", "Hi", visitor="a", agent="bo"), UsageProblem),
        (lambda: store.conversations.start("a", priority="huge"), UsageProblem),  # type: ignore[arg-type]
        (lambda: store.conversations.stats(per="year"), UsageProblem),  # type: ignore[call-overload]
        (lambda: store.conversations.stats(time="updated_at"), UsageProblem),
        (lambda: store.identify("a", external_id="u-9", on_conflict="win"), UsageProblem),  # type: ignore[arg-type]
        (lambda: store.stats(per="year"), UsageProblem),  # type: ignore[call-overload]
        (lambda: store.stats(per="day", time="createdAt"), UsageProblem),  # type: ignore[call-overload]
        (lambda: store.stats("os", time="blocked_at"), UsageProblem),
        (lambda: store.stats("os", top=-1), UsageProblem),
        (lambda: store.stats(per="day", top=3), UsageProblem),
        (lambda: store.expect(5, 3), UsageProblem),
        (lambda: store.seed(-1), UsageProblem),
        (lambda: store.seed(seed=2**64), UsageProblem),
        (store.fixtures.apply, UsageProblem),
        (lambda: store.fixtures.apply({"version": 1, "visitor": {}}), InvalidData),
        (lambda: store.fixtures.apply({"version": object()}), InvalidData),
        (lambda: store.import_([{"id": "a", "os": "X"}], on_existing="replace"), UsageProblem),  # type: ignore[arg-type]
        (lambda: store.import_([{"id": "c"}], on_conflict="win"), UsageProblem),  # type: ignore[arg-type]
        (lambda: store.contacts.import_([{"name": "C"}], on_existing="add"), UsageProblem),  # type: ignore[arg-type]
        (lambda: store.import_([{"id": "c"}, {"id": "a"}]), Conflict),
        (lambda: store.import_([{"id": "c"}, ["d"]]), InvalidData),  # type: ignore[list-item]
        (lambda: store.import_([{"id": datetime.now(tz=UTC)}]), InvalidData),
    ):
        with pytest.raises(error):
            call()
    assert list(store.export()) == before


def test_fields_are_cleared_by_their_python_names(store: visitors.VisitorStore) -> None:
    store.create("a", browser_version="7")
    assert store.update("a", clear=["browser_version"])[0].browser_version is None
    store.contacts.create("c", external_id="u-1", email="a@example.com")
    assert store.contacts.update("c", clear=["external_id"]).external_id is None


def test_one_field_to_clear_need_not_be_a_list(store: visitors.VisitorStore) -> None:
    store.create("a", language="de")
    assert store.update("a", clear="language")[0].language is None
    store.identify("a", external_id="u-1", name="Ada", metadata={"plan": "pro", "p": 1})
    found = store.identify("a", external_id="u-1", clear="name", unset="plan").visitor.contact
    assert found is not None
    assert (found.name, found.metadata) == (None, {"p": 1})


def test_one_locale_and_one_word_for_nothing_need_not_be_lists(store: visitors.VisitorStore) -> None:
    store.seed(3, locales="de-DE")
    assert [group.value for group in store.stats("language")] == ["de-DE"]
    store.import_([{"id": "a", "os": "N/A", "browser": "N"}], nulls="N/A")
    assert [(one.os, one.browser) for one in store.list(browser="N")] == [(None, "N")]


@pytest.mark.parametrize(
    "call",
    [
        lambda store, unknown: store.track(**unknown),
        lambda store, unknown: store.create(**unknown),
        lambda store, unknown: store.update("a", language="de", **unknown),
        lambda store, unknown: store.identify("a", external_id="u-2", **unknown),
        lambda store, unknown: store.contacts.create(external_id="u-2", **unknown),
        lambda store, unknown: store.contacts.update("ext:u-1", name="Ada", **unknown),
        lambda store, unknown: store.contacts.split("ext:u-1", "a", **unknown),
        lambda store, unknown: store.list(**unknown),
    ],
)
def test_an_unknown_argument_is_a_type_error(
    store: visitors.VisitorStore, call: Callable[[visitors.VisitorStore, dict[str, str]], object]
) -> None:
    store.create("a")
    store.identify("a", external_id="u-1")
    before = store.contacts.count()
    with pytest.raises(TypeError, match="argument 'mail'"):
        call(store, {"mail": "ada@example.com"})
    assert store.contacts.count() == before


def test_export_and_import_carry_everything_there_and_back(store: visitors.VisitorStore, tmp_path: Path) -> None:
    store.seed(50, 7)
    rows = list(store.export())
    with visitors.open_store(":memory:", now=NOW) as other:
        assert other.import_(rows)[:2] == (50, 0)
        assert list(other.export()) == rows
        assert other.import_(store.export(), on_existing="skip").skipped == 50
    file = tmp_path / "rows.ndjson"
    file.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    with visitors.open_store(":memory:", now=NOW) as other:
        assert other.import_(file).created == 50
        assert list(other.export()) == rows
    assert store.import_(store.export(), on_existing="update").unchanged == 50


def test_an_import_may_set_bad_rows_aside_and_take_other_names(store: visitors.VisitorStore) -> None:
    aside: list[tuple[dict[str, Any], VisitorsError]] = []
    rows = [{"uid": "a", "lang": "de"}, {"uid": "b", "lang": "?"}, {"uid": "a", "lang": "de"}]
    taken = store.import_(
        rows, columns={"id": "uid", "language": "lang"}, reject=lambda row, error: aside.append((row, error))
    )
    assert taken[:6] == (1, 0, 0, 0, 2, 0)
    assert [row["uid"] for row, _ in aside] == ["b", "a"]
    assert [error.code for _, error in aside] == ["invalid_language", "visitor_exists"]


def test_fixtures_are_files_or_their_content(store: visitors.VisitorStore, tmp_path: Path) -> None:
    store.seed(20)
    whole = store.fixtures.dump()
    file = tmp_path / "all.json"
    file.write_text(json.dumps(whole), encoding="utf-8")
    with visitors.open_store(":memory:", now=NOW, actor="ada") as other:
        assert other.fixtures.diff(file)
        assert other.fixtures.apply(file)
        assert other.fixtures.apply(str(file)) == other.fixtures.apply(whole) == other.fixtures.diff(whole) == []
        assert other.fixtures.dump() == whole
    assert len(store.fixtures.dump(identified=True)["visitors"]) == store.count(identified=True)


def test_the_time_is_fixed_or_a_function(store_path: Path) -> None:
    moments: Iterator[str | datetime] = iter([datetime(2026, 1, 1, tzinfo=UTC), "2026-01-02", datetime(2026, 1, 3)])  # noqa: DTZ001 - means UTC
    with visitors.open_store(store_path, now=lambda: next(moments)) as store:
        assert [store.create(one).created_at[:10] for one in "abc"] == ["2026-01-01", "2026-01-02", "2026-01-03"]
    with visitors.open_store(store_path, now=datetime(2026, 2, 1, tzinfo=UTC)) as store:
        assert store.create("d").created_at == "2026-02-01T00:00:00.000Z"
    with pytest.raises(InvalidData):
        visitors.open_store(store_path, now="yesterday")


def test_the_clock_and_the_actor_are_those_of_the_command_unless_said(
    store_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> None:
    monkeypatch.setenv("VISITORS_NOW", "2026-05-05T00:00:00Z")
    with visitors.open_store() as store:
        assert (store.path, store.name, store.actor) == (store_path, str(store_path), "tester")
        assert store.create("a").created_at == "2026-05-05T00:00:00.000Z"
    assert request.getfixturevalue("visitors")("list", "--format", "ids").lines == ["a"]


def test_a_store_is_made_unless_it_must_be_there(store_path: Path) -> None:
    with pytest.raises(StoreProblem, match="no store found"):
        visitors.open_store(store_path, create=False)
    visitors.open_store(store_path).close()
    visitors.open_store(store_path, create=False).close()


def test_a_path_that_no_system_has_is_refused() -> None:
    with pytest.raises(UsageProblem, match="contains a NUL character"):
        visitors.open_store("a\0b.db")


def test_a_call_within_a_call_is_refused_and_the_outer_one_undone(store: visitors.VisitorStore) -> None:
    def rows() -> Iterator[dict[str, str]]:
        yield {"id": "a"}
        store.create("b")

    with pytest.raises(UsageProblem, match="create cannot start while another call is running"):
        store.import_(rows())
    assert store.count() == 0


def test_two_threads_with_a_store_each_share_the_file(store_path: Path) -> None:
    def write(name: str) -> None:
        with visitors.open_store(store_path) as store:
            for number in range(20):
                store.create(f"{name}{number}")

    threads = [threading.Thread(target=write, args=(name,)) for name in "ab"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with visitors.open_store(store_path) as store:
        assert store.count() == 40


def test_a_contact_that_exists_may_be_asked_for(store: visitors.VisitorStore) -> None:
    made = store.contacts.create(email="new@example.com")
    assert store.contacts.create(email="New@example.com", exist_ok=True) == made
    with pytest.raises(Conflict):
        store.contacts.create(email="new@example.com")


def test_a_filter_may_have_several_values(store: visitors.VisitorStore) -> None:
    for language in ("de", "fr", "it"):
        store.create(f"of-{language}", language=language)
    assert {one.id for one in store.list(language=["de", "FR"])} == {"of-de", "of-fr"}
    assert [one.id for one in store.list(language="it")] == ["of-it"]


def test_contacts_and_conversations_come_in_as_they_are_given_out(store: visitors.VisitorStore, tmp_path: Path) -> None:
    store.seed(30)
    people = [msgspec.to_builtins(one) for one in store.contacts.list(reverse=True)]
    talks = [msgspec.to_builtins(store.conversations.show(one.id)) for one in store.conversations.list(reverse=True)]
    rejected: list[dict[str, Any]] = []
    with visitors.open_store(tmp_path / "copy.db") as copy:
        taken = copy.contacts.import_(people)
        assert (taken.created, taken.unchanged) == (len(people), 0)
        talked = copy.conversations.import_([*talks, {"id": "x"}], reject=lambda row, _: rejected.append(row))
        assert talked == (len(talks), 0, 0, 1, 0, sum(len(talk["messages"]) for talk in talks))
        assert rejected == [{"id": "x"}]
        assert copy.contacts.import_(people, on_existing="skip").skipped == len(people)
        assert copy.conversations.import_(talks).unchanged == len(talks)
        again = [msgspec.to_builtins(copy.conversations.show(talk["id"])) for talk in talks]
        assert again == talks


def test_a_bad_row_is_named_by_its_number(store: visitors.VisitorStore) -> None:
    with pytest.raises(visitors.InvalidData) as refused:
        store.import_([{"id": "a"}, {"id": "-"}])
    assert refused.value.message.startswith("rows, item 2, column 'id': ")
