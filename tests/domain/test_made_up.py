"""Made-up people: equal for equal plans, valid by the rules for real people, and as planned."""

from __future__ import annotations

import ipaddress
import unicodedata
import zoneinfo
from collections import Counter, defaultdict
from collections.abc import Sequence
from functools import cache
from itertools import islice
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from visitors.domain.conversation import Conversation, Message
from visitors.domain.ids import ALPHABET, given_contact_id, given_id
from visitors.domain.made_up.locales import LOCALES
from visitors.domain.made_up.people import MadeUp, made_up, seeded_entropy
from visitors.domain.made_up.plan import MOST, Plan, check_now, parse_locales, parse_range, parse_share
from visitors.domain.normalise import MESSAGE_LIMIT, text
from visitors.domain.row import RowParser, VisitorRow
from visitors.domain.times import parse_instant, to_milliseconds
from visitors.errors import InvalidData, UsageProblem

NOW = "2026-01-01T00:00:00.000Z"
TAGS = [locale.tag for locale in LOCALES]
RESERVED = ("example", "test", "example.com", "example.net", "example.org")
NETWORKS = [
    ipaddress.ip_network(text) for text in ("192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24", "2001:db8::/32")
]


def people(**options: Any) -> list[MadeUp]:
    return list(made_up(Plan(now=NOW, **options)))


@cache
def many() -> list[MadeUp]:
    return people(count=5_000, seed=7, blocked=0.05, conversations=(0, 3))


def by_person(made: Sequence[MadeUp]) -> dict[str, list[MadeUp]]:
    """Contact id -> its devices."""
    found: dict[str, list[MadeUp]] = defaultdict(list)
    for one in made:
        if one.row.identity is not None:
            found[str(one.row.identity.contact_id)].append(one)
    return found


def as_a_file_says_it(row: VisitorRow) -> dict[str, Any]:
    """The row's values by public field name, as an import reads them."""
    said = row.identity
    values: dict[str, Any] = {
        "id": row.id,
        **row.browser_data(),
        "createdAt": row.created_at,
        "updatedAt": row.updated_at,
        "lastSeenAt": row.last_seen_at,
        "isBlocked": row.is_blocked,
        "blockedAt": row.blocked_at,
        "blockedBy": row.blocked_by,
        "blockReason": row.block_reason,
        "contact.isBlocked": row.contact_is_blocked,
        "contact.createdAt": row.contact_created_at,
        "contact.updatedAt": row.contact_updated_at,
    }
    if said is not None:
        values |= {
            "contact.id": said.contact_id,
            "contact.externalId": said.external_id,
            "contact.email": said.email,
            "contact.name": said.name,
            "contact.image": said.image,
            "contact.metadata": said.metadata,
        }
    return values


plans = st.builds(
    Plan,
    count=st.integers(0, 60),
    seed=st.integers(0, 2**64 - 1),
    now=st.sampled_from([NOW, "1970-07-01T00:00:00.000Z", "2024-02-29T23:59:59.999Z", "9999-12-31T23:59:59.999Z"]),
    identified=st.floats(0, 1),
    blocked=st.floats(0, 1),
    devices=st.sampled_from([(1, 1), (1, 3), (2, 2), (3, 9)]),
    conversations=st.sampled_from([(0, 0), (0, 2), (1, 1), (2, 5)]),
    locales=st.lists(st.sampled_from(TAGS), unique=True).map(tuple),
)
always = settings(deadline=None, max_examples=60)


# Reproducible


@always
@given(plans)
def test_equal_plans_make_equal_people(plan: Plan) -> None:
    assert list(made_up(plan)) == list(made_up(msgspec.structs.replace(plan)))


def test_another_seed_makes_other_people() -> None:
    one, other = (people(count=200, seed=seed) for seed in (1, 2))
    for field in ("id", "created_at"):
        assert {getattr(made.row, field) for made in one}.isdisjoint(getattr(made.row, field) for made in other)
    emails = [{made.row.identity.email for made in some if made.row.identity} - {None} for some in (one, other)]
    assert emails[0].isdisjoint(emails[1])


def test_the_next_seed_is_not_the_same_sequence_as_the_operations_ids() -> None:
    drawn = {seeded_entropy(seed)(10) for seed in range(50)}
    assert len(drawn) == 50
    assert seeded_entropy(3)(10) == seeded_entropy(3)(10)


def test_another_now_moves_the_times_and_nothing_else() -> None:
    later = "2026-01-01T06:30:00.250Z"
    shift = to_milliseconds(later) - to_milliseconds(NOW)
    for one, other in zip(people(count=300), made_up(Plan(now=later, count=300)), strict=True):
        assert one.row.data == other.row.data
        assert str(one.row.id)[10:] == str(other.row.id)[10:]
        for field in ("created_at", "last_seen_at", "blocked_at", "contact_created_at", "contact_updated_at"):
            before, after = getattr(one.row, field), getattr(other.row, field)
            assert (before is None) == (after is None)
            if before is not None:
                assert to_milliseconds(after) - to_milliseconds(before) == shift


def test_they_come_one_by_one_however_many_are_planned() -> None:
    assert len(list(islice(made_up(Plan(count=10**12, now=NOW)), 5))) == 5


# Valid


@always
@given(plans)
def test_every_value_is_in_its_normal_form_already(plan: Plan) -> None:
    for one in made_up(plan):
        cells = as_a_file_says_it(one.row)
        assert RowParser(cells).parse(list(cells.values())) == one.row


@always
@given(plans)
def test_ids_are_ulids_of_their_records_time_and_all_differ(plan: Plan) -> None:
    times: dict[str, str] = {}
    for one in made_up(plan):
        assert given_id(str(one.row.id)) not in times
        times[str(one.row.id)] = str(one.row.created_at)
        if one.row.identity is not None:
            times[given_contact_id(str(one.row.identity.contact_id))] = str(one.row.contact_created_at)
        for conversation, messages in one.conversations:
            records: list[Conversation | Message] = [conversation, *messages]
            for record in records:
                assert record.id not in times
                times[record.id] = record.created_at
    for ulid, at in times.items():
        number = 0
        for character in ulid:
            number = number * 32 + ALPHABET.index(character)
        assert len(ulid) == 26
        assert number >> 80 == to_milliseconds(at)


@always
@given(plans)
def test_nothing_comes_before_its_cause_or_after_now(plan: Plan) -> None:
    for one in made_up(plan):
        row = one.row
        created, seen = str(row.created_at), str(row.last_seen_at or row.created_at)
        assert created <= seen <= plan.now
        assert row.updated_at == seen
        if row.identity is not None:
            assert str(row.contact_created_at) <= str(row.contact_updated_at) <= plan.now
        for conversation, messages in one.conversations:
            moments = [conversation.created_at, *(message.created_at for message in messages)]
            assert moments == sorted(moments)
            assert created <= moments[0]
            assert moments[-1] == conversation.updated_at <= plan.now
            assert [m.created_at for m in messages if m.visitor_id][-1] <= seen
            assert conversation.resolved_at == (conversation.updated_at if conversation.status == "resolved" else None)


@always
@given(plans)
def test_the_blocked_did_nothing_after_their_block(plan: Plan) -> None:
    for one in made_up(plan):
        row = one.row
        assert row.is_blocked == (row.blocked_at is not None) == (row.blocked_by is not None)
        assert row.block_expires_at is None  # otherwise it would depend on the time of reading
        if row.blocked_at is None:
            assert all(conversation.status != "spam" for conversation, _ in one.conversations)
            continue
        assert str(row.last_seen_at or row.created_at) <= row.blocked_at <= plan.now
        for conversation, messages in one.conversations:
            assert conversation.status == "spam"
            assert max(message.created_at for message in messages) <= row.blocked_at


@always
@given(plans)
def test_conversations_are_of_the_visitor_and_of_its_contact(plan: Plan) -> None:
    for one in made_up(plan):
        contact_id = one.row.identity.contact_id if one.row.identity else None
        for conversation, messages in one.conversations:
            assert (conversation.visitor_id, conversation.contact_id) == (one.row.id, contact_id)
            assert conversation.message_count == len(messages) > 0
            assert messages[0].visitor_id == one.row.id
            for message in messages:
                assert message.conversation_id == conversation.id
                assert (message.visitor_id, bool(message.agent)) in ((one.row.id, False), (None, True))
                assert text(message.body, "body", MESSAGE_LIMIT) == message.body


def test_emails_and_addresses_belong_to_nobody() -> None:
    emails = [person[0].row.identity.email for person in by_person(many()).values() if person[0].row.identity]
    given_emails = [email for email in emails if email is not None]
    assert len(set(given_emails)) == len(given_emails) > 500
    for email in given_emails:
        domain = email.rpartition("@")[2]
        assert domain in RESERVED or domain.rpartition(".")[2] in RESERVED
    addresses = [ipaddress.ip_address(str(one.row.browser_data()["ip"])) for one in many()]
    assert all(any(address in network for network in NETWORKS) for address in addresses)
    assert {address.version for address in addresses} == {4, 6}
    assert all(any(address in network for address in addresses) for network in NETWORKS)


def test_links_lead_to_domains_that_belong_to_nobody() -> None:
    for one in many():
        image = one.row.identity.image if one.row.identity else None
        assert image is None or image.startswith("https://images.example.com/")
        assert '"https://www.example.com/' in str(one.row.browser_data()["currentPage"])


# As planned


@always
@given(plans)
def test_there_are_as_many_as_planned_and_exactly_the_shares(plan: Plan) -> None:
    made = list(made_up(plan))
    assert len(made) == plan.count
    assert sum(one.row.identity is not None for one in made) == int(plan.identified * plan.count + 0.5)
    assert sum(bool(one.row.is_blocked) for one in made) == int(plan.blocked * plan.count + 0.5)


def test_the_identified_and_the_blocked_are_spread_over_all() -> None:
    for part in range(0, 5_000, 1_000):
        some = many()[part : part + 1_000]
        assert 230 <= sum(one.row.identity is not None for one in some) <= 370
        assert 25 <= sum(bool(one.row.is_blocked) for one in some) <= 80


@always
@given(plans)
def test_a_person_has_one_contact_on_all_devices(plan: Plan) -> None:
    made = list(made_up(plan))
    for devices in by_person(made).values():
        assert len(devices) <= plan.devices[1]
        assert len({msgspec.json.encode(device.row.identity) for device in devices}) == 1
        whole = {device.row.contact_is_blocked for device in devices}
        assert len(whole) == 1
        assert not whole.pop() or all(device.row.is_blocked for device in devices)


def test_people_have_as_many_devices_as_planned() -> None:
    sizes = Counter(len(devices) for devices in by_person(many()).values())
    assert set(sizes) == {1, 2, 3}
    assert sizes[1] > sizes[2] > sizes[3] > 50
    fixed = by_person(people(count=300, identified=1, devices=(3, 3)))
    assert {len(devices) for devices in fixed.values()} == {3}


def test_visitors_have_as_many_conversations_as_planned() -> None:
    numbers = Counter(len(one.conversations) for one in many())
    assert set(numbers) == {0, 1, 2, 3}
    assert numbers[0] > numbers[1] > numbers[2] > numbers[3]
    assert {len(one.conversations) for one in people(conversations=(2, 2))} == {2}
    assert {len(one.conversations) for one in people(conversations=(0, 0))} == {0}


def test_only_people_of_the_chosen_locales() -> None:
    made = people(count=300, locales=("de-DE", "ja-JP"))
    assert {one.row.browser_data()["language"] for one in made} == {"de-DE", "ja-JP"}


# Plausible


def test_language_zone_country_and_city_belong_together() -> None:
    known = {
        (locale.tag, locale.country, locale.country_code, city.name, city.region, city.timezone, city.latitude)
        for locale in LOCALES
        for city in locale.cities
    }
    fields = ("language", "country", "countryCode", "city", "region", "timezone", "latitude")
    assert {tuple(one.row.browser_data()[field] for field in fields) for one in many()} == known


def test_the_tables_hold_real_zones_and_the_languages_own_country() -> None:
    zones = zoneinfo.available_timezones()
    for locale in LOCALES:
        assert locale.tag.endswith(f"-{locale.country_code}")
        assert {city.timezone for city in locale.cities} <= zones
        for name in (*locale.given, *locale.family):
            assert name.ascii.isascii()
            assert name.ascii.isalpha()
            assert name.ascii.islower()


def test_systems_browsers_and_screens_belong_together() -> None:
    for one in many():
        data = one.row.browser_data()
        mobile = data["os"] in ("iOS", "Android", "iPadOS")
        assert mobile == (data["deviceType"] in ("mobile", "tablet"))
        assert (data["browser"] != "Safari") or data["os"] in ("iOS", "iPadOS", "macOS")
        assert (data["browser"] != "Edge") or data["os"] == "Windows"
        screen, window = (list(map(int, str(data[field]).split("x"))) for field in ("screenResolution", "viewport"))
        assert window[0] <= screen[0]
        assert window[1] <= screen[1]
        assert (screen[0] > screen[1]) == (data["deviceType"] == "desktop")


def test_devices_of_one_person_are_in_one_place() -> None:
    for devices in by_person(many()).values():
        assert len({device.row.browser_data()["city"] for device in devices}) == 1
        assert len({device.row.browser_data()["fingerprint"] for device in devices}) == len(devices)


@pytest.mark.parametrize(
    "script",
    ["LATIN", "CYRILLIC", "GREEK", "ARABIC", "HEBREW", "DEVANAGARI", "THAI", "CJK", "HIRAGANA", "KATAKANA", "HANGUL"],
)
def test_names_and_messages_are_in_many_scripts(script: str) -> None:
    names = {one.row.identity.name for one in many() if one.row.identity} - {None}
    assert any(unicodedata.name(letter, "").startswith(script) for name in names for letter in str(name))
    bodies = {message.body for one in many() for _, messages in one.conversations for message in messages}
    assert any(unicodedata.name(letter, "").startswith(script) for body in bodies for letter in body)


def test_text_is_composed_and_holds_nothing_invisible() -> None:
    for one in many():
        name = one.row.identity.name if one.row.identity else None
        for said in (name or "", *(m.body for _, messages in one.conversations for m in messages)):
            assert unicodedata.is_normalized("NFC", said)
            assert said.isprintable()


def test_people_write_in_their_own_language() -> None:
    written = defaultdict(set)
    for one in many():
        for _, messages in one.conversations:
            written[one.row.browser_data()["language"]].add(messages[0].body)
    assert written["en-US"] == written["en-GB"]
    assert written["zh-CN"].isdisjoint(written["zh-TW"])
    assert written["de-DE"].isdisjoint(written["en-US"])


def test_some_have_only_an_email_some_only_an_external_id_and_some_were_never_seen() -> None:
    identities = [one.row.identity for one in many() if one.row.identity]
    assert {(said.email is None, said.external_id is None) for said in identities} == {
        (False, False), (True, False), (False, True),
    }  # fmt: skip
    assert {said.metadata is None for said in identities} == {True, False}
    kinds = {type(value) for said in identities for value in (said.metadata or {}).values()}
    assert kinds == {str, int, float, bool, type(None)}
    assert 0 < sum(one.row.last_seen_at is None for one in many()) < 500


# Parsing options


@pytest.mark.parametrize(
    ("given_text", "share"),
    [("30%", 0.3), ("0.3", 0.3), ("0", 0), ("1", 1), ("100%", 1), (" 2.5 % ", 0.025), (".5", 0.5), ("0%", 0)],
)
def test_a_share_is_a_percentage_or_a_fraction(given_text: str, share: float) -> None:
    assert parse_share(given_text, "--identified") == pytest.approx(share)


@pytest.mark.parametrize("bad", ["", "30", "101%", "1.1", "-1%", "nan", "%", "many", "1e-1", "٣%", "30%%", "3 0%"])
def test_any_other_share_is_a_usage_problem(bad: str) -> None:
    with pytest.raises(UsageProblem) as refused:
        parse_share(bad, "--identified")
    assert "--identified 30%" in str(refused.value.hint)


@pytest.mark.parametrize(
    ("given_text", "span"), [("1-3", (1, 3)), ("2", (2, 2)), (" 1-1 ", (1, 1)), ("1-100", (1, MOST))]
)
def test_a_range_is_two_numbers_or_one(given_text: str, span: tuple[int, int]) -> None:
    assert parse_range(given_text, "--devices", smallest=1) == span


@pytest.mark.parametrize("bad", ["", "0", "3-1", "1-", "-1", "1..3", "a", "1-101", "1.5", "٣", "1-2-3"])
def test_any_other_range_is_a_usage_problem(bad: str) -> None:
    with pytest.raises(UsageProblem) as refused:
        parse_range(bad, "--devices", smallest=1)
    assert "--devices 1-3" in str(refused.value.hint)


def test_locales_are_tags_or_the_beginnings_of_tags_in_any_order() -> None:
    assert parse_locales([]) == ()
    assert parse_locales(["de-de"]) == ("de-DE",)
    assert parse_locales(["ja-JP", "en"]) == parse_locales(["en-GB", "ja", "en-US"]) == ("en-US", "en-GB", "ja-JP")


@pytest.mark.parametrize("bad", ["xx", "", "e", "en-", "en-US-x"])
def test_an_unknown_locale_is_a_usage_problem_that_lists_the_known(bad: str) -> None:
    with pytest.raises(UsageProblem) as refused:
        parse_locales(["de-DE", bad])
    assert all(tag in str(refused.value.hint) for tag in TAGS)


def test_a_now_that_is_too_early_for_ids_is_refused() -> None:
    assert check_now("1970-06-30T00:00:00.000Z")
    with pytest.raises(InvalidData):
        check_now("1970-06-29T23:59:59.999Z")
    assert parse_instant("1970-06-30", "now") == "1970-06-30T00:00:00.000Z"
