"""`block -` and `unblock -`: lines of JSON, and two stores exchanging blocks."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Visitors = Callable[..., Any]
Everything = Callable[[], Any]

MONDAY = "2026-03-02T09:00:00.000Z"


@pytest.fixture(autouse=True)
def people(visitors: Visitors) -> None:
    """Two devices of one person, and an anonymous one."""
    for visitor in ("one", "two", "three"):
        visitors("create", "--id", visitor)
    for visitor in ("one", "two"):
        visitors("identify", visitor, "--external-id", "u")


def lines(*objects: Any) -> str:
    return "".join(json.dumps(one) + "\n" for one in objects)


def terms(visitors: Visitors, visitor: str, *words: str) -> Any:
    page = visitors("show", visitor, "--format", "json", *words, now=MONDAY).json
    contact = page["contact"] or {}
    return page["isBlocked"], contact.get("isBlocked"), page["blockReason"], page["blockExpiresAt"]


@pytest.mark.parametrize("blank", ["", "\n", "\ufeff"])
def test_each_line_has_its_own_target_reason_and_end(visitors: Visitors, blank: str) -> None:
    said = lines(
        {"visitorId": "three", "reason": "abuse", "until": "2026-04-01"},
        {"contact": "ext:u"},
    )
    answer = visitors("block", "-", "--reason", "spam", "--until", "2026-05-01", input=blank + said, now=MONDAY)
    assert terms(visitors, "three") == (True, None, "abuse", "2026-04-01T00:00:00.000Z")
    assert terms(visitors, "one") == (True, True, "spam", "2026-05-01T00:00:00.000Z")
    assert answer.lines[0] == "three"
    assert len(answer.lines) == 2
    assert visitors("history", "--command", "block", "--format", "count").stdout == "1\n"
    visitors("undo")
    assert terms(visitors, "three")[0] is False


def test_the_answer_says_who_was_blocked_and_is_read_again(visitors: Visitors) -> None:
    said = lines({"visitorId": "thr"}, {"contact": "ext:u"}, {"visitorId": "three"})
    answer = visitors("block", "-", "--format", "ndjson", "--reason", "spam", input=said, now=MONDAY)
    told = [json.loads(line) for line in answer.lines]
    assert [(one["outcome"], one["visitorId"], one["reason"]) for one in told] == [
        ("blocked", "three", "spam"), ("blocked", None, "spam"),
    ]  # fmt: skip
    again = visitors("block", "-", "--format", "ndjson", input=answer.stdout, now=MONDAY)
    assert {json.loads(line)["outcome"] for line in again.lines} == {"unchanged"}
    assert "Blocked nobody; 2 already blocked." in again.stderr
    other = visitors("block", "-", "--format", "ndjson", "--for", "7d", input=lines({"visitorId": "three"}), now=MONDAY)
    assert json.loads(other.stdout)["outcome"] == "replaced"
    assert "before that: permanently (spam)" in other.stderr


def test_ids_alone_still_work(visitors: Visitors) -> None:
    assert visitors("block", "-", input="one\n\nthr\n").lines == ["one", "three"]
    assert visitors("unblock", "-", input="three\none\n").lines == ["three", "one"]
    assert visitors("block", "-", input="").stdout == ""


@pytest.mark.parametrize("target", ["contact", "visitor"])
@pytest.mark.parametrize("known_by", ["externalId", "email"])
def test_two_stores_exchange_blocks_in_one_pipe_each_way(
    visitors: Visitors, tmp_path: Path, target: str, known_by: str
) -> None:
    a, b = (("--db", str(tmp_path / f"{name}.db")) for name in "ab")
    options = {"externalId": ("--external-id", "x"), "email": ("--email", "x@example.com")}
    for store in (a, b):
        for visitor in ("v", "w"):
            visitors("create", "--id", visitor, *store)
            visitors("identify", visitor, *options[known_by], *store)

    def pass_on(one: tuple[str, str], other: tuple[str, str], which: str, verb: str) -> Any:
        listed = visitors("list", which, "--format", "ndjson", *one, now=MONDAY).stdout
        return visitors(verb, "-", *other, input=listed, now=MONDAY)

    whom = ("v",) if target == "visitor" else ("--contact", options[known_by][1].replace("x", "ext:x", 1))
    if target == "contact" and known_by == "email":
        whom = ("--contact", "x@example.com")
    visitors("block", *whom, "--reason", "spam", "--until", "2026-04-01", *a, now=MONDAY)
    pass_on(a, b, "--blocked", "block")
    expected = (True, target == "contact", "spam", "2026-04-01T00:00:00.000Z")
    assert terms(visitors, "v", *b) == terms(visitors, "v", *a) == expected
    assert terms(visitors, "w", *b) == terms(visitors, "w", *a)
    before = visitors("history", "--format", "count", *a).stdout
    pass_on(b, a, "--blocked", "block")
    assert visitors("history", "--format", "count", *a).stdout == before

    visitors("unblock", *whom, *b, now=MONDAY)
    pass_on(b, a, "--not-blocked", "unblock")
    assert terms(visitors, "v", *a) == (False, False, None, None)


def test_a_few_fields_of_list_are_enough(visitors: Visitors) -> None:
    visitors("block", "three", "--reason", "spam")
    listed = visitors("list", "--blocked", "--format", "ndjson", "--fields", "id,blockReason").stdout
    visitors("unblock", "three")
    visitors("block", "-", input=listed)
    assert terms(visitors, "three") == (True, None, "spam", None)


def test_a_visitor_whose_contact_is_blocked_is_unblocked_only_where_the_line_says_that_it_is_free(
    visitors: Visitors,
) -> None:
    visitors("block", "--contact", "ext:u")
    refused = visitors("unblock", "-", input=lines({"visitorId": "one"}), code=4)
    assert "its contact" in refused.stderr
    free = {"id": "one", "contact": {"externalId": "u", "isBlocked": False}}
    visitors("unblock", "-", input=lines(free))
    assert terms(visitors, "one")[:2] == (False, False)


def test_a_dry_run_says_what_would_be_done(visitors: Visitors, everything: Everything) -> None:
    before = everything()
    answer = visitors("block", "-", "--dry-run", "--format", "ndjson", input=lines({"contact": "ext:u"}))
    assert json.loads(answer.stdout)["outcome"] == "would block"
    assert everything() == before


@pytest.mark.parametrize(
    ("line", "code", "said"),
    [
        ({"visitorId": "one", "contact": "ext:u"}, 5, "a visitor and a contact"),
        ({}, 5, "neither a visitor nor a contact"),
        ({"id": 1}, 5, "id is not a string"),
        ({"visitorId": "one", "x": 1}, 5, "unknown field 'x'"),
        ({"id": "one", "reason": "spam"}, 5, "hint: with id, a line is a visitor that visitors list wrote"),
        ({"visitorId": "one", "reason": ""}, 5, "reason is empty"),
        ({"visitorId": "one", "until": "2020-01-01"}, 5, "is in the past"),
        ({"visitorId": "one", "until": "soon"}, 5, "until"),
        ({"contact": "a b@"}, 5, "not an email"),
        ({"data": [{"id": "one"}], "next": None}, 5, "the rows are nested in 'data'"),
        (["one"], 5, "not a JSON object"),
    ],
)
@pytest.mark.parametrize("verb", ["block", "unblock"])
def test_a_bad_line_is_reported_by_number_and_nothing_is_written(
    visitors: Visitors, everything: Everything, verb: str, line: Any, code: int, said: str
) -> None:
    if verb == "unblock" and "in the past" in said:
        return
    before = everything()
    refused = visitors(verb, "-", input=lines({"visitorId": "three"}, line), code=code)
    assert "error: line 2: " in refused.stderr
    assert said in refused.stderr
    assert everything() == before


def test_missing_targets_are_reported_and_can_be_ignored(visitors: Visitors) -> None:
    said = lines({"visitorId": "nobody"}, {"contact": "ext:nobody"}, {"visitorId": "three"})
    assert "2 of 3 not found: 'nobody', 'ext:nobody'" in visitors("block", "-", input=said, code=3).stderr
    assert visitors("block", "-", "--ignore-missing", input=said).lines == ["three"]


def test_a_selection_does_not_go_with_lines(visitors: Visitors) -> None:
    visitors("block", "-", "--os", "iOS", input=lines({"visitorId": "three"}), code=2)
    visitors("block", "-", "--all", input=lines({"visitorId": "three"}), code=2)


@pytest.mark.parametrize("words", [("--fields", "id"), (), ("--format", "csv"), ("--fields", "contact.externalId,id")])
@pytest.mark.parametrize("verb", ["block", "unblock", "delete", "unidentify"])
def test_a_header_line_among_ids_is_reported_with_the_option_to_omit_it(
    visitors: Visitors, everything: Everything, verb: str, words: tuple[str, ...]
) -> None:
    listed = visitors("list", *words).stdout
    before = everything()
    refused = visitors(verb, "-", input=listed, code=3)
    assert "hint: this looks like a header line; to list ids only" in refused.stderr
    assert everything() == before
    if words == ("--fields", "id"):
        visitors(verb, "-", input=visitors("list", *words, "--no-header").stdout)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("one\n".encode("utf-16"), "is UTF-16, not UTF-8"),
        ("one\ntwo\n".encode("utf-16-le"), "is UTF-16LE, not UTF-8"),
        (b"PK\x03\x04\x14\x00\x00\x00", "is a zip archive"),
        (gzip.compress(b"one\n", mtime=0), "is compressed with gzip"),
        (b"<!DOCTYPE html>\n<html></html>\n", "is a web page or XML"),
        (b'[{"id": "one"}]', "is JSON, but must have one id per line"),
    ],
)
@pytest.mark.parametrize("verb", ["block", "unblock", "restore"])
def test_standard_input_of_another_kind_is_named(
    visitors: Visitors, everything: Everything, verb: str, content: bytes, said: str
) -> None:
    before = everything()
    assert f"standard input {said}" in visitors(verb, "-", input=content, code=5).stderr
    assert everything() == before
