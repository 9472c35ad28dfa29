from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

Visitors = Callable[..., Any]
Everything = Callable[[], Any]


@pytest.fixture(autouse=True)
def devices(visitors: Visitors) -> None:
    """Three anonymous visitors."""
    for visitor in ("one", "two", "three"):
        visitors("create", "--id", visitor)


def lines(*objects: Any) -> str:
    return "".join(json.dumps(one) + "\n" for one in objects)


def test_into_a_pipe_it_prints_the_visitors_id(visitors: Visitors) -> None:
    assert visitors("identify", "one", "--external-id", "u").stdout == "one\n"


def test_outcome_and_rule_can_be_asked_for(visitors: Visitors) -> None:
    answer = visitors("identify", "one", "--external-id", "u", "--fields", "outcome,rule,id")
    assert answer.stdout == "outcome\trule\tid\ncreated\tcreated\tone\n"


def test_the_record_keeps_the_names_of_options_and_not_what_they_said(visitors: Visitors) -> None:
    visitors("identify", "one", "--email", "secret@example.com", "--name", "Secret")
    operation = visitors("history", "--command", "identify", "--format", "json").json[0]
    assert operation["arguments"] == ["--email", "--name"]
    assert "secret" not in json.dumps(operation).lower()


def test_standard_input_is_one_operation(visitors: Visitors) -> None:
    said = lines({"visitorId": "one", "externalId": "a"}, {"visitorId": "two", "email": "b@example.com"})
    answer = visitors("identify", "-", input=f"\n{said}\n  \n")
    assert answer.lines == ["one", "two"]
    assert visitors("history", "--command", "identify", "--format", "count").stdout == "1\n"


def test_standard_input_twice_records_no_second_operation(visitors: Visitors) -> None:
    said = lines({"visitorId": "one", "externalId": "a"}, {"visitorId": "two", "email": "b@example.com"})
    visitors("identify", "-", input=said)
    again = visitors("identify", "-", "--format", "ndjson", input=said)
    assert [json.loads(line)["outcome"] for line in again.lines] == ["unchanged", "unchanged"]
    assert visitors("history", "--command", "identify", "--format", "count").stdout == "1\n"


def test_a_visitor_of_standard_input_may_be_named_by_a_prefix(visitors: Visitors) -> None:
    assert visitors("identify", "-", input=lines({"visitorId": "thr", "externalId": "u"})).lines == ["three"]


@pytest.mark.parametrize(
    ("bad", "code", "name"),
    [
        ('{"visitorId": "two", "externalId": "b"', 5, "invalid_json"),
        ("nonsense", 5, "invalid_json"),
        ("[]", 5, "invalid_json"),
        ('{"externalId": "b"}', 5, "invalid_type"),
        ('{"visitorId": 2, "externalId": "b"}', 5, "invalid_type"),
        ('{"visitorId": "two", "nonsense": "b"}', 5, "unknown_field"),
        ('{"visitorId": "two", "email": "b"}', 5, "invalid_email"),
        ('{"visitorId": "two", "email": ""}', 5, "empty"),
        ('{"visitorId": "two", "email": ["b@example.com"]}', 5, "invalid_type"),
        ('{"visitorId": "two", "externalId": true}', 5, "invalid_type"),
        ('{"visitorId": "two", "externalId": "b", "metadata": []}', 5, "invalid_metadata"),
        ('{"visitorId": "two", "externalId": "b", "metadata": {"a": {}}}', 5, "invalid_metadata"),
        ('{"visitorId": "two", "externalId": "b", "clear": "name"}', 5, "invalid_type"),
        ('{"visitorId": "two", "externalId": "b", "metadata": {}, "replaceMetadata": "false"}', 5, "invalid_type"),
        ('{"visitorId": "two"}', 2, "usage"),
        ('{"visitorId": "two", "name": "Ada"}', 2, "usage"),
        ('{"visitorId": "nobody", "externalId": "b"}', 3, "visitor_not_found"),
        ('{"visitorId": "one", "externalId": "b"}', 4, "linked_elsewhere"),
    ],
)  # fmt: skip
def test_a_bad_line_is_reported_by_number_and_nothing_is_written(
    visitors: Visitors, everything: Everything, bad: str, code: int, name: str
) -> None:
    before = everything()
    said = lines({"visitorId": "one", "externalId": "a"}) + "\n" + bad + "\n"
    refused = visitors("identify", "-", "--format", "json", input=said, code=code)
    assert refused.error["code"] == name
    assert refused.error["message"].startswith("standard input, line 3")
    assert refused.stdout == ""
    assert everything() == before


def test_a_line_that_is_not_utf_8_is_reported_by_number(visitors: Visitors, everything: Everything) -> None:
    before = everything()
    said = lines({"visitorId": "one", "externalId": "a"}).encode() + b'{"visitorId": "two", "name": "\xe9"}\n'
    refused = visitors("identify", "-", "--format", "json", input=said, code=5)
    assert refused.error["code"] == "not_utf8"
    assert "line 2" in refused.error["message"]
    assert everything() == before


def test_line_separators_of_unicode_split_no_line(visitors: Visitors) -> None:
    said = '{"visitorId": "one", "externalId": "u", "name": "a\u2028b\u0085c"}\n'
    visitors("identify", "-", input=said)
    assert visitors("contacts", "show", "ext:u", "--format", "json").json["name"] == "a\u2028b\u0085c"


def test_an_external_id_that_is_a_number_is_taken_as_its_digits(visitors: Visitors) -> None:
    visitors("identify", "-", input=lines({"visitorId": "one", "externalId": 42}))
    assert visitors("contacts", "show", "ext:42", "--format", "ids").lines


def test_replace_metadata_in_a_line(visitors: Visitors) -> None:
    said: list[dict[str, Any]] = [
        {"visitorId": "one", "externalId": "u", "metadata": {"a": 1}},
        {"visitorId": "one", "externalId": "u", "metadata": {"b": 2}, "replaceMetadata": False},
    ]
    visitors("identify", "-", input=lines(*said))
    assert visitors("contacts", "show", "ext:u", "--format", "json").json["metadata"] == {"a": 1, "b": 2}
    visitors("identify", "-", input=lines({**said[1], "replaceMetadata": True}))
    assert visitors("contacts", "show", "ext:u", "--format", "json").json["metadata"] == {"b": 2}


def test_the_policies_of_the_command_line_hold_for_every_line(visitors: Visitors) -> None:
    visitors(
        "identify", "-", input=lines({"visitorId": "one", "externalId": "a"}, {"visitorId": "two", "externalId": "b"})
    )
    swapped = lines({"visitorId": "one", "externalId": "b"}, {"visitorId": "two", "externalId": "a"})
    refused = visitors("identify", "-", "--format", "json", input=swapped, code=4)
    assert refused.error["code"] == "linked_elsewhere"
    answer = visitors("identify", "-", "--relink", "--format", "ndjson", input=swapped)
    assert [json.loads(line)["contact"]["externalId"] for line in answer.lines] == ["b", "a"]


def test_fields_on_the_command_line_do_not_go_with_standard_input(visitors: Visitors) -> None:
    said = lines({"visitorId": "one", "externalId": "u"})
    fields = ("--external-id=u", "--email=a@example.com", "--name=x", "--metadata=a=1", "--clear=name")
    for option in (*fields, "--replace-metadata"):
        refused = visitors("identify", "-", option, "--format", "json", input=said, code=2)
        assert (
            refused.error["message"] == "field options cannot be combined with -, which reads them from standard input"
        )


def test_empty_standard_input_does_nothing(visitors: Visitors, everything: Everything) -> None:
    before = everything()
    answer = visitors("identify", "-", input="")
    assert answer.stdout == ""
    assert everything() == before


def test_a_dry_run_of_standard_input_changes_nothing(visitors: Visitors, everything: Everything) -> None:
    before = everything()
    said = lines({"visitorId": "one", "externalId": "a"}, {"visitorId": "two", "externalId": "a"})
    answer = visitors("identify", "-", "--dry-run", "--format", "ndjson", input=said)
    assert [json.loads(line)["outcome"] for line in answer.lines] == ["would create", "would link"]
    assert everything() == before


def test_a_metadata_key_given_twice_is_refused(visitors: Visitors) -> None:
    words = ("one", "--external-id", "u", "--metadata", "a=1", "--metadata", "a:=2")
    error = visitors("identify", *words, "--format", "json", code=5).error
    assert (error["code"], error["message"]) == ("invalid_metadata", "metadata 'a' is given more than once")


def test_an_unknown_policy_is_a_usage_error(visitors: Visitors) -> None:
    refused = visitors("identify", "one", "--external-id", "u", "--on-conflict", "guess", code=2)
    assert refused.stderr.startswith("error: invalid value for '--on-conflict': 'guess' is not one of")


def test_the_hint_of_a_conflict_offers_a_merge_only_where_it_can_work(visitors: Visitors) -> None:
    visitors("contacts", "create", "--external-id", "x")
    visitors("contacts", "create", "--external-id", "y", "--email", "y@example.com")
    visitors("contacts", "create", "--email", "e@example.com")
    offered = {}
    for who in (("x", "e@example.com"), ("x", "y@example.com"), ("new", "y@example.com")):
        words = ("one", "--external-id", who[0], "--email", who[1])
        error = visitors("identify", *words, "--format", "json", code=4).error
        assert error["code"] == "contact_conflict"
        assert "--on-conflict external-id-wins" in error["hint"]
        offered[who] = "--on-conflict merge" in error["hint"]
        merged = visitors("identify", *words, "--on-conflict", "merge", "--dry-run", code=None)
        assert (merged.code == 0) is offered[who]
    assert list(offered.values()) == [True, False, False]
