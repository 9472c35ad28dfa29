"""Who a visitor belonged to at each time."""

from __future__ import annotations

import pytest

from visitors.domain.operation import Change
from visitors.domain.subject import ANOTHER_TIME, Ownership, OwnTime, Spell, without_reason


def owners(*spells: Spell) -> list[str | None]:
    """The owner after each of the spells' operations."""
    ownership = Ownership(spells)
    return [ownership.at(spell.operation) for spell in spells]


def test_what_came_before_the_first_link_is_the_first_persons() -> None:
    assert owners(Spell(1, None), Spell(5, "ada")) == ["ada", "ada"]


def test_what_comes_after_the_last_person_left_is_nobodys_until_the_next_comes() -> None:
    assert owners(Spell(1, "ada"), Spell(2, None)) == ["ada", None]
    assert owners(Spell(1, "ada"), Spell(2, None), Spell(3, "ben")) == ["ada", "ben", "ben"]


def test_a_relinked_visitor_was_the_earlier_persons_before() -> None:
    assert owners(Spell(1, "ada", "email"), Spell(2, "ben", "external-id"), Spell(3, "ada", "email")) == [
        "ada",
        "ben",
        "ada",
    ]


def test_merging_and_splitting_hold_for_the_time_before() -> None:
    assert owners(Spell(1, "old"), Spell(2, "ada", "merged")) == ["ada", "ada"]
    assert owners(Spell(1, "ada"), Spell(2, "ben", "split")) == ["ben", "ben"]
    assert owners(Spell(1, "ben-1"), Spell(2, "ada", "merged"), Spell(3, "ben-2", "split")) == ["ben-2"] * 3


def test_a_link_that_was_undone_does_not_count() -> None:
    assert owners(Spell(1, None), Spell(2, "ada", "email", void=True), Spell(3, None), Spell(4, "ben")) == ["ben"] * 4
    undone_relink = [Spell(1, "ada"), Spell(2, "ben", "email", void=True), Spell(3, "ada")]
    assert owners(*undone_relink) == ["ada"] * 3
    undone_split = [Spell(1, "ada"), Spell(2, "ben", "split", void=True), Spell(3, "ada")]
    assert owners(*undone_split) == ["ada"] * 3


def test_of_several_links_in_one_operation_the_last_counts() -> None:
    assert Ownership([Spell(1, "ada"), Spell(2, "ben"), Spell(2, "cleo")]).at(2) == "cleo"


@pytest.mark.parametrize(("operation", "owner"), [(0, "ada"), (4, "ada"), (5, "ben"), (9, "ben")])
def test_it_is_asked_of_any_operation(operation: int, owner: str) -> None:
    assert Ownership([Spell(3, "ada"), Spell(5, "ben")]).at(operation) == owner


def test_nothing_is_known_of_a_visitor_without_spells() -> None:
    assert Ownership([]).at(1) is None


def test_when_it_was_first_theirs_and_last_ceased_to_be() -> None:
    ownership = Ownership([Spell(1, "ada"), Spell(2, "ben"), Spell(3, "ada"), Spell(4, "ben")])
    assert (ownership.first({"ada"}), ownership.end({"ada"})) == (1, 4)
    assert (ownership.first({"ben"}), ownership.end({"ben"})) == (2, None)
    assert ownership.first({"cleo"}) is None


def change(before: dict[str, object] | None, after: dict[str, object] | None) -> Change:
    return Change("o", "2026-01-01T00:00:00.000Z", "me", "track", "visitor", "v", "changed", before, after)


def test_a_value_of_anothers_time_is_masked_where_it_was_replaced_and_only_there() -> None:
    changes = [
        (change(None, {"id": "v", "contactId": "ada", "city": "Rome", "os": "Linux"}), 1),
        (change({"contactId": "ada"}, {"contactId": "ben"}), 2),
        (change({"city": "Rome"}, {"city": "Oslo"}), 3),
        (change({"city": "Oslo"}, {"city": "Bonn"}), 4),
    ]
    ownership = Ownership([Spell(1, "ada"), Spell(2, "ben")])
    own = OwnTime(changes, ownership, {"ben"})
    assert [one.before for one, _ in own.changes] == [{"contactId": "ada"}, {"city": ANOTHER_TIME}, {"city": "Oslo"}]
    hers = OwnTime(changes, ownership, {"ada"})
    assert [one.after for one, _ in hers.changes] == [changes[0][0].after]


def test_where_a_visitor_was_in_anothers_time_is_masked_in_its_record_but_not_what_device_it_is() -> None:
    changes = [
        (change(None, {"id": "v", "contactId": "ada", "city": "Rome", "ip": None, "os": "Linux"}), 1),
        (change({"contactId": "ada"}, {"contactId": "ben"}), 2),
    ]
    own = OwnTime(changes, Ownership([Spell(1, "ada"), Spell(2, "ben")]), {"ben"})
    record = {"id": "v", "city": "Rome", "ip": None, "os": "Linux"}
    assert own.record(record) == {**record, "city": ANOTHER_TIME}


def test_of_a_block_that_concerns_somebody_else_only_the_reason_is_masked() -> None:
    told: dict[str, object] = {"id": "b", "visitorId": "v", "reason": "rude", "expiresAt": None}
    lifted = without_reason(change(told, {**told, "reason": None, "liftedBy": "me"}))
    assert lifted.before == {**told, "reason": ANOTHER_TIME}
    assert lifted.after == {**told, "reason": None, "liftedBy": "me"}
    assert without_reason(change(None, told)).before is None
