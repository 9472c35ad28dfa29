"""Selections: raw options in, normalised filters out."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from visitors.domain import email_rules
from visitors.domain.selection import MetadataFilter, Selection, parse_selection
from visitors.errors import InvalidData, UsageProblem

always = settings(deadline=None)
CURRENT = "2026-03-01T20:58:11.021Z"


def select(*metadata: str, **values: object) -> Selection:
    return parse_selection({**values, "metadata": metadata or None}, CURRENT)


def test_without_a_filter_it_is_everything() -> None:
    assert select() == Selection()
    assert select().is_everything


def test_none_means_that_an_option_was_not_given() -> None:
    assert select(identified=None, language=None, created_since=None, search=None).is_everything


@pytest.mark.parametrize(
    "values",
    [
        {"identified": True},
        {"identified": False},
        {"blocked": False},
        {"language": "en"},
        {"never_seen": True},
        {"deleted": True},
        {"created_until": "30d"},
        {"search": "ada"},
    ],
)
def test_any_filter_makes_it_less_than_everything(values: dict[str, object]) -> None:
    assert not select(**values).is_everything


def test_a_metadata_filter_alone_makes_it_less_than_everything() -> None:
    assert not select("plan").is_everything


def test_values_are_normalised_as_the_data_they_are_compared_with() -> None:
    selection = select(
        language=" EN-gb ",
        timezone="Europe/London",
        country_code="de",
        device_type="Mobile",
        browser=" Firefox ",
        os="Linux ",
        ip="2001:DB8:0:0:0:0:0:7",
        contact=" ada@example.com ",
        search=" Ada ",
    )

    assert selection == Selection(
        language="en-GB",
        timezone="Europe/London",
        country_code="DE",
        device_type="mobile",
        browser="Firefox",
        os="Linux",
        ip="2001:db8::7",
        contact="ada@example.com",
        search="Ada",
    )


def test_times_may_be_instants_dates_or_ages() -> None:
    selection = select(
        created_since="2026-02-01",
        created_until="2026-03-01T10:00:00+01:00",
        seen_since="30d",
        seen_until="12h",
    )

    assert selection.created_since == "2026-02-01T00:00:00.000Z"
    assert selection.created_until == "2026-03-01T09:00:00.000Z"
    assert selection.seen_since == "2026-01-30T20:58:11.021Z"
    assert selection.seen_until == "2026-03-01T08:58:11.021Z"


@pytest.mark.parametrize(
    ("name", "value", "option"),
    [
        ("language", "en US", "language"),
        ("timezone", "Mars/Olympus", "timezone"),
        ("country_code", "DEU", "country-code"),
        ("device_type", "watch", "device-type"),
        ("ip", "300.1.1.1", "ip"),
        ("ip", "203.0.113.0/33", "ip"),
        ("ip", "203.0.113.0/", "ip"),
        ("ip", "203.0.113.0/-1", "ip"),
        ("ip", "203.0.113.0/255.255.255.0", "ip"),
        ("ip", "203.0.113/24", "ip"),
        ("ip", "fe80::%eth0/64", "ip"),
        ("ip", "/24", "ip"),
        ("ip", "%' OR 1=1 --/24", "ip"),
        ("fingerprint", "undefined", "fingerprint"),
        ("email_domain", "example", "email-domain"),
        ("email_domain", "ada@example.com", "email-domain"),
        ("email_domain", "example.com.", "email-domain"),
        ("email_domain", "%.com", "email-domain"),
        ("email_domain", "a" * 300 + ".com", "email-domain"),
        ("blocked_by", " ", "blocked-by"),
        ("block_reason", "", "block-reason"),
        ("blocked_since", "soon", "blocked-since"),
        ("updated_until", "soon", "updated-until"),
        ("search", "  ", "search"),
        ("created_since", "soon", "created-since"),
        ("seen_until", "1.5d", "seen-until"),
    ],
)
def test_a_bad_value_is_refused_under_the_name_of_its_option(name: str, value: str, option: str) -> None:
    with pytest.raises(InvalidData) as refused:
        select(**{name: value})

    assert refused.value.field == option
    assert refused.value.message.startswith(option)


@pytest.mark.parametrize(
    ("written", "network"),
    [
        ("203.0.113.0/24", "203.0.113.0/24"),
        (" 203.0.113.0/024 ", "203.0.113.0/24"),
        ("203.0.113.7/32", "203.0.113.7"),
        ("0.0.0.0/0", "0.0.0.0/0"),
        ("2001:DB8:0::/48", "2001:db8::/48"),
        ("2001:db8::7/128", "2001:db8::7"),
        ("::ffff:203.0.113.0/120", "203.0.113.0/24"),
        ("::ffff:203.0.113.7/128", "203.0.113.7"),
        ("::/0", "::/0"),
    ],
)
def test_a_network_of_addresses_has_one_form(written: str, network: str) -> None:
    assert select(ip=written).ip == network


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("203.0.113.7/24", "did you mean the network 203.0.113.0/24, or the address 203.0.113.7?"),
        ("2001:db8::7/64", "did you mean the network 2001:db8::/64, or the address 2001:db8::7?"),
    ],
)
def test_a_network_with_bits_of_an_address_is_refused_with_what_may_be_meant(typed: str, meant: str) -> None:
    with pytest.raises(InvalidData, match="has host bits set") as refused:
        select(ip=["192.0.2.1", typed])

    assert refused.value.hint == meant


@pytest.mark.parametrize(
    ("written", "domain"),
    [("Example.COM", "example.com"), ("@example.com", "example.com"), ("xn--mller-kva.example", "m\u00fcller.example"),
     ("MU\u0308LLER.example", "m\u00fcller.example")],
)  # fmt: skip
def test_a_domain_is_written_as_in_the_emails_it_is_compared_with(written: str, domain: str) -> None:
    assert select(email_domain=written).email_domain == domain
    assert email_rules.email(f"ada@{written.removeprefix('@')}") == f"ada@{domain}"


@always
@given(st.text(st.sampled_from("0123456789abcdef.:/% -")) | st.text())
def test_any_address_or_network_is_taken_in_one_form_or_refused_as_invalid_data(text: str) -> None:
    try:
        taken = select(ip=text).ip
    except InvalidData:
        return
    assert select(ip=taken).ip == taken


@pytest.mark.parametrize(
    ("name", "value"),
    [("blocked_since", "1h"), ("blocked_until", "1h"), ("blocked_by", "jo"), ("block_reason", ["spam", "fraud"])],
)
def test_who_is_not_blocked_has_no_block_that_holds(name: str, value: object) -> None:
    with pytest.raises(UsageProblem, match=f"--not-blocked cannot be combined with --{name.replace('_', '-')}"):
        select(blocked=False, **{name: value})

    assert select(blocked=True, **{name: value}).given == ["blocked", name]


def test_the_anonymous_have_no_email() -> None:
    with pytest.raises(UsageProblem, match="--anonymous cannot be combined with --email-domain"):
        select(identified=False, email_domain="example.com")


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (["EN-gb", "de", "en-GB"], ("en-GB", "de")),
        (("de", "DE"), "de"),
        (["de"], "de"),
    ],
)
def test_several_values_are_normalised_and_each_is_there_once(values: object, expected: object) -> None:
    assert select(language=values).language == expected


def test_a_bad_value_among_several_is_refused() -> None:
    with pytest.raises(InvalidData, match="en US"):
        select(language=["de", "en US"])


def test_no_value_at_all_is_not_the_same_as_no_filter() -> None:
    with pytest.raises(UsageProblem, match="language has no value"):
        select(language=[])


@pytest.mark.parametrize("name", ["created_since", "blocked"])
def test_what_has_one_value_takes_no_several(name: str) -> None:
    with pytest.raises(UsageProblem, match="takes one value"):
        select(**{name: ["30d", "60d"]})


@pytest.mark.parametrize("other", ["seen_since", "seen_until"])
def test_never_seen_excludes_seen_times(other: str) -> None:
    with pytest.raises(UsageProblem):
        select(never_seen=True, **{other: "30d"})


@pytest.mark.parametrize("what", ["created", "updated", "seen", "blocked"])
@pytest.mark.parametrize(("since", "until"), [("7d", "30d"), ("2026-02-02", "2026-02-01"), ("now", "yesterday")])
def test_a_time_that_ends_before_it_begins_is_refused(what: str, since: str, until: str) -> None:
    with pytest.raises(UsageProblem, match=f"--{what}-since .* is after --{what}-until "):
        select(**{f"{what}_since": since, f"{what}_until": until})


def test_a_time_may_end_where_it_begins() -> None:
    chosen = select(created_since="2026-02-01", created_until="2026-02-01")

    assert chosen.created_since == chosen.created_until


@pytest.mark.parametrize(
    ("metadata", "others"), [((), {"contact": "ada@example.com"}), (("plan",), {}), (("plan!=pro", "seats=5"), {})]
)
def test_the_anonymous_have_no_contact_and_none_of_its_metadata(
    metadata: tuple[str, ...], others: dict[str, object]
) -> None:
    with pytest.raises(UsageProblem, match="--anonymous cannot be combined with --"):
        select(*metadata, identified=False, **others)


def test_the_anonymous_go_with_metadata_that_somebody_does_not_have() -> None:
    assert select("plan!=pro", identified=False).identified is False


def test_seen_times_go_with_never_seen_switched_off() -> None:
    assert select(never_seen=False, seen_since="30d").seen_since == "2026-01-30T20:58:11.021Z"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("plan", MetadataFilter("plan")),
        ("plan=pro", MetadataFilter("plan", "pro")),
        ("plan!=pro", MetadataFilter("plan", "pro", negated=True)),
        (" plan = pro ", MetadataFilter("plan", " pro ")),
        ("plan=", MetadataFilter("plan", "")),
        ("plan!=", MetadataFilter("plan", "", negated=True)),
        ("plan=a=b", MetadataFilter("plan", "a=b")),
        ("plan=a!=b", MetadataFilter("plan", "a!=b")),
        ("plan!", MetadataFilter("plan!")),
        ("a.b", MetadataFilter("a.b")),
    ],
)
def test_a_metadata_filter_asks_for_presence_equality_or_difference(text: str, expected: MetadataFilter) -> None:
    assert select(text).metadata == (expected,)


def test_metadata_filters_keep_their_order_and_may_repeat_a_key() -> None:
    assert select("plan!=a", "plan!=b").metadata == (
        MetadataFilter("plan", "a", negated=True),
        MetadataFilter("plan", "b", negated=True),
    )


@pytest.mark.parametrize(
    "text", ["seats>5", "seats<5", "seats >= 5", "seats<=5", "plan~pro", "plan!~pro", "plan~=p", "seats>", ">5"]
)
def test_a_metadata_filter_that_compares_is_not_taken_for_a_key(text: str) -> None:
    with pytest.raises(UsageProblem, match="not supported") as refused:
        select(text)

    assert refused.value.hint == "use K (present), K=V or K!=V"


def test_a_value_of_metadata_may_hold_signs_of_comparison() -> None:
    assert select("range=>5", "a>b=c").metadata == (MetadataFilter("range", ">5"), MetadataFilter("a>b", "c"))


@pytest.mark.parametrize(
    ("text", "sign"),
    [("seats:=5", ":="), ("seats==5", "=="), ("seats!==5", "=="), ("plan==", "=="), ("vip:=true", ":=")],
)
def test_a_metadata_filter_with_another_sign_for_equals_is_not_taken_for_a_key_or_value(text: str, sign: str) -> None:
    with pytest.raises(UsageProblem, match=f"has {sign} instead of =") as refused:
        select(text)

    assert refused.value.hint == "use K (present), K=V or K!=V"


@pytest.mark.parametrize("text", ["", " ", "=pro", "!=pro", " =x", " !=x", "="])
def test_a_metadata_filter_without_a_key_is_refused(text: str) -> None:
    with pytest.raises(InvalidData) as refused:
        select(text)

    assert refused.value.field == "metadata"


@always
@given(st.text(st.characters()))
def test_any_metadata_filter_is_taken_or_refused_as_invalid_data(text: str) -> None:
    try:
        (taken,) = select(text).metadata
    except (InvalidData, UsageProblem):
        return
    assert taken.key == taken.key.strip() != ""
    assert (taken.value is None) == ("=" not in text)
