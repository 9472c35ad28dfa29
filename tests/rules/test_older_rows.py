"""An older row of an import does not overwrite what a newer one said, in whichever order they come."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Callable, Mapping, Sequence
from itertools import permutations
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from visitors import VisitorStore, open_store

Visitors = Callable[..., Any]

DAYS = [f"2026-0{month}-01T00:00:00.000Z" for month in range(1, 6)]
UPDATE = ("--on-existing", "update")


@pytest.fixture
def path(tmp_path: Path) -> Callable[..., Path]:
    """Write rows to a file, and return its path."""

    def write(*rows: Mapping[str, Any]) -> Path:
        file = tmp_path / "rows.ndjson"
        file.write_text("".join(f"{json.dumps(row)}\n" for row in rows))
        return file

    return write


def by_time(day: str) -> dict[str, Any]:
    """A visitor and its contact, both updated then."""
    return {
        "id": "v1",
        "city": f"City of {day}",
        "updatedAt": day,
        "contact": {"externalId": "u1", "name": f"Name of {day}", "metadata": {"plan": day}, "updatedAt": day},
    }


def by_visit(day: str) -> dict[str, Any]:
    """What a visitor said when seen then."""
    row = by_time(day)
    return {**row, "updatedAt": None, "lastSeenAt": day, "contact": {**row["contact"], "updatedAt": None}}


def state(store: VisitorStore) -> tuple[Any, ...]:
    (visitor,) = store.list()
    assert visitor.contact is not None
    return visitor.city, visitor.contact.name, dict(visitor.contact.metadata)


@pytest.mark.parametrize("row", [by_time, by_visit])
@pytest.mark.parametrize("days", list(permutations(DAYS[:3])))
@pytest.mark.parametrize("at_once", [True, False], ids=["one file", "three files"])
def test_the_newest_row_wins_in_every_order(
    row: Callable[[str], dict[str, Any]], days: Sequence[str], *, at_once: bool
) -> None:
    with open_store(":memory:") as store:
        rows = [row(day) for day in days]
        for some in [rows] if at_once else [[one] for one in rows]:
            store.import_(some, on_existing="update")
        assert state(store) == (f"City of {DAYS[2]}", f"Name of {DAYS[2]}", {"plan": DAYS[2]})
        again = store.import_(rows, on_existing="update")
        assert (again.unchanged, again.rows_outdated) == (3, 2 if row is by_time else 0)


@pytest.mark.parametrize("days", list(permutations(DAYS[:3])))
def test_the_newest_row_of_a_contact_wins_in_every_order(days: Sequence[str]) -> None:
    with open_store(":memory:") as store:
        rows = [{"id": "c1", "name": f"Name of {day}", "metadata": {"plan": day}, "updatedAt": day} for day in days]
        for one in rows:
            store.contacts.import_([one], on_existing="update")
        (contact,) = store.contacts.list()
        assert (contact.name, contact.metadata["plan"], contact.updated_at) == (
            f"Name of {DAYS[2]}", DAYS[2], DAYS[2],
        )  # fmt: skip
        again = store.contacts.import_(rows, on_existing="update")
        assert (again.unchanged, again.rows_outdated) == (3, 2)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(st.sampled_from(["Oslo", "Bonn"]), st.sampled_from(["Ada", "Bob"])), min_size=2, max_size=4),
    st.randoms(use_true_random=False),
)
def test_rows_that_say_the_same_again_count_too(said: list[tuple[str, str]], luck: Any) -> None:
    rows = [
        {"id": "v1", "city": city, "updatedAt": day, "contact": {"id": "c1", "name": name, "updatedAt": day}}
        for day, (city, name) in zip(DAYS, said, strict=False)
    ]
    shuffled = luck.sample(rows, len(rows))
    with open_store(":memory:") as store:
        for one in shuffled:
            store.import_([one], on_existing="update")
        (visitor,) = store.list()
        assert visitor.contact is not None
        last = DAYS[len(rows) - 1]
        assert (visitor.city, visitor.contact.name) == said[-1]
        assert (visitor.updated_at, visitor.contact.updated_at) == (last, last)


def test_an_older_row_fills_blanks(visitors: Visitors, path: Callable[..., Path]) -> None:
    new, old = by_time(DAYS[1]), by_time(DAYS[0])
    del new["city"], new["contact"]["metadata"]
    visitors("import", str(path(new)))
    done = visitors("import", str(path({**old, "region": "Viken"})), *UPDATE)
    assert done.stderr.startswith("imported 1 row: 1 updated\n1 row had values older than those in the store")
    shown = visitors("show", "v1", "--format", "json").json
    assert (shown["city"], shown["region"]) == (f"City of {DAYS[0]}", "Viken")
    assert (shown["contact"]["name"], shown["contact"]["metadata"]) == (f"Name of {DAYS[1]}", {"plan": DAYS[0]})
    assert (shown["updatedAt"], shown["contact"]["updatedAt"]) == (DAYS[1], DAYS[1])


@pytest.mark.parametrize(
    ("command", "row", "field"),
    [
        ("import", {"id": "v1", "city": "Oslo", "lastSeenAt": DAYS[0], "updatedAt": DAYS[0]}, "city"),
        ("contacts import", {"id": "c1", "name": "Ada", "updatedAt": DAYS[0]}, "name"),
    ],
)
def test_values_that_were_kept_are_counted_and_the_advice_overwrites_them(
    visitors: Visitors, path: Callable[..., Path], command: str, row: dict[str, Any], field: str
) -> None:
    file = str(path(row))
    visitors(*command.split(), file)
    visitors("update", "v1", "--city", "Bonn", code=None)
    visitors("track", "v1", "--city", "Bonn", code=None)
    visitors("contacts", "update", "c1", "--name", "Bob", code=None)

    done = visitors(*command.split(), file, *UPDATE)
    assert done.stderr.startswith(
        "imported 1 row: 1 unchanged\n1 row had values older than those in the store, which were left out"
    )
    advised = re.findall(r"--map \S+=", done.stderr)
    done = visitors(*command.split(), file, *UPDATE, *shlex.split(" ".join(advised)))
    assert done.stderr == "imported 1 row: 1 updated\n"
    shown = visitors(*("show v1" if command == "import" else "contacts show c1").split(), "--format", "json").json
    assert shown[field] == row[field]


def test_an_older_row_that_merges_does_not_overwrite_what_the_merged_contact_said() -> None:
    with open_store(":memory:") as store:
        survivor = {"id": "c1", "externalId": "u1", "updatedAt": DAYS[1]}
        other = {"id": "c2", "email": "ada@example.com", "name": "Ada", "metadata": {"plan": "pro"}}
        store.contacts.import_([survivor, {**other, "updatedAt": DAYS[1]}])
        told = {"externalId": "u1", "email": "ada@example.com", "name": "Bob", "metadata": {"plan": "free", "seats": 5}}
        row = {"id": "v1", "contact": {**told, "image": "https://example.com/bob", "updatedAt": DAYS[0]}}
        store.import_([row], on_conflict="merge")
        (contact,) = store.contacts.list()
        assert (contact.name, contact.email, contact.image) == ("Ada", "ada@example.com", "https://example.com/bob")
        assert contact.metadata == {"plan": "pro", "seats": 5}


def test_a_name_that_is_kept_out_as_its_visitor_was_updated_since_is_counted() -> None:
    with open_store(":memory:") as store:
        new, old = by_time(DAYS[1]), by_time(DAYS[0])
        for row in (new, old):
            del row["city"], row["contact"]["updatedAt"]
        store.import_([new])
        done = store.import_([old], on_existing="update")
        assert (done.unchanged, done.rows_outdated) == (1, 1)
        (visitor,) = store.list()
        assert visitor.contact is not None
        assert visitor.contact.name == f"Name of {DAYS[1]}"


def test_a_name_that_is_kept_out_of_the_contact_of_a_new_visitor_is_counted() -> None:
    with open_store(":memory:") as store:
        store.import_([by_time(DAYS[1])])
        done = store.import_([{**by_time(DAYS[0]), "id": "v2"}])
        assert (done.created, done.rows_outdated) == (1, 1)
        assert {one.contact.name for one in store.list() if one.contact} == {f"Name of {DAYS[1]}"}


def test_an_export_can_be_edited_and_imported_again_and_again(visitors: Visitors, tmp_path: Path) -> None:
    visitors("create", "--id", "v1", "--city", "Oslo")
    visitors("identify", "v1", "--external-id", "u1", "--name", "Ada")
    exported = visitors("export", "--format", "csv").stdout
    file = tmp_path / "edited.csv"
    for city, name in (("Bonn", "Bob"), ("Rome", "Cleo")):
        file.write_text(exported.replace("Oslo", city).replace("Ada", name))
        assert visitors("import", str(file), *UPDATE).stderr == "imported 1 row: 1 updated\n"
        shown = visitors("show", "v1", "--format", "json").json
        assert (shown["city"], shown["contact"]["name"]) == (city, name)


def test_a_contact_keeps_the_earliest_creation(visitors: Visitors, path: Callable[..., Path]) -> None:
    visitors("contacts", "create", "--id", "c1", "--name", "Ada")
    for day, created in ((DAYS[1], DAYS[1]), (DAYS[2], DAYS[1]), (DAYS[0], DAYS[0])):
        visitors("contacts", "import", str(path({"id": "c1", "createdAt": day})), *UPDATE)
        assert visitors("contacts", "show", "c1", "--format", "json").json["createdAt"] == created


def test_an_older_row_that_merges_two_contacts_fills_what_both_lack() -> None:
    with open_store(":memory:") as store:
        store.contacts.import_(
            [
                {"id": "c1", "externalId": "u1", "updatedAt": DAYS[1]},
                {"id": "c2", "email": "ada@example.com", "name": "Ada", "metadata": {"plan": 2}, "updatedAt": DAYS[1]},
            ]
        )
        row = {"name": "Bob", "image": "https://example.com/b.png", "metadata": {"plan": 1, "seats": 1}}
        row |= {"externalId": "u1", "email": "ada@example.com", "updatedAt": DAYS[0]}
        done = store.contacts.import_([row], on_existing="update", on_conflict="merge")
        (contact,) = store.contacts.list()
        assert (contact.id, contact.name, contact.image) == ("c1", "Ada", row["image"])
        assert contact.metadata == {"plan": 2, "seats": 1}
        assert (done.updated, done.rows_outdated) == (1, 1)
