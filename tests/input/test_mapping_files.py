from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Visitors = Callable[..., Any]
Take = Callable[..., Any]


@pytest.fixture
def take(visitors: Visitors, tmp_path: Path) -> Take:
    """Import rows with a mapping: `take("contacts", mapping, rows)`, the mapping as YAML below `version`."""

    def import_by_mapping(
        noun: str, mapping: str, rows: Any, *options: str, code: int = 0, name: str = "x.json"
    ) -> Any:
        (tmp_path / "m.yaml").write_text(f"version: 1\nname: mine\n{mapping}")
        (tmp_path / name).write_text(rows if isinstance(rows, str) else json.dumps(rows))
        command = () if noun == "visitors" else (noun,)
        file = (str(tmp_path / name), "--mapping", str(tmp_path / "m.yaml"))
        return visitors(*command, "import", *file, *options, code=code)

    return import_by_mapping


def contacts(visitors: Visitors) -> Any:
    return visitors("contacts", "list", "--reverse", "--format", "json").json


FIELDS = "contacts: {fields: {id: id, name: name}}\n"


@pytest.mark.parametrize(
    "rows",
    [
        '{"data": {"page": 1, "people": [{"id": "a", "name": "A"}, {"id": "b", "name": "B"}], "next": null}}',
        '{"data":\n {"people": [{"id": "a", "name": "A"}, {"id": "b", "name": "B"}]}}',
        '{"data": {"people": {"id": "a", "name": "A"}}}\n{"data": {"people": [{"id": "b", "name": "B"}]}}\n',
        '[{"data": {"people": {"id": "a", "name": "A"}}}, {"id": "b", "name": "B"}]',
        '{"id": "a", "name": "A"}\n{"id": "b", "name": "B"}\n',
    ],
)
def test_records_lie_at_a_path_of_the_file_or_of_each_row(visitors: Visitors, take: Take, rows: str) -> None:
    take("contacts", "contacts: {records: [$.data.people], fields: {id: id, name: name}}", rows)
    assert [(one["id"], one["name"]) for one in contacts(visitors)] == [("a", "A"), ("b", "B")]


def test_a_list_in_an_object_may_be_longer_than_a_line_may_be(visitors: Visitors, take: Take) -> None:
    rows = [{"id": f"c{number}", "name": "x" * 990} for number in range(4_500)]
    take("contacts", "contacts: {records: [items], fields: {id: id, name: name}}", {"items": rows, "more": False})
    assert visitors("contacts", "list", "--format", "count").stdout == "4500\n"


@pytest.mark.parametrize("broken", ['{"items": [{"id": "a"} {"id": "b"}]}', '{"items": [{"id": "a"}', '{"items" 1}'])
def test_a_file_that_ends_early_or_is_broken_is_refused(take: Take, broken: str) -> None:
    mapping = "contacts: {records: [items], fields: {id: id}}"
    assert "is not JSON" in take("contacts", mapping, broken, "--input-format", "json", code=5).stderr


RULES = [
    ("name: {from: [a, b.0.c]}", {"a": "", "b": [{"c": "x"}]}, "x"),
    ("name: [a, b]", {"a": "x", "b": "y"}, "x"),
    ("name: {from: [a, b], join: ' '}", {"a": "x", "b": "y"}, "x y"),
    ("name: {from: [a, b], join: ' '}", {"a": "x", "b": None}, "x"),
    ("name: {constant: X}", {"a": 1}, "X"),
    ("name: {from: a, prefix: p-}", {"a": 7}, "p-7"),
    ("name: {from: a, values: {Yes: ja}}", {"a": " yes "}, "ja"),
    ("name: {from: a, values: {yes: ja}, else: nein}", {"a": "what"}, "nein"),
    ("name: {from: a, values: {yes: ja}}", {"a": None}, None),
    ("name: {from: a, when: {b: [1, true]}}", {"a": "x", "b": True}, "x"),
    ("name: {from: a, when: {b: [1]}}", {"a": "x", "b": 2}, None),
    ("name: {from: a, when: {b: [null]}}", {"a": "x"}, "x"),
    ("name: a.b.c", {"a": {"b": {"c": 7.5}}}, "7.5"),
]


@pytest.mark.parametrize(("rule", "row", "name"), RULES)
def test_a_rule_makes_a_field(visitors: Visitors, take: Take, rule: str, row: dict[str, Any], name: str | None) -> None:
    take("contacts", f"contacts: {{fields: {{id: id, {rule}}}, drop: [a, b]}}", [{"id": "c", **row}])
    (found,) = contacts(visitors)
    assert found["name"] == name


@pytest.mark.parametrize(
    ("rule", "value", "at"),
    [
        ("t", "2026-01-01", "2026-01-01T00:00:00.000Z"),
        ("{from: t, time: seconds}", 1767225600.5, "2026-01-01T00:00:00.500Z"),
        ("{from: t, time: seconds}", "86400", "1970-01-02T00:00:00.000Z"),
        ("{from: t, time: milliseconds}", 1767225600123, "2026-01-01T00:00:00.123Z"),
        ("{from: t, time: microseconds}", 1767225600123456, "2026-01-01T00:00:00.123Z"),
        ("{from: t, time: {zone: Europe/Berlin}}", "2026-01-01 01:00:00", "2026-01-01T00:00:00.000Z"),
        ("{from: t, time: {zone: Europe/Berlin}}", "2026-01-01T00:00:00Z", "2026-01-01T00:00:00.000Z"),
    ],
)
def test_times_have_many_forms(visitors: Visitors, take: Take, rule: str, value: Any, at: str) -> None:
    take("contacts", f"contacts: {{fields: {{id: id, createdAt: {rule}}}}}", [{"id": "c", "t": value}])
    assert contacts(visitors)[0]["createdAt"] == at


def test_neither_zero_nor_text_is_a_time(take: Take, visitors: Visitors) -> None:
    mapping = "contacts: {fields: {id: id, deletedAt: {from: t, time: seconds}}}"
    take("contacts", mapping, [{"id": "c", "t": 0}])
    assert contacts(visitors)[0]["deletedAt"] is None
    assert "'soon' is not a time" in take("contacts", mapping, [{"id": "c", "t": "soon"}], code=5).stderr


def test_columns_become_metadata_or_are_dropped_and_others_are_an_error(visitors: Visitors, take: Take) -> None:
    mapping = "contacts: {fields: {id: id, name: name}, metadata: [plan, custom.*, tags], drop: [x_*, gone]}"
    row = {
        "id": "c", "name": "C", "plan": "pro", "custom": {"seats": 5, "deep": {"er": True}}, "tags": ["a", "b"],
        "x_1": 1, "gone": {"a": {"b": 2}}, "nothing": {},
    }  # fmt: skip
    take("contacts", mapping, [row])
    assert contacts(visitors)[0]["metadata"] == {"plan": "pro", "seats": 5, "deep.er": True, "tags": '["a","b"]'}
    answer = take("contacts", mapping, [{**row, "more": {"x": 1}}], code=5)
    assert "item 1: column 'more.x' matches no field" in answer.stderr
    assert "1 unchanged" in take("contacts", mapping, [{**row, "more": {"x": 1}}], "--ignore-unknown").stderr


def test_a_value_that_a_field_refuses_may_become_metadata_or_nothing(visitors: Visitors, take: Take) -> None:
    rows = [{"id": "c", "mail": "h4sh=="}, {"id": "d", "mail": "d@example.com"}]
    take("contacts", "contacts: {fields: {id: id, email: {from: mail, invalid: metadata}}}", rows)
    assert [(one["email"], one["metadata"]) for one in contacts(visitors)] == [
        (None, {"mail": "h4sh=="}), ("d@example.com", {}),
    ]  # fmt: skip
    mapping = "visitors: {fields: {id: id, language: {from: l, invalid: drop}}}"
    take("visitors", mapping, [{"id": "v", "l": "???"}])
    assert visitors("list", "--format", "json").json[0]["language"] is None


def test_more_of_a_person_than_who_it_is_is_nobodys(visitors: Visitors, take: Take) -> None:
    mapping = "visitors: {fields: {id: id, email: mail, name: name}, metadata: [plan]}"
    take("visitors", mapping, [{"id": "v", "mail": None, "name": "V", "plan": "pro"}, {"id": "w", "mail": "w@x.org"}])
    assert [one["contact"] and one["contact"]["email"] for one in visitors("list", "--format", "json").json] == [
        "w@x.org", None,
    ]  # fmt: skip


def test_records_and_messages_may_be_skipped(visitors: Visitors, take: Take) -> None:
    mapping = """
conversations:
  skip: {draft: [true]}
  fields: {id: id, visitorId: who}
  messages:
    - {from: first, fields: {body: text}, drop: [kind]}
    - {from: more.items, skip: {kind: [note]}, fields: {body: text, agent: {from: by, when: {kind: [agent]}}}}
  drop: [draft]
"""
    more = {"items": [{"kind": "note", "text": "!"}, {"kind": "agent", "by": "bo", "text": "Yes"}, {"text": " "}]}
    rows = [{"id": "k", "who": "v", "first": {"kind": "q", "text": "Hi"}, "more": more}, {"id": "l", "draft": True}]
    assert "1 created, 1 blank; 2 new messages" in take("conversations", mapping, rows).stderr
    messages = visitors("conversations", "show", "k", "--format", "json").json["messages"]
    assert [(one["body"], one["agent"]) for one in messages] == [("Hi", None), ("Yes", "bo")]
    bad = [{"id": "k2", "who": "v", "more": {"items": [{"text": "x", "odd": 1}]}}]
    answer = take("conversations", mapping, bad, code=5)
    assert "more.items.0: column 'odd' matches no field" in answer.stderr


def test_map_goes_before_the_mapping(visitors: Visitors, take: Take) -> None:
    rows = [{"id": "c", "name": "C", "other": "D"}]
    take("contacts", FIELDS, rows, "--map", "name=other")
    assert contacts(visitors)[0]["name"] == "D"


def test_bad_rows_are_set_aside_unchanged_and_import_once_corrected(
    visitors: Visitors, take: Take, tmp_path: Path
) -> None:
    rejects = tmp_path / "rejects.ndjson"
    mapping = "contacts: {records: [people], fields: {id: id, email: contact.mail}}"
    rows = {"people": [{"id": "a", "contact": {"mail": "none"}}, {"id": "b", "contact": {"mail": "b@example.com"}}]}
    take("contacts", mapping, rows, "--keep-going", "--rejects", str(rejects), code=5)
    take("contacts", mapping, rejects.read_text().replace("none", "a@example.com"), name="again.ndjson")
    assert [one["email"] for one in contacts(visitors)] == ["b@example.com", "a@example.com"]


@pytest.mark.parametrize(
    ("text", "place", "reason"),
    [
        ("contacts: {}", "line 1, column 1", "version must be 1"),
        ("version: 2", "line 1, column 10", "version must be 1"),
        ("version: 1", "line 1, column 1", "the mapping has no visitors"),
        ("version: 1\nvisitor: {}", "line 2, column 1", "unknown key 'visitor'"),
        ("version: 1\nvisitors: {fields: {speed: x}}", "line 2, column 21", "visitors have no field 'speed'"),
        ("version: 1\ncontacts: {fields: {id: {prefix: x}}}", "line 2, column 25", "the source of id is missing"),
        (
            "version: 1\ncontacts: {fields: {id: {from: x, time: days}}}",
            "line 2, column 41",
            "'days' is not valid",
        ),
        (
            "version: 1\ncontacts: {fields: {id: {from: x, invalid: drop}}}",
            "line 2, column 44",
            "be used for id",
        ),
        (
            "version: 1\ncontacts: {fields: {id: {from: x, constant: y}}}",
            "line 2, column 35",
            "two sources: from and co",
        ),
        ("version: 1\ncontacts: {fields: {name: {from: x, else: y}}}", "line 2, column 37", "else needs values"),
        ("version: 1\ncontacts: {fields: {name: {constant: x, join: y}}}", "line 2, column 41", "join needs from"),
        ("version: 1\ncontacts: {fields: {createdAt: {from: x, time: {}}}}", "line 2, column 48", "zone of the time"),
        (
            "version: 1\ncontacts: {fields: {createdAt: {from: x, time: {zone: CETT}}}}",
            "line 2, column 55",
            "zone 'CETT' is not an IANA time zone",
        ),
        ("version: 1\ncontacts: {fields: {id: {frm: x}}}", "line 2, column 26", "unknown key 'frm'"),
        ("version: 1\ncontacts: {relink: true}", "line 2, column 12", "contacts have no relink"),
        ("version: 1\nvisitors: {relink: perhaps}", "line 2, column 20", "'perhaps' is not valid"),
        ("version: 1\nvisitors: {on-existing: merge}", "line 2, column 25", "'merge' is not valid"),
        ("version: 1\ncontacts: {fields: 7}", "line 2, column 20", "expected a mapping, found a number"),
        ("version: 1\ncontacts: {messages: []}", "line 2, column 12", "contacts have no messages"),
        ("version: 1\nconversations: {metadata: [x]}", "line 2, column 17", "conversations have no metadata"),
        (
            "version: 1\nconversations: {messages: [{fields: {}}]}",
            "line 2, column 28",
            "'from' is missing",
        ),
        ("version: 1\nconversations: {messages: [{from: x, fields: {by: y}}]}", "line 2, column 47", "field 'by'"),
        ("version: 1\ncontacts: *all", "line 2, column 11", "aliases"),
    ],
)
def test_an_invalid_mapping_is_refused_with_its_position(
    visitors: Visitors, tmp_path: Path, text: str, place: str, reason: str
) -> None:
    file = tmp_path / "m.yaml"
    file.write_text(text)
    answer = visitors("contacts", "import", "-", "--mapping", str(file), input='{"id": "a"}', code=5)
    assert answer.stderr.startswith(f"error: {file}, {place}: ")
    assert reason in answer.stderr


@pytest.mark.parametrize(
    ("kind", "name", "page"),
    [
        ("contacts", "zendesk", '{"users": [], "next_page": null, "count": 0}'),
        ("conversations", "zendesk", '{"tickets": [], "count": 0}'),
        ("contacts", "intercom", '{"type": "list", "data": [], "total_count": 0}'),
        ("contacts", "zendesk", "[]"),
    ],
)
def test_an_empty_page_of_the_mapping_asked_for_is_nothing(visitors: Visitors, kind: str, name: str, page: str) -> None:
    answer = visitors(kind, "import", "-", "--mapping", name, input=page)
    assert answer.stderr.startswith("imported 0 rows: nothing")
    for other in ('{"error": "unauthorized"}', '{"data": {"users": []}}', "{}", "[{}]"):
        refused = visitors(kind, "import", "-", "--mapping", name, input=other, code=5)
        assert f"standard input does not fit the mapping {name}" in refused.stderr


def test_a_mapping_is_asked_for_by_its_name_or_its_file(visitors: Visitors, take: Take) -> None:
    answer = visitors("import", "-", "--mapping", "zendsk", input='{"id": "a"}', code=2)
    assert answer.stderr.splitlines()[0] == "error: unknown mapping 'zendsk'"
    assert "cossistant" in answer.stderr
    answer = visitors("import", "-", "--mapping", "./none.yaml", input='{"id": "a"}', code=3)
    assert "file ./none.yaml not found" in answer.stderr
    answer = visitors("import", "-", "--mapping", "zendesk", input='{"id": "a"}', code=5)
    assert answer.stderr.splitlines() == [
        "error: zendesk is for contacts and conversations, not for visitors",
        "hint: visitors contacts import FILE --mapping zendesk",
    ]
    answer = visitors("contacts", "import", "-", "--mapping", "zendesk", input='{"id": "a"}', code=5)
    assert "standard input does not fit the mapping zendesk" in answer.stderr
    assert "users: role, ticket_restriction" in answer.stderr
    answer = take(
        "contacts", "contacts: {recognise: ['!nick', {kind: [person]}], fields: {id: id}}", [{"id": 1}], code=5
    )
    assert "does not fit the mapping mine" in answer.stderr


def test_what_becomes_of_each_column_is_explained_and_nothing_written(visitors: Visitors, take: Take) -> None:
    mapping = "contacts: {fields: {id: id, name: {constant: X}, createdAt: [a, b]}, metadata: [plan], drop: [junk]}"
    rows = [{"id": "c", "b": "2026-01-01", "plan": 5, "junk": {"x": 1}}, {"id": "?"}]
    answer = take("contacts", mapping, rows, "--explain-mapping")
    assert answer.lines == [
        "row\tcolumn\tvalue\toutcome\tfield\tresult",
        "1\tid\tc\tfield\tcontact.id\tc",
        "1\tb\t2026-01-01\tfield\tcontact.createdAt\t2026-01-01",
        "1\tplan\t5\tmetadata\tcontact.metadata.plan\t5",
        "1\tjunk.x\t1\tdropped\t\t",
        "1\t\t\tconstant\tcontact.name\tX",
        "2\tid\t?\tfield\tcontact.id\t?",
        "2\t\t\tconstant\tcontact.name\tX",
        "2\tid\t\trefused\tcontact.id\tcontact.id '?' is not a valid id",
    ]
    assert visitors("contacts", "list", code=6).stdout == ""


def test_columns_that_are_fields_are_explained_without_a_mapping(visitors: Visitors) -> None:
    answer = visitors("import", "-", "--explain-mapping", "--format", "json", input="id,email\na,a@example.com\n")
    assert [(line["column"], line["field"]) for line in answer.json] == [("id", "id"), ("email", "contact.email")]


def test_a_file_that_no_mapping_knows_is_read_as_it_is(visitors: Visitors) -> None:
    answer = visitors("import", "-", input="id,colour\na,red\n", code=5)
    assert answer.stderr.splitlines()[0] == "error: standard input: column 'colour' matches no field"
    for text in ('{"id": "a", "colour": ', "[", "[1, 2]", '[{"id"', "\x00\n"):
        visitors("import", "-", "--input-format", "json", input=text, code=5)


def test_python_takes_a_mapping_too(tmp_path: Path) -> None:
    import visitors as package

    file = tmp_path / "m.yaml"
    file.write_text("version: 1\nname: mine\ncontacts: {records: [who], fields: {id: no, name: n.full}}")
    with package.open_store(":memory:") as store:
        assert store.contacts.import_([{"no": 1, "n": {"full": "Ada"}}], mapping=file).created == 1
        assert [one.name for one in store.contacts.list()] == ["Ada"]
        people = tmp_path / "users.ndjson"
        people.write_text('{"no": 2}\n')
        assert store.contacts.import_(people, mapping=file).created == 1


def test_the_contact_of_a_visitor_does_not_make_it_a_contact(visitors: Visitors) -> None:
    visitors("create", "--id", "v")
    visitors("identify", "v", "--email", "v@example.com")
    (row,) = visitors("export", "--format", "json").json
    again = ("import", "-", "--input-format", "ndjson", "--on-existing", "update")
    assert "1 unchanged" in visitors(*again, input=json.dumps({**row, "reject.line": 1})).stderr
    answer = visitors(*again, input=json.dumps({**row, "colour": "red"}), code=5)
    assert "column 'colour' matches no field" in answer.stderr
