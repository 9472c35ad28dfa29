"""The rules of identify: which contact is chosen, what changes, and what is refused."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contract import CONTACT_KEYS
from visitors.domain.contact import Contact, Identity
from visitors.domain.decision import Decision, Known, OnConflict, decide
from visitors.domain.identity import CLEARABLE, parse_identity
from visitors.domain.merging import plan_merge
from visitors.domain.metadata import Metadata, metadata_hash
from visitors.errors import Conflict, InvalidData, UsageProblem, VisitorsError

always = settings(deadline=None)
AT = "2026-03-01T20:58:11.021Z"


def contact(
    id_: str = "c1",
    *,
    external_id: str | None = None,
    email: str | None = None,
    name: str | None = None,
    image: str | None = None,
    metadata: Metadata | None = None,
    deleted: bool = False,
) -> Contact:
    told = {"id": id_, "externalId": external_id, "name": name, "email": email, "image": image}
    said = metadata or {}
    made = {"metadata": said, "metadataHash": metadata_hash(said), "isBlocked": False, "createdAt": AT, "updatedAt": AT}
    deletion = {"deletedAt": AT if deleted else None}
    return msgspec.convert({**dict.fromkeys(CONTACT_KEYS), **told, **made, **deletion}, Contact)


def conflict(said: Identity, known: Known, **options: Any) -> Conflict:
    with pytest.raises(Conflict) as refused:
        decide(said, known, **options)
    assert refused.value.exit_status == 4
    return refused.value


X = contact("x", external_id="u1", email="x@example.com", name="Xenia")
E = contact("e", email="e@example.com", name="Emil")
E_WITH_ID = contact("e", external_id="u2", email="e@example.com", name="Emil")
SAID_ID = Identity(external_id="u1")
SAID_EMAIL = Identity(email="e@example.com")
SAID_BOTH = Identity(external_id="u1", email="e@example.com")


# Which contact


def test_an_id_and_an_external_id_that_are_not_of_one_contact_are_refused_with_whose_the_latter_is() -> None:
    said = Identity(contact_id="e", external_id="u1")
    assert conflict(said, Known(by_contact_id=E_WITH_ID, by_external_id=X)).message == (
        "contact e has external id u2, and u1 belongs to contact x"
    )
    assert (
        conflict(said, Known(by_contact_id=E_WITH_ID)).message == "contact e has external id u2, and u1 is not in use"
    )


@pytest.mark.parametrize("said", [SAID_ID, SAID_EMAIL, SAID_BOTH])
def test_neither_is_known_creates_a_contact(said: Identity) -> None:
    decision = decide(said, Known())

    assert decision.outcome == "created"
    assert decision.rule == "created"
    assert decision.contact is None
    assert decision.links
    assert decision.changes == {
        field: value for field, value in (("externalId", said.external_id), ("email", said.email)) if value
    }


def test_a_created_contact_gets_all_that_was_said_and_no_blanks() -> None:
    said = Identity(external_id="u1", name="Ada", image="https://x/a.png", metadata={"plan": "pro"}, clear=("email",))

    assert decide(said, Known()).changes == {
        "externalId": "u1",
        "name": "Ada",
        "image": "https://x/a.png",
        "metadata": {"plan": "pro"},
    }


def test_an_email_alone_chooses_a_contact_that_has_an_external_id() -> None:
    decision = decide(SAID_EMAIL, Known(by_email=(E_WITH_ID,)))

    assert decision.contact == E_WITH_ID
    assert decision.changes == {}


@pytest.mark.parametrize("owner", [E, E_WITH_ID])
def test_identify_refuses_when_external_id_and_email_are_two_contacts(owner: Contact) -> None:
    refused = conflict(SAID_BOTH, Known(by_external_id=X, by_email=(owner,)))

    assert refused.code == "contact_conflict"
    for shown in ("u1", "contact x ", "Xenia", "e@example.com", "contact e ", "Emil"):
        assert shown in refused.message


@pytest.mark.parametrize("owner", [E, E_WITH_ID])
def test_external_id_wins_keeps_x_and_leaves_e_alone(owner: Contact) -> None:
    said = Identity(external_id="u1", email="e@example.com", name="Xenia B.")

    decision = decide(said, Known(by_external_id=X, by_email=(owner,)), on_conflict="external-id-wins")

    assert decision.contact == X
    assert decision.left_alone == owner
    assert decision.rule == "external-id"
    assert decision.changes == {"name": "Xenia B."}


def test_external_id_wins_does_not_stop_e_from_adopting() -> None:
    decision = decide(SAID_BOTH, Known(by_email=(E,)), on_conflict="external-id-wins")

    assert decision.rule == "email-adopts-external-id"
    assert decision.left_alone is None


@pytest.mark.parametrize("said", [SAID_EMAIL, SAID_BOTH])
def test_an_email_that_several_contacts_have_is_ambiguous(said: Identity) -> None:
    refused = conflict(said, Known(by_email=(E, contact("f", email="e@example.com"))))

    assert refused.code == "ambiguous"
    assert "e, f" in refused.message


def test_a_contact_id_chooses_the_contact() -> None:
    decision = decide(Identity(contact_id="x", name="Xenia B."), Known(by_contact_id=X, linked=X))

    assert decision.rule == "contact-id"
    assert decision.contact == X
    assert decision.changes == {"name": "Xenia B."}


def test_a_contact_id_that_is_new_creates_the_contact() -> None:
    assert decide(Identity(contact_id="x", name="Xenia"), Known()).outcome == "created"


def test_a_contact_chosen_by_id_adopts_an_external_id_that_nobody_has() -> None:
    decision = decide(Identity(contact_id="e", external_id="u1"), Known(by_contact_id=E))

    assert decision.contact == E
    assert decision.changes == {"externalId": "u1"}


@pytest.mark.parametrize("other", [None, E_WITH_ID])
def test_a_contact_id_that_contradicts_the_external_id_is_refused(other: Contact | None) -> None:
    refused = conflict(Identity(contact_id="x", external_id="u2"), Known(by_contact_id=X, by_external_id=other))

    assert refused.code == "contact_conflict"
    for shown in ("contact x", "u1", "u2"):
        assert shown in refused.message


def test_a_contact_id_that_contradicts_the_email_is_refused() -> None:
    refused = conflict(Identity(contact_id="x", email="e@example.com"), Known(by_contact_id=X, by_email=(E,)))

    assert refused.code == "contact_conflict"
    assert "None" not in refused.message
    assert "contact x (Xenia)" in refused.message


# A tombstone resolves to the survivor: the store returns a contact with other values than the given ones


def test_the_external_id_of_a_tombstone_means_the_survivor_which_keeps_its_own() -> None:
    survivor = contact("b", external_id="u2")

    decision = decide(SAID_ID, Known(by_external_id=survivor, linked=survivor))

    assert decision.contact == survivor
    assert decision.outcome == "unchanged"


def test_the_email_of_a_tombstone_means_the_survivor_which_keeps_its_own() -> None:
    survivor = contact("b", email="new@example.com")

    decision = decide(SAID_EMAIL, Known(by_email=(survivor,), linked=survivor))

    assert decision.contact == survivor
    assert decision.outcome == "unchanged"


def test_the_external_id_of_a_tombstone_and_the_email_of_its_survivor_are_one_person() -> None:
    survivor = contact("b", external_id="u2", email="e@example.com")

    decision = decide(SAID_BOTH, Known(by_external_id=survivor, by_email=(survivor,), linked=survivor))

    assert decision.outcome == "unchanged"


def test_the_external_id_of_a_survivor_and_the_email_of_its_tombstone_are_one_person() -> None:
    survivor = contact("b", external_id="u1", email="new@example.com")

    decision = decide(SAID_BOTH, Known(by_external_id=survivor, by_email=(survivor,), linked=survivor))

    assert decision.outcome == "unchanged"


# The visitor's link


def test_an_anonymous_visitor_is_linked() -> None:
    decision = decide(SAID_ID, Known(by_external_id=X))

    assert decision.links
    assert decision.outcome == "linked"
    assert decision.changes == {}


def test_a_visitor_linked_to_that_contact_stays_linked() -> None:
    decision = decide(SAID_ID, Known(by_external_id=X, linked=X))

    assert not decision.links
    assert decision.outcome == "unchanged"


def test_a_linked_visitor_that_turns_out_to_be_somebody_new_needs_relink() -> None:
    assert conflict(SAID_ID, Known(linked=E)).code == "linked_elsewhere"
    assert decide(SAID_ID, Known(linked=E), relink=True).outcome == "created"


def test_relink_does_not_settle_who_is_meant() -> None:
    assert conflict(SAID_BOTH, Known(by_external_id=X, by_email=(E,)), relink=True).code == "contact_conflict"


# Deleted contacts


@pytest.mark.parametrize("relink", [False, True])
@pytest.mark.parametrize("on_conflict", ["error", "external-id-wins"])
@pytest.mark.parametrize("linked", [False, True])
@pytest.mark.parametrize("by", ["external id", "contact id"])
def test_a_deleted_contact_is_never_revived(by: str, linked: bool, on_conflict: OnConflict, relink: bool) -> None:  # noqa: FBT001 - parameters of the test
    gone = contact("x", external_id="u1", deleted=True)
    known = Known(
        by_external_id=gone if by == "external id" else None,
        by_contact_id=gone if by == "contact id" else None,
        linked=gone if linked else None,
    )
    said = SAID_ID if by == "external id" else Identity(contact_id="x")

    refused = conflict(said, known, on_conflict=on_conflict, relink=relink)

    assert refused.code == "contact_deleted"
    assert refused.hint == "visitors contacts restore x"


def test_a_deleted_contact_of_an_export_meets_its_own_record_and_stays_deleted() -> None:
    gone = contact("x", external_id="u1", name="Xenia", deleted=True)

    decision = decide(
        Identity(contact_id="x", is_deleted=True, external_id="u1", name="Xenia B."),
        Known(by_contact_id=gone, by_external_id=gone, linked=gone),
    )

    assert decision.contact == gone
    assert decision.changes == {"name": "Xenia B."}


def test_a_deleted_x_with_a_live_e_is_refused_either_way() -> None:
    known = Known(by_external_id=contact("x", external_id="u1", deleted=True), by_email=(E,))

    assert conflict(SAID_BOTH, known).code == "contact_conflict"
    assert conflict(SAID_BOTH, known, on_conflict="external-id-wins").code == "contact_deleted"


# What changes

FULL = contact(
    "x",
    external_id="u1",
    email="x@example.com",
    name="Xenia",
    image="https://x/a.png",
    metadata={"plan": "pro", "seats": 5, "gone": None},
)
KNOWN = Known(by_external_id=FULL, linked=FULL)


def changes(**said: Any) -> dict[str, Any]:
    return decide(Identity(external_id="u1", **said), KNOWN).changes


def test_clear_of_what_is_null_already_is_unchanged() -> None:
    bare = contact("x", external_id="u1")

    decision = decide(Identity(external_id="u1", clear=CLEARABLE), Known(by_external_id=bare, linked=bare))

    assert decision.outcome == "unchanged"


def test_metadata_that_says_nothing_new_is_unchanged() -> None:
    assert changes(metadata={"seats": 5}) == {}
    assert changes(metadata={}) == {}


@pytest.mark.parametrize("value", ["5", 5.0, 5.5, True, None])
def test_a_metadata_value_of_another_type_is_new(value: Any) -> None:
    assert changes(metadata={"seats": value}) == {"metadata": {"plan": "pro", "seats": value, "gone": None}}


def test_unset_and_metadata_work_together() -> None:
    assert changes(unset=("plan",), metadata={"seats": 6}) == {"metadata": {"seats": 6, "gone": None}}


def test_replace_metadata_drops_what_is_not_said() -> None:
    assert changes(metadata={"plan": "free"}, replace_metadata=True) == {"metadata": {"plan": "free"}}
    assert changes(metadata={}, replace_metadata=True) == {"metadata": {}}


def test_replacing_metadata_by_the_same_in_another_order_is_unchanged() -> None:
    assert changes(metadata={"gone": None, "seats": 5, "plan": "pro"}, replace_metadata=True) == {}


def test_deciding_leaves_what_is_known_as_it_was() -> None:
    before = dict(FULL.metadata)

    changes(metadata={"seats": 6}, unset=("plan",))

    assert FULL.metadata == before


# parse_identity


def test_what_is_said_is_normalised() -> None:
    said = parse_identity(
        {
            "externalId": " User_42 ",
            "email": " Ada@Example.COM ",
            "name": " Ada ",
            "image": " https://x/a.png ",
            "metadata": {"plan": " pro "},
            "unset": ["seats"],
        }
    )

    assert said == Identity(
        external_id="User_42",
        email="ada@example.com",
        name="Ada",
        image="https://x/a.png",
        metadata={"plan": " pro "},
        unset=("seats",),
    )


def test_none_means_not_said() -> None:
    fields = ("externalId", "email", "name", "image", "metadata", "clear", "unset", "replaceMetadata")

    assert parse_identity(dict.fromkeys(fields)) == parse_identity({}) == Identity()


@pytest.mark.parametrize("field", ["externalId", "email", "name", "image"])
@pytest.mark.parametrize("value", ["", "  "])
def test_an_empty_string_is_an_error(field: str, value: str) -> None:
    with pytest.raises(InvalidData) as refused:
        parse_identity({field: value})

    assert refused.value.code == "empty"
    assert refused.value.field == field


@pytest.mark.parametrize("field", ["externalId", "email", "name", "image"])
@pytest.mark.parametrize("value", [True, 1.5, [], {"a": 1}])
def test_a_field_that_is_not_a_string_is_an_error(field: str, value: object) -> None:
    with pytest.raises(InvalidData) as refused:
        parse_identity({field: value})

    assert refused.value.code == "invalid_type"
    assert refused.value.field == field


def test_an_external_id_may_come_as_an_integer() -> None:
    assert parse_identity({"externalId": 42}).external_id == "42"


@pytest.mark.parametrize("value", [0, -1, "Null", "undefined", "[object Object]", "---"])
def test_a_junk_external_id_is_refused(value: object) -> None:
    with pytest.raises(InvalidData) as refused:
        parse_identity({"externalId": value})

    assert refused.value.code == "junk_external_id"


@pytest.mark.parametrize(
    "values",
    [
        {"clear": ["externalId"]},
        {"clear": ["id"]},
        {"clear": ["name"], "name": "Ada"},
        {"clear": ["metadata"], "metadata": {"a": 1}},
        {"unset": ["plan"], "metadata": {"plan": "pro"}},
        {"replaceMetadata": True},
    ],
)
def test_contradictions_are_usage_problems(values: dict[str, object]) -> None:
    with pytest.raises(UsageProblem):
        parse_identity({"externalId": "u1", **values})


@pytest.mark.parametrize("field", ["clear", "unset"])
@pytest.mark.parametrize("value", ["name", [1], {"name": 1}, 5])
def test_names_to_clear_and_unset_come_as_a_list(field: str, value: object) -> None:
    with pytest.raises(InvalidData) as refused:
        parse_identity({"externalId": "u1", field: value})

    assert refused.value.code == "invalid_type"
    assert refused.value.field == field


def test_replace_metadata_that_is_not_a_boolean_is_refused() -> None:
    with pytest.raises(InvalidData) as refused:
        parse_identity({"externalId": "u1", "metadata": {}, "replaceMetadata": "false"})

    assert refused.value.field == "replaceMetadata"


# For any store and any input

external_ids = st.sampled_from(["u1", "u2", "u3"])
emails = st.sampled_from(["a@example.com", "b@example.com", "c@example.com"])
names = st.sampled_from(["Ada", "Bob"])
metadata_objects = st.dictionaries(
    st.sampled_from("pqrs"), st.sampled_from([1, 1.0, "1", True, None, 0.0, -0.0]), max_size=3
)
maybe = st.none()


@st.composite
def people(draw: st.DrawFn) -> list[Contact]:
    owners = draw(st.lists(maybe | external_ids, max_size=4, unique_by=lambda value: value or object()))
    addresses = draw(st.lists(maybe | emails, min_size=4, max_size=4, unique_by=lambda value: value or object()))
    return [
        contact(
            f"c{number}",
            external_id=owner,
            email=addresses[number],
            name=draw(maybe | names),
            metadata=draw(metadata_objects),
            deleted=draw(st.sampled_from([False, False, False, True])),
        )
        for number, owner in enumerate(owners)
    ]


@st.composite
def identities(draw: st.DrawFn) -> Identity:
    values: dict[str, object] = {
        "externalId": draw(maybe | external_ids),
        "email": draw(maybe | emails),
        "name": draw(maybe | names),
        "metadata": draw(maybe | metadata_objects),
    }
    values["clear"] = [field for field in CLEARABLE if values.get(field) is None and draw(st.booleans())]
    said = values["metadata"] if isinstance(values["metadata"], dict) else {}
    values["unset"] = [key for key in "pqrs" if key not in said and draw(st.booleans())]
    values["replaceMetadata"] = values["metadata"] is not None and draw(st.booleans())
    return parse_identity(values)


def look_up(contacts: list[Contact], said: Identity, linked: Contact | None) -> Known:
    """Return what a store with these contacts would find."""
    live = [one for one in contacts if one.deleted_at is None]
    return Known(
        linked=linked,
        by_external_id=next(
            (one for one in contacts if said.external_id and one.external_id == said.external_id), None
        ),
        by_email=tuple(one for one in live if said.email and one.email == said.email),
    )


def apply(decision: Decision, contacts: list[Contact]) -> tuple[list[Contact], Contact]:
    """Return the contacts after the decision, and the one that the visitor is now linked to."""
    columns = {"externalId": "external_id"}
    new = {columns.get(field, field): value for field, value in decision.changes.items()}
    chosen = msgspec.structs.replace(decision.contact or contact("new"), **new)
    return [one for one in contacts if one.id != chosen.id] + [chosen], chosen


stories = st.tuples(
    people(), identities(), st.integers(-1, 3), st.sampled_from(["error", "external-id-wins"]), st.booleans()
)
Story = tuple[list[Contact], Identity, int, OnConflict, bool]


def run(story: Story) -> tuple[Decision, Known] | None:
    contacts, said, index, on_conflict, relink = story
    known = look_up(contacts, said, contacts[index] if 0 <= index < len(contacts) else None)
    try:
        return decide(said, known, on_conflict=on_conflict, relink=relink), known
    except VisitorsError as refused:
        assert isinstance(refused, Conflict | UsageProblem)  # noqa: PT017 - what may be refused
        return None


@settings(deadline=None, max_examples=150)
@given(stories)
def test_deciding_again_after_the_changes_is_unchanged(story: Story) -> None:
    decided = run(story)
    if decided is None:
        return
    contacts, chosen = apply(decided[0], story[0])

    again = decide(story[1], look_up(contacts, story[1], chosen), on_conflict=story[3])

    assert again.outcome == "unchanged"
    assert again.changes == {}
    assert again.contact == chosen


@settings(deadline=None, max_examples=150)
@given(stories)
def test_what_is_decided_obeys_the_contract(story: Story) -> None:
    decided = run(story)
    if decided is None:
        return
    decision, known = decided
    contacts, chosen = apply(decision, story[0])

    assert chosen.deleted_at is None
    assert decision.outcome == ("created" if decision.contact is None else decision.outcome)
    assert decision.links == (known.linked is None or known.linked.id != chosen.id)
    assert not (decision.links and known.linked and not story[4])
    owners = [one.external_id for one in contacts if one.external_id]
    addresses = [one.email for one in contacts if one.email and one.deleted_at is None]
    assert len(owners) == len(set(owners))
    assert len(addresses) == len(set(addresses))
    assert story[1].external_id in (None, chosen.external_id)
    if decision.left_alone:
        assert decision.left_alone in contacts
        assert decision.left_alone.id != chosen.id


@always
@given(stories)
def test_deciding_twice_gives_the_same_decision(story: Story) -> None:
    assert run(story) == run(story)


@pytest.mark.parametrize("is_first", [True, False])
def test_a_deleted_contact_is_not_merged(is_first: bool) -> None:  # noqa: FBT001
    both = (contact("gone", deleted=True), X) if is_first else (X, contact("gone", deleted=True))
    with pytest.raises(Conflict, match=r"contact gone .* is deleted") as refused:
        plan_merge(*both)
    assert refused.value.hint == "visitors contacts restore gone"
