"""Every field in `domain/fields.py` is supported everywhere that fields are used."""

from __future__ import annotations

import csv
import io
import json
import typing
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, get_args, get_type_hints

import msgspec
import pytest

import visitors as api
from visitors.cli import walk
from visitors.domain import email_rules, ip_rules, normalise
from visitors.domain.contact import Alias, Contact, Identity, Person
from visitors.domain.contact_selection import ChosenContacts, ContactSelection
from visitors.domain.conversation_selection import ChosenConversations, ConversationSelection
from visitors.domain.documents import document
from visitors.domain.fields import BROWSER_DATA, CONTACT, FILTERS, FLAT, PERSON, VISITOR, Field, Type, flag, snake
from visitors.domain.row import FIELDS
from visitors.domain.selection import Chosen, MetadataFilter, Selection
from visitors.domain.subject import ANOTHER_TIME
from visitors.domain.visitor import Browser, Visitor
from visitors.help.closed_lists import closed_list
from visitors.input.paths import at
from visitors.output import shapes
from visitors.store.query import contacts, conversations
from visitors.store.query.selection import chosen

Visitors = Callable[..., Any]
NOW = "2026-01-01T00:00:00.000Z"

VALUES: Mapping[Any, tuple[Any, Any]] = {
    normalise.text: ('One, "1"\t=1\n', "two"),
    normalise.language: ("de-AT", "fr"),
    normalise.timezone: ("Europe/Vienna", "Asia/Tokyo"),
    normalise.device_type: ("mobile", "tablet"),
    ip_rules.ip: ("203.0.113.7", "2001:db8::7"),
    normalise.country_code: ("AT", "FR"),
    normalise.latitude: (48.25, -3.5),
    normalise.longitude: (16.5, -179.125),
    normalise.size: ("1920x1080", "10x20"),
    document: ({"b": 1, "a": {"c": [1.5]}}, {}),
    normalise.external_id: ("u-1", "u-2"),
    email_rules.email: ("ada@example.com", "bo@example.org"),
    normalise.fingerprint: ("fp-1", "fp-2"),
    normalise.url: ("https://example.com/a", "https://example.com/b"),
}  # fmt: skip
"""Rule of a field -> two values in normalised form."""

GIVEN: Mapping[str, Field] = {**BROWSER_DATA, **{f"contact.{name}": field for name, field in PERSON.items()}}
"""The fields that `row` has a value of, by path."""

BROWSER = pytest.mark.parametrize("field", BROWSER_DATA.values(), ids=BROWSER_DATA)
OF_PERSON = pytest.mark.parametrize("field", PERSON.values(), ids=PERSON)
FILTER = pytest.mark.parametrize(("name", "field"), FILTERS.items(), ids=FILTERS)


def values_of(field: Field) -> tuple[Any, Any]:
    one, other = VALUES[field.rule]
    return (one.strip(), other) if isinstance(one, str) else (one, other)


def options(fields: Mapping[str, Field], which: int = 0) -> list[str]:
    """Return all fields that have an option as command line arguments."""
    return [f"{flag(name)}={values_of(field)[which]}" for name, field in fields.items() if field.metavar]


def row(which: int = 0) -> dict[str, Any]:
    """A visitor with every field, as an import row."""
    contact = {"id": f"c-{which}", "metadata": {"plan": "pro"}}
    contact |= {name: values_of(field)[which] for name, field in PERSON.items()}
    return {"id": f"v-{which}", "contact": contact} | {n: values_of(f)[which] for n, f in BROWSER_DATA.items()}


@pytest.fixture
def full(visitors: Visitors) -> dict[str, Any]:
    """A stored visitor with every field."""
    visitors("import", "-", "--input-format", "ndjson", input=json.dumps(row()))
    return shown(visitors)


def shown(visitors: Visitors) -> dict[str, Any]:
    [found] = visitors("list", "--format", "json").json
    return dict(found)


# The typed classes


def test_visitors_and_contacts_have_the_fields_of_the_table_in_its_order() -> None:
    assert Visitor.__struct_encode_fields__ == tuple(field.name for field in VISITOR)
    assert Contact.__struct_encode_fields__ == tuple(field.name for field in CONTACT)
    assert shapes.VISITOR.fields == tuple(FLAT)


@pytest.mark.parametrize(("struct", "fields"), [(Visitor, VISITOR), (Contact, CONTACT)])
def test_the_types_of_fields_are_those_of_the_table(struct: type[msgspec.Struct], fields: tuple[Field, ...]) -> None:
    python: dict[Type, type] = {
        "text": str, "time": str, "number": float, "boolean": bool, "document": dict, "contact": Contact,
    }  # fmt: skip
    hints = get_type_hints(struct)
    for field in fields:
        hint = hints[snake(field.name)]
        [type_] = [one for one in (get_args(hint) if type(None) in get_args(hint) else [hint]) if one is not type(None)]
        assert (typing.get_origin(type_) or type_) is python[field.type], field.name


def test_the_arguments_of_the_python_api_are_the_fields_of_the_table() -> None:
    assert list(Browser.__annotations__) == [snake(name) for name in BROWSER_DATA]
    assert list(Person.__annotations__) == [*(snake(name) for name in PERSON), "metadata"]
    kinds: dict[Type, str] = {"text": "str | None", "number": "float | None", "document": "Mapping[str, Any] | None"}
    hints = get_type_hints(Browser)
    for name, field in BROWSER_DATA.items():
        if not field.choices:
            assert str(hints[snake(name)]).replace("typing.", "").replace("collections.abc.", "") == kinds[field.type]
        else:
            assert get_args(get_args(hints[snake(name)])[0]) == tuple(field.choices)


def test_what_is_said_of_a_person_has_the_fields_of_the_table() -> None:
    said: dict[str, Any] = {field.column: "x" for field in PERSON.values()}
    assert list(Identity(**said).texts) == list(PERSON)
    assert {field.column for field in CONTACT if not field.computed} <= {*Alias.__struct_fields__}


def test_a_selection_has_the_filters_of_the_table_and_the_api_has_its_filters() -> None:
    internal = {"idle_since", "without_conversations"}
    assert {*FILTERS} <= {*Selection.__struct_fields__}
    assert {*Chosen.__annotations__} == {*Selection.__struct_fields__} - internal


# The command line


def test_every_field_with_an_option_has_it_on_the_commands_that_set_it() -> None:
    having = {entry.words: {one for option in command.params for one in option.opts} for entry, command in walk()}
    for words in ("create", "track", "update"):
        assert {flag(name) for name, field in BROWSER_DATA.items() if field.metavar} <= having[words]
    for words in ("identify", "contacts create", "contacts update", "contacts split"):
        assert {flag(name) for name in PERSON} <= having[words]
    for words in ("list", "export", "delete", "erase", "prune", "assert", "fixtures dump"):
        if "--language" in having[words]:
            assert {flag(field.name) for field in FILTERS.values()} <= having[words], words


@BROWSER
def test_a_field_is_set_changed_cleared_and_all_of_it_is_undone(visitors: Visitors, field: Field) -> None:
    one, other = values_of(field)
    if field.metavar:
        visitors("create", "--id", "v-0", f"{flag(field.name)}={one}")
        assert shown(visitors)[field.name] == one
        visitors("update", "v-0", f"{flag(field.name)}={other}")
    else:
        visitors("import", "-", "--input-format", "ndjson", input=json.dumps({"id": "v-0", field.name: one}))
        assert shown(visitors)[field.name] == one
        again = json.dumps({"id": "v-0", field.name: other})
        visitors("import", "-", "--input-format", "ndjson", "--on-existing", "update", input=again)
    assert shown(visitors)[field.name] == other
    visitors("update", "v-0", "--clear", field.name)
    assert shown(visitors)[field.name] is None
    visitors("undo")
    assert shown(visitors)[field.name] == other
    [change, *_] = visitors("history", "v-0", "--format", "json").json
    assert field.name in {*(change["before"] or {})}


@pytest.mark.parametrize(
    "name", [name for name, field in BROWSER_DATA.items() if field.metavar and field.type != "document"]
)
def test_a_page_load_changes_a_field_of_a_known_visitor(visitors: Visitors, name: str) -> None:
    for value in values_of(BROWSER_DATA[name]):
        visitors("track", "--id", "v-0", f"{flag(name)}={value}")
        assert shown(visitors)[name] == value


@OF_PERSON
def test_a_field_of_a_person_is_set_changed_cleared_and_merged(visitors: Visitors, field: Field) -> None:
    one, other = values_of(field)
    known = [] if field.name in ("externalId", "email") else ["--external-id=known"]
    created = visitors("contacts", "create", *known, f"{flag(field.name)}={one}", "--format", "json").json
    assert created[field.name] == one
    visitors("contacts", "update", created["id"], f"{flag(field.name)}={other}")
    assert visitors("contacts", "show", created["id"], "--format", "json").json[field.name] == other
    survivor = visitors("contacts", "create", "--metadata", "a=1").stdout.strip()
    visitors("contacts", "merge", survivor, created["id"], "--yes")
    assert visitors("contacts", "show", survivor, "--format", "json").json[field.name] == other
    visitors("contacts", "update", survivor, "--clear", field.name)
    assert visitors("contacts", "show", survivor, "--format", "json").json[field.name] is None


@OF_PERSON
def test_identify_sets_every_field_of_a_person_and_is_unchanged_when_repeated(
    visitors: Visitors, anonymous: str, field: Field
) -> None:
    said = ["--external-id=known"] if field.name != "externalId" else []
    said.append(f"{flag(field.name)}={values_of(field)[0]}")
    found = visitors("identify", anonymous, *said, "--format", "json").json
    assert found["contact"][field.name] == values_of(field)[0]
    assert visitors("identify", anonymous, *said, "--format", "json").json["outcome"] == "unchanged"


# Filters and sorts


@FILTER
def test_a_filter_chooses_by_its_field_on_the_command_line_and_in_python(
    visitors: Visitors, store_path: Path, name: str, field: Field
) -> None:
    one, other = values_of(field)
    visitors("create", "--id", "one", f"{flag(field.name)}={one}")
    visitors("create", "--id", "other", f"{flag(field.name)}={other}")
    visitors("create", "--id", "bare")
    asked = f"{flag(field.name)}={one.upper() if field.choices else f' {one} '}"
    assert visitors("list", asked, "--format", "ids").lines == ["one"]
    assert visitors("export", asked, "--format", "json").json[0]["id"] == "one"
    with api.open_store(store_path) as store:
        assert [found.id for found in store.list(**{name: one})] == ["one"]
    visitors("delete", asked, "--yes")
    assert visitors("list", "--format", "ids", "--sort", "id").lines == ["bare", "other"]


def test_every_filter_of_a_selection_becomes_sql() -> None:
    sample: dict[str, Any] = {"metadata": (MetadataFilter("k"),)}
    for name in Selection.__struct_fields__:
        hint = str(get_type_hints(Selection)[name])
        value = sample.get(name, True if "bool" in hint else "x")
        listing = chosen(Selection(**{name: value}), NOW)
        assert len(listing.filters) == (1 if name == "deleted" else 2), name


def test_every_filter_of_contacts_becomes_sql() -> None:
    samples: dict[str, Any] = {"metadata": (MetadataFilter("k"),), "blocked": False, "has_visitors": False}
    without = contacts.listing(ContactSelection(), NOW).filters
    for name in ContactSelection.__struct_fields__:
        filters = contacts.listing(ContactSelection(**{name: samples.get(name, "x")}), NOW).filters
        assert len(filters) == len(without) + (name != "deleted"), name
        assert filters != without


def test_a_filter_of_contacts_that_no_sql_serves_raises_before_anything_is_read() -> None:
    class More(ContactSelection, frozen=True, kw_only=True):
        weather: str | None = None

    with pytest.raises(NotImplementedError, match="weather"):
        contacts.listing(More(weather="rain"), NOW)


def test_a_listing_of_contacts_has_its_filters_on_the_command_line_and_in_python() -> None:
    assert {*ChosenContacts.__annotations__} == {*ContactSelection.__struct_fields__}
    [having] = [{one.name for one in command.params} for entry, command in walk() if entry.words == "contacts list"]
    assert {*ContactSelection.__struct_fields__} <= having


def test_a_filter_that_no_sql_serves_raises_before_anything_is_read() -> None:
    class More(Selection, frozen=True, kw_only=True):
        weather: str | None = None

    with pytest.raises(NotImplementedError, match="weather"):
        chosen(More(weather="rain"), NOW)


def test_every_filter_of_conversations_becomes_sql_and_is_on_the_command_line_and_in_python() -> None:
    names = {*ConversationSelection.__struct_fields__}
    for name in names:
        value: Any = "x"
        assert len(conversations.listing(ConversationSelection(**{name: value}), NOW).filters) == 1, name
    assert {*ChosenConversations.__annotations__} == names
    [having] = [
        {one.name for one in command.params} for entry, command in walk() if entry.words == "conversations list"
    ]
    assert names <= having


def test_a_filter_of_conversations_that_no_sql_serves_raises_before_anything_is_read() -> None:
    class More(ConversationSelection, frozen=True, kw_only=True):
        weather: str | None = None

    with pytest.raises(NotImplementedError, match="weather"):
        conversations.listing(More(weather="rain"), NOW)


@pytest.mark.parametrize("field", [field for field in VISITOR if field.sorts], ids=lambda field: field.name)
def test_a_listing_is_sorted_by_every_field_that_sorts(visitors: Visitors, full: dict[str, Any], field: Field) -> None:
    visitors("import", "-", "--input-format", "ndjson", input=json.dumps(row(1)))
    key = str.lower if field.ignores_case else str
    found = [record[field.name] for record in visitors("list", "--sort", field.name, "--format", "json").json]
    assert found == sorted(found, key=key, reverse=field.type == "time")
    assert full[field.name] in found


# In and out


@pytest.mark.usefixtures("full")
@pytest.mark.parametrize("format_", ["csv", "tsv", "json", "ndjson"])
def test_every_format_has_every_field_and_gives_it_back(visitors: Visitors, tmp_path: Path, format_: str) -> None:
    visitors("import", "-", "--input-format", "ndjson", input=json.dumps(row(1)))  # one with nothing to quote
    file = tmp_path / f"all.{format_}"
    for words in (["export"], ["export", "--fields", ",".join(FLAT)]):
        visitors(*words, "-o", str(file))
        visitors("import", str(file), "--db", str(tmp_path / "new.db"))
        visitors(*words, "-o", str(tmp_path / f"again.{format_}"), "--db", str(tmp_path / "new.db"))
        assert (tmp_path / f"again.{format_}").read_bytes() == file.read_bytes()
        (tmp_path / "new.db").unlink()
    if format_ == "csv":  # the others are recognised by their content
        for number, cells in enumerate(csv.DictReader(io.StringIO(file.read_text(encoding="utf-8")))):
            assert list(cells) == list(FLAT)
            for name, field in BROWSER_DATA.items():
                assert (cells[name] if field.type == "text" else json.loads(cells[name])) == row(number)[name]


@pytest.mark.usefixtures("full")
@pytest.mark.parametrize("format_", ["csv", "json"])
def test_a_whole_export_has_the_value_of_every_field(visitors: Visitors, format_: str) -> None:
    visitors("import", "-", "--input-format", "ndjson", input=json.dumps(row(1)))
    done = visitors("export", "--format", format_)
    found = list(csv.DictReader(io.StringIO(done.stdout))) if format_ == "csv" else done.json
    assert len(found) == 2
    for number, record in enumerate(found):
        for path, field in GIVEN.items():
            told = at(record, [path] if format_ == "csv" else path.split("."))
            is_plain = field.type == "text" or format_ == "json"
            assert (told if is_plain else json.loads(told)) == at(row(number), path.split(".")), path


def test_a_parquet_file_has_every_field_and_gives_it_back(
    visitors: Visitors, full: dict[str, Any], tmp_path: Path
) -> None:
    pytest.importorskip("pyarrow")
    visitors("export", "-o", str(tmp_path / "all.parquet"))
    visitors("import", str(tmp_path / "all.parquet"), "--db", str(tmp_path / "new.db"))
    assert visitors("list", "--format", "json", "--db", str(tmp_path / "new.db")).json == [full]


@pytest.mark.parametrize("name", [name for name, field in BROWSER_DATA.items() if field.rule is normalise.text])
def test_a_mapping_takes_a_number_as_the_text_of_any_field(visitors: Visitors, tmp_path: Path, name: str) -> None:
    mapping = tmp_path / "other.yaml"
    mapping.write_text(json.dumps({"version": 1, "name": "other", "visitors": {"fields": {"id": "key", name: "told"}}}))
    given = json.dumps({"key": "v-0", "told": 5})
    visitors("import", "-", "--input-format", "ndjson", "--mapping", str(mapping), input=given)
    assert shown(visitors)[name] == "5"


@pytest.mark.usefixtures("full")
@pytest.mark.parametrize("path", [path for path, field in FLAT.items() if field.type == "document"])
def test_one_key_of_every_document_is_picked_out(visitors: Visitors, path: str) -> None:
    key = {"contact.metadata": "plan"}.get(path, "b")
    assert visitors("list", "--fields", f"{path}.{key}", "--format", "tsv").lines[1] in ("pro", "1")


def test_rows_may_say_every_field() -> None:
    assert {*GIVEN} <= {*FIELDS}


def test_fixtures_have_every_field(visitors: Visitors, full: dict[str, Any], tmp_path: Path) -> None:
    file = tmp_path / "store.yaml"
    visitors("fixtures", "dump", "-o", str(file))
    visitors("fixtures", "apply", str(file), "--db", str(tmp_path / "new.db"))
    again = visitors("list", "--format", "json", "--db", str(tmp_path / "new.db")).json
    assert [{**again[0], "updatedAt": ""}] == [{**shown(visitors), "updatedAt": ""}]
    assert {full[name] is None for name in BROWSER_DATA} == {False}


@BROWSER
def test_applying_a_fixture_sets_changes_and_clears_a_field(visitors: Visitors, tmp_path: Path, field: Field) -> None:
    file = tmp_path / "store.yaml"
    for value in (*values_of(field), None):
        told = {} if value is None else {field.name: value}
        file.write_text(json.dumps({"version": 1, "visitors": {"v-0": told}}), encoding="utf-8")
        visitors("fixtures", "apply", str(file))
        assert shown(visitors)[field.name] == value


def test_the_schema_of_fixtures_has_every_field_with_its_type(visitors: Visitors) -> None:
    schema = visitors("fixtures", "schema").json["$defs"]
    text = {"$ref": "#/$defs/text"}
    for kind, fields in (("visitor", BROWSER_DATA), ("contact", PERSON)):
        for name, field in fields.items():
            told = {key: value for key, value in schema[kind]["properties"][name].items() if key != "description"}
            wanted: dict[Type, Any] = {
                "text": text,
                "number": {"type": ["number", "string", "null"]},
                "document": {"type": ["object", "null"]},
            }
            assert told == wanted[field.type], name


def test_a_dump_has_every_field(visitors: Visitors, full: dict[str, Any], tmp_path: Path) -> None:
    visitors("db", "dump", "-o", str(tmp_path / "all.ndjson"))
    visitors("db", "load", str(tmp_path / "all.ndjson"), "--db", str(tmp_path / "new.db"))
    assert visitors("list", "--format", "json", "--db", str(tmp_path / "new.db")).json == [full]


# Counting and completion


@pytest.mark.parametrize("name", [name for name, field in BROWSER_DATA.items() if field.type == "text"])
def test_visitors_are_counted_by_every_text(visitors: Visitors, full: dict[str, Any], name: str) -> None:
    [group] = visitors("stats", "--by", name, "--format", "json").json
    assert group["value"] == full[name]


def test_every_field_is_completed_wherever_fields_are_named() -> None:
    for words, name in (("list", "FIELDS"), ("export", "FIELDS"), ("export", "REDACT")):
        assert {*FLAT} <= {*closed_list(words, name)}
    assert {*closed_list("update", "CLEAR")} == {*BROWSER_DATA}
    assert {name for name, field in BROWSER_DATA.items() if field.type == "text"} <= {*closed_list("stats", "BY")}


# Pseudonymising and masking


@pytest.mark.parametrize("path", GIVEN)
def test_a_redacted_field_is_null(visitors: Visitors, full: dict[str, Any], path: str) -> None:
    assert at(full, path.split(".")) is not None
    [redacted] = visitors("export", "--format", "json", "--redact", path).json
    assert at(redacted, path.split(".")) is None


@pytest.mark.parametrize("path", GIVEN)
def test_a_field_of_an_export_to_pass_on_is_what_its_row_says(
    visitors: Visitors, full: dict[str, Any], tmp_path: Path, path: str
) -> None:
    assert full
    key = tmp_path / "key"
    key.write_bytes(b"k" * 32)
    key.chmod(0o600)
    [passed_on] = visitors("export", "--format", "json", "--pseudonymize", str(key)).json
    value, given = passed_on, row()
    for part in path.split("."):
        value, given = value[part], given[part]
    stand_in = FLAT[path].stand_in
    assert (value == given) == (stand_in in ("keep", "language"))
    if stand_in is None:
        assert value is None


def test_a_field_of_which_nobody_said_how_to_treat_it_is_null_and_of_the_person() -> None:
    field = Field(name="weather", rule=normalise.text)
    assert (field.stand_in, field.of_device, field.filter, field.metavar) == (None, False, None, None)


@BROWSER
def test_a_subject_export_masks_what_another_person_left_behind_unless_it_is_of_the_device(
    visitors: Visitors, field: Field
) -> None:
    one, other = values_of(field)
    first, second = ({"id": "v-0", field.name: value} for value in (one, other))
    visitors("import", "-", "--input-format", "ndjson", input=json.dumps(first))
    visitors("identify", "v-0", "--external-id", "ada")
    visitors("identify", "v-0", "--external-id", "bo", "--relink")
    visitors("import", "-", "--input-format", "ndjson", "--on-existing", "update", input=json.dumps(second))
    visitors("identify", "v-0", "--external-id", "ada", "--relink")
    [visitor] = visitors("contacts", "subject-export", "ext:ada").json["visitors"]
    assert visitor[field.name] == (other if field.of_device else ANOTHER_TIME)


@BROWSER
def test_the_history_of_a_subject_export_masks_what_was_set_in_anothers_time(visitors: Visitors, field: Field) -> None:
    def told(which: int) -> None:
        given = json.dumps({"id": "v-0", field.name: values_of(field)[which]})
        visitors("import", "-", "--input-format", "ndjson", "--on-existing", "update", input=given)

    told(0)
    visitors("identify", "v-0", "--external-id", "ada")
    told(1)
    visitors("identify", "v-0", "--external-id", "bo", "--relink")
    told(0)
    visitors("identify", "v-0", "--external-id", "ada", "--relink")
    told(1)
    history = visitors("contacts", "subject-export", "ext:ada").json["history"]
    before = [change["before"][field.name] for change in history if field.name in (change["before"] or {})]
    assert before == [values_of(field)[0], ANOTHER_TIME]


# The Python API


@pytest.fixture
def store(store_path: Path) -> Iterator[api.VisitorStore]:
    with api.open_store(store_path) as opened:
        yield opened


@BROWSER
def test_python_sets_reads_and_clears_every_field(store: api.VisitorStore, field: Field) -> None:
    one, other = values_of(field)
    name = snake(field.name)
    made = store.create(**{name: one})
    assert getattr(made, name) == one
    [changed] = store.update(made.id, **{name: other})
    assert getattr(changed, name) == other
    [cleared] = store.update(made.id, clear=[name])
    assert getattr(cleared, name) is None


@OF_PERSON
def test_python_sets_and_reads_every_field_of_a_person(store: api.VisitorStore, field: Field) -> None:
    one, other = values_of(field)
    name = snake(field.name)
    made = store.contacts.create(**{"external_id": "known", name: one})
    assert getattr(made, name) == one
    assert getattr(store.contacts.update(made.id, **{name: other}), name) == other


def test_two_values_stand_for_every_rule() -> None:
    assert {field.rule for field in (*BROWSER_DATA.values(), *PERSON.values())} <= {*VALUES}
