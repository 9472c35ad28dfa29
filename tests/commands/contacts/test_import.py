from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Visitors = Callable[..., Any]
Everything = Callable[[], Any]

NOW = "2026-03-10T00:00:00.000Z"
LATER = "2026-03-11T00:00:00.000Z"
OWN = "id,externalId,name,email,image,metadata,metadataHash,isBlocked,createdAt,updatedAt,deletedAt"


@pytest.fixture
def take(visitors: Visitors) -> Callable[..., Any]:
    """Import contacts, given as JSON values, or a text."""

    def import_contacts(rows: list[dict[str, Any]] | str, *arguments: str, code: int = 0, now: str = NOW) -> Any:
        text = rows if isinstance(rows, str) else "".join(json.dumps(row) + "\n" for row in rows)
        return visitors("contacts", "import", "-", *arguments, input=text, code=code, now=now)

    return import_contacts


def contacts(visitors: Visitors, *arguments: str) -> Any:
    return visitors("contacts", "list", "--reverse", *arguments, "--format", "json", now=NOW).json


def test_a_contact_comes_in_with_all_that_is_known_of_it(visitors: Visitors, take: Callable[..., Any]) -> None:
    row = {
        "id": "ada", "externalId": "u1", "email": "ADA@example.com", "name": "Ada", "image": "a.png",
        "metadata": {"plan": "pro", "seats": 5}, "isBlocked": True,
        "createdAt": "2025-01-01T00:00:00Z", "updatedAt": "2025-02-01T00:00:00Z", "deletedAt": None,
    }  # fmt: skip
    assert "imported 1 row: 1 created" in take([row]).stderr
    (found,) = contacts(visitors)
    assert found.pop("metadataHash")
    assert found == {
        **row, "email": "ada@example.com", "createdAt": "2025-01-01T00:00:00.000Z",
        "updatedAt": "2025-02-01T00:00:00.000Z", "visitorCount": 0, "lastSeenAt": None,
    }  # fmt: skip
    assert visitors("list", "--format", "count").stdout == "0\n"


def test_its_own_exports_come_back_in_and_give_the_same_bytes(visitors: Visitors, tmp_path: Path) -> None:
    visitors("seed", "--count", "60", now=NOW)
    ids = visitors("contacts", "list", "--format", "ids").lines
    visitors("block", "--contact", ids[3])
    for format_ in ("csv", "tsv", "json", "ndjson"):
        command = ("contacts", "list", "--reverse", "--format", format_)
        exported = visitors(*command, "--fields", OWN).stdout
        file = tmp_path / f"contacts.{format_}"
        file.write_text(visitors(*command).stdout)
        other = ("--db", str(tmp_path / f"{format_}.db"))
        assert f"{len(ids)} created" in visitors("contacts", "import", str(file), *other, now=NOW).stderr
        assert visitors(*command, "--fields", OWN, *other).stdout == exported
        assert f"{len(ids)} unchanged" in visitors("contacts", "import", str(file), *other, now=LATER).stderr
        assert visitors("history", *other, "--format", "count").stdout == "1\n"


def test_a_person_who_is_there_is_found_by_the_identity_rules(visitors: Visitors, take: Callable[..., Any]) -> None:
    take([{"id": "ada", "email": "ada@example.com", "metadata": {"plan": "free", "n": 1}}])
    told = {"email": "Ada@example.com", "externalId": "u1", "name": "Ada", "metadata": {"plan": "pro"}}
    assert "1 updated" in take([told], now=LATER).stderr
    (found,) = contacts(visitors)
    assert (found["id"], found["externalId"], found["name"]) == ("ada", "u1", "Ada")
    assert found["metadata"] == {"plan": "pro", "n": 1}
    assert "1 unchanged" in take([told], now=LATER).stderr


def test_another_id_of_a_person_leads_to_the_contact(visitors: Visitors, take: Callable[..., Any]) -> None:
    take([{"id": "one", "email": "ada@example.com"}, {"id": "two", "email": "ada@example.com", "name": "Ada"}])
    assert [one["id"] for one in contacts(visitors)] == ["one"]
    assert visitors("contacts", "show", "two", "--format", "json").json["id"] == "one"
    rows = [{"id": "two", "email": "ada@example.com"}]
    assert "1 unchanged" in take(rows, now=LATER).stderr
    assert visitors("contacts", "import", "-", "--format", "ids", input=json.dumps(rows[0])).stdout == ""
    visitors("db", "check", "--quiet")
    visitors("undo")
    assert contacts(visitors) == []
    visitors("db", "check", "--quiet")


def test_what_to_do_with_those_who_are_there_can_be_said(visitors: Visitors, take: Callable[..., Any]) -> None:
    take([{"id": "ada", "email": "ada@example.com"}])
    rows = [{"email": "ada@example.com", "name": "Ada"}, {"email": "bo@example.com"}]
    answer = take(rows, "--on-existing", "error", "--format", "json", code=4)
    assert answer.error["code"] == "contact_exists"
    assert len(contacts(visitors)) == 1
    assert "1 created, 1 skipped" in take(rows, "--on-existing", "skip").stderr
    assert [one["name"] for one in contacts(visitors)] == [None, None]


def test_one_row_and_another_of_the_same_file_are_one_person(visitors: Visitors, take: Callable[..., Any]) -> None:
    take("email,metadata.plan,metadata.seats\na@example.com,pro,\na@example.com,,5\n")
    (found,) = contacts(visitors)
    assert found["metadata"] == {"plan": "pro", "seats": "5"}


def test_two_people_in_one_row_are_refused_or_settled_as_said(visitors: Visitors, take: Callable[..., Any]) -> None:
    take([{"id": "a", "externalId": "u1"}, {"id": "b", "email": "b@example.com"}])
    both = [{"externalId": "u1", "email": "b@example.com"}]
    assert take(both, "--format", "json", code=4).error["code"] == "contact_conflict"
    take(both, "--on-conflict", "merge")
    assert [(one["externalId"], one["email"]) for one in contacts(visitors)] == [("u1", "b@example.com")]


def test_a_deleted_person_is_not_revived(take: Callable[..., Any], visitors: Visitors) -> None:
    take([{"id": "a", "email": "a@example.com"}])
    visitors("contacts", "delete", "a")
    assert take([{"id": "a", "name": "Ada"}], "--format", "json", code=4).error["code"] == "contact_deleted"


def test_all_or_nothing_or_the_good_rows_with_the_bad_ones_set_aside(
    visitors: Visitors, take: Callable[..., Any], everything: Everything, tmp_path: Path
) -> None:
    visitors("create", "--id", "old")
    text = "email,name,isBlocked\na@example.com,A,\nnone,B,\n,C,\n,,\nd@example.com,D,true\n"
    before = everything()
    answer = take(text, code=5)
    assert answer.stderr.startswith("error: standard input, line 3, column 'email': ")
    take(text, "--dry-run", code=5)
    assert everything() == before
    rejects = tmp_path / "rejects.csv"
    answer = take(text, "--keep-going", "--rejects", str(rejects), code=5)
    assert "imported 5 rows: 2 created, 1 blank, 2 rejected" in answer.stderr
    assert [row["name"] for row in csv.DictReader(io.StringIO(rejects.read_text()))] == ["B", "C"]
    assert [(one["name"], one["isBlocked"]) for one in contacts(visitors)] == [("A", False), ("D", True)]
    rejects.write_text(rejects.read_text().replace("none", "b@example.com").replace("C", ""))
    assert "1 created, 1 blank" in visitors("contacts", "import", str(rejects)).stderr


def test_one_operation_takes_all_of_it_back(visitors: Visitors, take: Callable[..., Any]) -> None:
    take([{"id": "a", "email": "a@example.com"}])
    before = contacts(visitors)
    take([{"id": "a", "name": "Ada", "isBlocked": True}, {"id": "b", "email": "b@example.com"}], now=LATER)
    assert visitors("history", "--format", "count").stdout == "2\n"
    visitors("undo")
    assert contacts(visitors) == before


def test_what_was_written_is_shown_on_demand(take: Callable[..., Any]) -> None:
    answer = take([{"id": "a", "email": "a@example.com"}, {"id": "b", "email": "b@example.com"}], "--format", "ids")
    assert answer.lines == ["a", "b"]
    assert take([{"id": "a"}, {"id": "b", "name": "Bo"}], "--fields", "id,name").lines == ["id\tname", "b\tBo"]


def test_columns_may_have_other_names(visitors: Visitors, take: Callable[..., Any]) -> None:
    maps = ("--map", "externalId=User ID", "--map", "metadata.plan=Tier")
    take("User ID,E-Mail,Tier\nu1,a@example.com,pro\n", *maps, "--map", "email=E-Mail")
    (found,) = contacts(visitors)
    assert (found["externalId"], found["email"], found["metadata"]) == ("u1", "a@example.com", {"plan": "pro"})
    answer = take("User ID,E-Mail,Tier\nu1,a@example.com,pro\n", *maps, code=5)
    assert answer.stderr.splitlines() == [
        "error: standard input: column 'E-Mail' matches no field", "hint: did you mean email? --map email=E-Mail",
    ]  # fmt: skip
    answer = take("email\na@example.com\n", "--map", "language=email", code=2)
    assert "unknown field 'language'" in answer.stderr


@pytest.mark.parametrize("options", [(), ("--ignore-unknown",), ("--on-existing", "update", "--keep-going")])
@pytest.mark.parametrize("format_", ["csv", "ndjson"])
def test_import_refuses_contacts_and_says_which_command_takes_them(
    visitors: Visitors, everything: Everything, tmp_path: Path, options: tuple[str, ...], format_: str
) -> None:
    visitors("contacts", "create", "--id", "ada", "--email", "ada@example.com")
    file = tmp_path / f"contacts.{format_}"
    file.write_text(visitors("contacts", "list", "--format", format_).stdout)
    before = everything()
    answer = visitors("import", str(file), *options, code=5)
    assert "the file contains contacts, not visitors" in answer.stderr
    if "--keep-going" not in options:
        assert "hint: visitors contacts import FILE" in answer.stderr
    assert everything() == before


def test_contacts_can_come_with_the_ids_of_visitors(visitors: Visitors) -> None:
    text = "device,id,email,metadataHash\nv1,c1,a@example.com,\n"
    visitors("import", "-", "--map", "id=device", "--ignore-unknown", input=text)
    assert visitors("list", "--format", "ids").lines == ["v1"]


def test_a_file_of_visitors_is_refused(visitors: Visitors, take: Callable[..., Any]) -> None:
    visitors("create", "--id", "v1")
    visitors("identify", "v1", "--email", "a@example.com")
    answer = take(visitors("export", "--format", "csv").stdout, "--ignore-unknown", code=5)
    assert answer.stderr == "error: the file contains visitors, not contacts\nhint: visitors import FILE\n"


def test_a_row_that_leads_to_a_contact_leaves_the_one_with_its_email_if_external_ids_win(
    visitors: Visitors, take: Callable[..., Any]
) -> None:
    rows = [
        {"id": "ada", "externalId": "u1"},
        {"id": "bob", "externalId": "u2", "email": "b@example.com"},
        {"id": "old", "externalId": "u1", "email": "b@example.com", "name": "Ada"},
    ]
    take(rows, "--on-existing", "update", "--on-conflict", "external-id-wins")
    assert {one["id"]: (one["name"], one["email"]) for one in contacts(visitors)} == {
        "ada": ("Ada", None),
        "bob": (None, "b@example.com"),
    }
    assert visitors("contacts", "show", "old", "--format", "json").json["id"] == "ada"
