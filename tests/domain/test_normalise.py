"""Input values: normalised to one form, or refused with a reason."""

from __future__ import annotations

import ipaddress
import math
import subprocess
import sys
import unicodedata
import zoneinfo
from collections.abc import Callable

import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from junk import JUNK, QUOTES
from visitors.domain import email_rules, ip_rules, normalise
from visitors.domain.ids import given_id
from visitors.errors import InvalidData

always = settings(deadline=None)
few = settings(deadline=None, max_examples=15)  # an unknown time zone is searched for in the whole database

any_text = st.text(st.characters())  # lone surrogates and control characters too
spaces = st.sampled_from(["", " ", "\t", "\n", "\u00a0", "\u3000", " \r\n"])
words = st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1, max_size=40)
emails = st.builds(
    "{}@{}.{}".format,
    st.from_regex(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]{1,20}(\.[A-Za-z0-9+_-]{1,20}){0,2}", fullmatch=True),
    st.from_regex(r"[A-Za-z0-9]([A-Za-z0-9-]{0,20}[A-Za-z0-9])?", fullmatch=True),
    st.from_regex(r"[A-Za-z]{2,10}", fullmatch=True),
)
language_tags = st.from_regex(r"[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8}){0,5}", fullmatch=True)
addresses = st.ip_addresses().map(str)

CONTROL_AND_BIDI = (
    "\0\n\r\t\x1b\x7f\x85\x9b\xa0\xad\ufeff\ud800"
    "\u061c\u200b\u200d\u200e\u200f\u2028\u2029\u3000"
    "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
)
NO_FINITE_NUMBERS = ["nan", "NaN", "-nan", "inf", "-inf", "Infinity", "1e400", math.nan, math.inf, -math.inf, 10**400]
NO_NUMBERS = ["", " ", "north", "52,52", "52°31'", "0x10", "52.52 13.40", "\0", "1\ud800"]


def size(value: str, field: str = "viewport") -> str:
    return normalise.size(value, field)


def refusal(function: Callable[..., object], value: object, *more: object) -> InvalidData:
    with pytest.raises(InvalidData) as refused:
        function(value, *more)
    return refused.value


def attempt(function: Callable[[str], str], value: str) -> str | None:
    try:
        return function(value)
    except InvalidData:
        return None


# Text


def test_text_is_trimmed_and_kept_as_it_is_inside() -> None:
    assert normalise.text(" \t Ada  Lovelace\u00a0\n", "name") == "Ada  Lovelace"


@pytest.mark.parametrize("value", ["", " ", "\t\r\n", "\u00a0\u3000"])
def test_empty_text_is_an_error_that_says_to_leave_it_out(value: str) -> None:
    refused = refusal(normalise.text, value, "name")

    assert (refused.code, refused.field) == ("empty", "name")
    assert refused.hint == "give it a value, or leave out name"


def test_text_may_be_as_long_as_its_limit_and_no_longer() -> None:
    assert normalise.text("x" * 1_000, "name") == "x" * 1_000
    assert normalise.text("  " + "x" * 5 + "  ", "name", 5) == "x" * 5
    assert refusal(normalise.text, "x" * 1_001, "name").code == "too_long"
    assert refusal(normalise.text, "x" * 6, "name", 5).code == "too_long"


def test_text_with_a_nul_is_refused() -> None:
    for value in ("\0", "a\0b", "\0a", "a\0"):
        assert refusal(normalise.text, value, "name").code == "invalid_text"


@always
@given(words, st.characters(min_codepoint=0xD800, max_codepoint=0xDFFF), words)
def test_text_with_a_lone_surrogate_is_refused(before: str, surrogate: str, after: str) -> None:
    assert refusal(normalise.text, before + surrogate + after, "name").code == "invalid_text"


@pytest.mark.parametrize(
    "value", ["\x1b[31mred", "a\u202eb", "[bold]x[/bold]", "=1+1", "a\nb", "\x9b", "😀", "x\u200by"]
)
def test_text_that_only_looks_dangerous_is_data(value: str) -> None:
    assert normalise.text(value, "name") == value


# Email


@pytest.mark.parametrize(
    ("value", "address"),
    [
        (" Ada@Example.COM\n", "ada@example.com"),
        ("ada+news@example.com", "ada+news@example.com"),
        ("a.d.a@gmail.com", "a.d.a@gmail.com"),
        ("o'brien@example.co.uk", "o'brien@example.co.uk"),
        ("ÄDA@BÜCHER.DE", "äda@bücher.de"),
        ("用户@例子.中国", "用户@例子.中国"),
        ("a@1.example", "a@1.example"),
        ("{x}|y@a-b.example", "{x}|y@a-b.example"),
        ("user@xn--bcher-kva.example", "user@bücher.example"),
        ("user@XN--BCHER-KVA.example", "user@bücher.example"),
        ("user@bücher。example", "user@bücher.example"),
        ("user@ｂücher.example", "user@bücher.example"),
        ("zoe\u0308@bu\u0308cher.example", "zoë@bücher.example"),
        ("user@xn--fuball-cta.example", "user@fußball.example"),
        ("user@xn--ls8h.example", "user@💩.example"),
        ("user@💩.example", "user@💩.example"),
        ("user@xn--99zz99.example", "user@xn--99zz99.example"),
        ("user@xn--abcde.example", "user@xn--abcde.example"),
        ("\ufeffada@example.com\u200b", "ada@example.com"),
    ],
)
def test_an_email_is_trimmed_and_put_in_lower_case(value: str, address: str) -> None:
    assert email_rules.email(value) == address


@pytest.mark.parametrize(
    "value",
    [
        "ada",
        "@example.com",
        "ada@",
        "ada@example",
        "ada@@example.com",
        "a@b@example.com",
        "ada@example..com",
        "ada@.example.com",
        "ada@example.com.",
        "ada@-example.com",
        "ada@example-.com",
        "ada..l@example.com",
        ".ada@example.com",
        "ada.@example.com",
        "ada l@example.com",
        "ada@exa mple.com",
        "Ada <ada@example.com>",
        "<ada@example.com>",
        '"ada l"@example.com',
        "mailto:ada@example.com",
        "ada@example.com,bob@example.com",
        "ada@[203.0.113.7]",
        "ada(comment)@example.com",
        "ada@" + "x" * 64 + ".com",
        "a" * 243 + "@example.com",
        "a" * 100_000,
        "a." * 490,
    ],
)
def test_what_is_not_an_email_is_refused(value: str) -> None:
    refused = refusal(email_rules.email, value, "contact.email")

    assert refused.code in ("invalid_email", "too_long")
    assert refused.field == "contact.email"
    assert len(refused.message) < 150


@pytest.mark.parametrize("domain", ["exam_ple.com", "example.c_m"])
def test_an_underscore_in_an_emails_domain_is_refused(domain: str) -> None:
    assert refusal(email_rules.email, f"ada@{domain}").code == "invalid_email"


@pytest.mark.parametrize("domain", ["हिन्दी.com", "ไทย.example", "தமிழ்.example"])
def test_an_emails_domain_may_hold_combining_marks(domain: str) -> None:
    assert email_rules.email(f"ada@{domain}") == f"ada@{domain}"


@pytest.mark.parametrize(
    "character",
    CONTROL_AND_BIDI,
)
def test_an_email_with_a_control_or_bidi_character_is_refused(character: str) -> None:
    for address in (f"a{character}da@example.com", f"ada@exa{character}mple.com"):
        assert refusal(email_rules.email, address).code in ("invalid_email", "invalid_text", "unseen_character")


def test_what_cannot_be_seen_in_a_domain_stays_encoded() -> None:
    encoded = "xn--" + "نامه\u200cای".encode("punycode").decode()
    assert email_rules.email(f"ada@{encoded}.example") == f"ada@{encoded}.example"


def test_an_email_may_have_254_characters() -> None:
    address = "a" * 242 + "@example.com"

    assert email_rules.email(address) == address


@always
@given(emails, spaces)
def test_an_email_in_any_letter_case_is_the_same_email(address: str, space: str) -> None:
    kept = email_rules.email(space + address + space)

    assert kept == address.lower()
    assert email_rules.email(address.upper()) == email_rules.email(address.swapcase()) == kept


# Refused values are shown as given


@pytest.mark.parametrize(
    ("rule", "value"),
    [
        (email_rules.email, "Ada@Example"),
        (email_rules.email, "ADA@EXAMPLE_X.COM"),
        (email_rules.email, "{{User.Email}}@Example.com"),
        (email_rules.email, "E\u0301@X"),
        (normalise.external_id, "N/A"),
        (normalise.fingerprint, "Undefined"),
        (normalise.external_id, "E\u0301\u200bX"),
        (given_id, "Guest"),
        (given_id, "No ID"),
        (normalise.language, "English Please"),
        (normalise.timezone, "europe/London"),
        (normalise.country_code, "Deu"),
        (normalise.device_type, "Phone"),
        (ip_rules.ip, "FE80::X"),
    ],
)
def test_a_refused_value_is_shown_as_it_came(rule: Callable[[str], str], value: str) -> None:
    assert repr(value) in refusal(rule, f" {value} ").message


# Two spellings of one value

composable = st.text(
    st.sampled_from("aeouüéñçåẞßΩΏσςのが한가ेḍ̇̈́\u0301\u0308\u0323\u0327"), min_size=1, max_size=12
).filter(lambda value: bool(value.strip()))
RULES: dict[str, Callable[[str], str]] = {
    "text": lambda value: normalise.text(value, "name"),
    "external id": normalise.external_id,
    "fingerprint": normalise.fingerprint,
    "email": lambda value: email_rules.email(f"{value}@example.com"),
    "domain": lambda value: email_rules.email(f"ada@a{value}a.example"),
}


@pytest.mark.parametrize("rule", RULES)
@always
@given(value=composable, ends=st.sampled_from(["", " ", "\u00a0"]))
@example(value="zoe\u0308", ends="")
@example(value="\u1e9b\u0323", ends="")
def test_any_two_spellings_of_one_value_are_stored_as_one(rule: str, value: str, ends: str) -> None:
    forms = [unicodedata.normalize(form, value) for form in ("NFC", "NFD")]
    stored = {attempt(RULES[rule], (ends if rule != "domain" else "") + form) for form in [value, *forms]}

    assert len(stored) == 1
    assert all(unicodedata.is_normalized("NFC", one) for one in stored if one is not None)


@always
@given(st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=20))
@example("İ")
@example("ǰ\u0323")
@example("Ά\u0345")
def test_normalising_is_idempotent(value: str) -> None:
    for rule in (RULES["text"], normalise.external_id, normalise.fingerprint, email_rules.email, RULES["email"]):
        once = attempt(rule, value)
        again = email_rules.email if rule is RULES["email"] else rule
        assert once is None or again(once) == once
    domain = attempt(email_rules.email, f"ada@{value}.example")
    assert domain is None or email_rules.email(domain) == domain


@always
@given(st.text(st.characters(min_codepoint=0xA1, exclude_categories=["Cs", "Cn", "Co"]), min_size=1, max_size=12))
@example("bücher")
@example("💩")
def test_both_forms_of_an_internationalised_domain_are_one(label: str) -> None:
    shown = attempt(email_rules.email, f"ada@{label}.example")
    assume(shown is not None and not shown.isascii())
    assert shown is not None
    encoded = shown.removeprefix("ada@").removesuffix(".example")
    if "." not in encoded:
        ascii_form = "xn--" + encoded.encode("punycode").decode()
        assume(len(ascii_form) <= 63)
        assert email_rules.email(f"ada@{ascii_form}.example") == shown


@pytest.mark.parametrize("rule", [normalise.external_id, normalise.fingerprint, email_rules.email])
@pytest.mark.parametrize(
    "unseen",
    [
        "\u200b",
        "\u200c",
        "\u200d",
        "\u2060",
        "\u00ad",
        "\ufeff",
        "\u202e",
        "\u034f",
        "\u3164",
        "\U000e0041",
        "\u2800",
    ],
)
def test_what_cannot_be_seen_is_refused_in_what_identifies(rule: Callable[[str], str], unseen: str) -> None:
    refused = refusal(rule, f"a{unseen}da@example.com")

    assert refused.code == "unseen_character"
    assert f"U+{ord(unseen):04X}" in refused.message
    assert refused.hint == "remove that character"


@pytest.mark.parametrize("rule", [normalise.external_id, normalise.fingerprint, email_rules.email, given_id])
@pytest.mark.parametrize("before", ["\ufeff", "\u200b ", " \u200e", "\u2060"])
def test_what_cannot_be_seen_is_trimmed_from_what_identifies(rule: Callable[[str], str], before: str) -> None:
    value = "u-1" if rule is given_id else "ada@example.com"

    assert rule(before + value + before[::-1]) == value


def test_an_email_of_ascii_needs_no_library_for_others() -> None:
    script = (
        "import sys; from visitors.domain.email_rules import email; email('ada@example.com');"
        "print('idna' in sys.modules, 'unicodedata' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout == "False False\n"


# External ids


@pytest.mark.parametrize(
    "value", ["user_42", "1", "-2", "0x0", "auth0|5f7c8ec7c33c6c004bbafe82", "Null1", "guest-7", "é"]
)
def test_an_external_id_is_any_text_and_keeps_its_case(value: str) -> None:
    assert normalise.external_id(f" {value} ") == value


@always
@given(st.sampled_from(JUNK), st.sampled_from(QUOTES), st.lists(st.booleans(), min_size=40, max_size=40), spaces)
def test_junk_that_identifies_nobody_is_refused_in_any_letter_case_quoted_or_not(
    junk: str, quotes: str, upper: list[bool], space: str
) -> None:
    cased = "".join(letter.upper() if up else letter.lower() for letter, up in zip(junk, upper, strict=False))
    spelled = space + quotes.format(cased) + space

    refused = refusal(normalise.external_id, spelled)
    assert (refused.code, refused.field) == ("junk_external_id", "externalId")
    assert refusal(normalise.fingerprint, spelled).code == "junk_fingerprint"
    assert refusal(email_rules.email, spelled).code == "invalid_email"
    assert refusal(given_id, spelled).code in ("junk_id", "invalid_id")


@pytest.mark.parametrize("word", ["null", "NaN", "0", "000", "n.a.", "guest", "true", "id", "userId"])
def test_junk_that_could_be_an_id_by_its_form_is_called_junk(word: str) -> None:
    refused = refusal(given_id, word, "visitor")
    assert (refused.code, refused.field) == ("junk_id", "visitor")
    assert refused.hint == "leave out visitor if there is none"


@pytest.mark.parametrize("number", ["1.5E12", "1.23457E+12", '"1,23457E+12"', "1e+17"])
def test_a_rounded_number_is_called_one(number: str) -> None:
    refused = refusal(normalise.external_id, number)
    assert (refused.code, refused.field) == ("junk_external_id", "externalId")
    assert "is a number that a spreadsheet has rounded" in refused.message
    assert "format the column as text" in str(refused.hint)


@pytest.mark.parametrize(
    "value",
    ["nullable", "guest-1", "00a", "1", "-1-1", "user none", "10", "truesson", "id-1", "user", "1e10", "5e12", "7E-3",
     "{6F9619FF-8B86-D011-B42D-00CF4FC964FF}", "<7@mail.example>", "[42]", "100%", "a{b}c", "用户", "😀"],
)  # fmt: skip
def test_what_only_resembles_junk_is_taken(value: str) -> None:
    assert normalise.external_id(value) == value
    assert normalise.fingerprint(value) == value


@pytest.mark.parametrize("name", ["{{user.id}}", "${userId}", "%USER_ID%", "{email}", "ada+{{tag}}"])
def test_an_email_with_a_placeholder_in_its_name_is_refused(name: str) -> None:
    assert refusal(email_rules.email, f"{name}@example.com").code == "junk_email"


@pytest.mark.parametrize("address", ["none@none.com", "null@null.null", "N/A@n/a.com", "undefined@undefined.co.uk"])
def test_a_made_up_email_of_one_absent_word_is_refused(address: str) -> None:
    assert refusal(email_rules.email, address).code in ("junk_email", "invalid_email")


@pytest.mark.parametrize(
    "address", ["guest@example.com", "null@example.com", "id@example.com", "true@truecorp.example"]
)
def test_an_email_whose_name_alone_resembles_junk_is_taken(address: str) -> None:
    assert email_rules.email(address) == address


@always
@given(st.text("0-", min_size=1, max_size=60))
@example("00000000-0000-0000-0000-000000000000")
@example("-")
def test_external_ids_of_zeros_and_dashes_are_refused(token: str) -> None:
    assert refusal(normalise.external_id, token).code == "junk_external_id"


def test_an_external_id_may_have_255_characters() -> None:
    assert normalise.external_id("x" * 255) == "x" * 255
    assert refusal(normalise.external_id, "x" * 256).code == "too_long"


# Languages


@pytest.mark.parametrize(
    ("value", "tag"),
    [
        ("en", "en"),
        ("EN", "en"),
        ("en-gb", "en-GB"),
        ("EN-us", "en-US"),
        (" de-ch ", "de-CH"),
        ("zh-hant-tw", "zh-Hant-TW"),
        ("ZH-HANS", "zh-Hans"),
        ("es-419", "es-419"),
        ("de-ch-1901", "de-CH-1901"),
        ("sl-ROZAJ-biske-1994", "sl-rozaj-biske-1994"),
        ("sgn-be-fr", "sgn-BE-FR"),
        ("en-CA-x-CA", "en-CA-x-ca"),
        ("az-latn-x-LATN", "az-Latn-x-latn"),
        ("de-DE-u-CO-phonebk", "de-DE-u-co-phonebk"),
        ("mn-cyrl-mn", "mn-Cyrl-MN"),
        ("ca-es-valencia", "ca-ES-valencia"),
        ("haw-us", "haw-US"),
        ("en-1234", "en-1234"),
        ("en-a1", "en-a1"),
        ("en_US", "en-US"),
        ("zh_hant_TW", "zh-Hant-TW"),
        ("en-US;q=0.9", "en-US"),
        ("en_us ; q=1.000", "en-US"),
    ],
)
def test_normalise_puts_language_tags_in_bcp47_case(value: str, tag: str) -> None:
    assert normalise.language(value) == tag


@pytest.mark.parametrize(
    "value",
    [
        "e",
        "en_",
        "en-US;q=2",
        "en-",
        "-en",
        "en--us",
        "en US",
        "en;q=0.9,de;q=0.8",
        "en,de",
        "en_US.UTF-8",
        "*",
        "123",
        "en-abcdefghi",
        "en\u202e",
        "ён",
        "C",
    ],
)
def test_what_is_not_a_language_tag_is_refused(value: str) -> None:
    assert refusal(normalise.language, value).code == "invalid_language"


@pytest.mark.parametrize(
    ("value", "tag"),
    [
        ("en-us,en;q=0.9", "en-US"),
        ("en;q=0.9, de;q=0.8", "en"),
        ("en_US.UTF-8", "en-US"),
        ("de_DE@euro", "de-DE"),
    ],
)
def test_the_first_language_of_a_header_or_a_locale_is_suggested(value: str, tag: str) -> None:
    assert refusal(normalise.language, value).hint == f"did you mean {tag}?"


@always
@given(language_tags)
def test_a_language_tag_only_changes_its_case(tag: str) -> None:
    kept = normalise.language(tag)

    assert kept.lower() == tag.lower()
    assert normalise.language(tag.swapcase()) == kept


# Time zones


@pytest.mark.parametrize(
    "name", ["UTC", "Europe/London", "America/New_York", "America/Argentina/Buenos_Aires", "Etc/GMT+5", "Asia/Kolkata"]
)
def test_a_timezone_is_an_iana_name(name: str) -> None:
    assert normalise.timezone(f" {name}\n") == name


@pytest.mark.parametrize(
    ("value", "name"),
    [
        ("europe/london", "Europe/London"),
        ("AMERICA/NEW_YORK", "America/New_York"),
        ("Utc", "UTC"),
        ("etc/gmt+5", "Etc/GMT+5"),
    ],
)
def test_a_timezone_in_another_letter_case_is_refused_with_a_suggestion(value: str, name: str) -> None:
    refused = refusal(normalise.timezone, value)

    assert refused.code == "invalid_timezone"
    assert refused.hint == f"did you mean {name}?"


@pytest.mark.parametrize(
    "value",
    [
        "Mars/Olympus",
        "America",
        "Europe/",
        "/Europe/London",
        "Europe//London",
        "../UTC",
        "Europe/../UTC",
        "/etc/localtime",
        "posix/UTC",
        "right/UTC",
        "posixrules",
        "leapseconds",
        "zone.tab",
        "tzdata.zi",
        "+02:00",
        "GMT+25",
        "UTC+1",
        "Central European Time",
        "Europe\\London",
        "Europe/Lon\u202edon",
        "x" * 1_000,
    ],
)
def test_what_is_not_a_timezone_is_refused(value: str) -> None:
    refused = refusal(normalise.timezone, value)

    assert refused.code == "invalid_timezone"
    assert refused.hint == "use a name such as Europe/London"
    assert len(refused.message) < 150


@pytest.mark.parametrize("value", ["localtime", "Factory"])
def test_a_refused_timezone_is_not_suggested_again(value: str) -> None:
    refused = refusal(normalise.timezone, value)

    assert refused.code == "invalid_timezone"
    assert refused.hint == "use a name such as Europe/London"


def test_every_name_of_the_timezone_database_passes() -> None:
    names = zoneinfo.available_timezones() - {"Factory", "localtime"}

    assert {normalise.timezone(name) for name in names} == names


# Countries and devices


def test_a_country_code_becomes_upper_case() -> None:
    assert normalise.country_code(" de ") == "DE"
    assert normalise.country_code("Gb") == "GB"


@pytest.mark.parametrize("value", ["D", "DEU", "D1", "49", "D E", "ÄÖ", "ﬁ", "ß", "\u0130T"])
def test_what_is_not_a_country_code_is_refused(value: str) -> None:
    assert refusal(normalise.country_code, value).code == "invalid_country_code"


@pytest.mark.parametrize("kind", ["desktop", "mobile", "tablet", "unknown"])
def test_a_device_type_passes_in_any_letter_case(kind: str) -> None:
    assert normalise.device_type(f" {kind.title()} ") == normalise.device_type(kind.upper()) == kind


@pytest.mark.parametrize("value", ["phone", "desk top", "desktops", "null"])
def test_another_device_type_is_refused_with_the_choices(value: str) -> None:
    refused = refusal(normalise.device_type, value)

    assert refused.code == "invalid_device_type"
    assert refused.hint == "use one of desktop, mobile, tablet, unknown"


# IP addresses


@pytest.mark.parametrize(
    ("value", "address"),
    [
        (" 203.0.113.7 ", "203.0.113.7"),
        ("2001:DB8::7", "2001:db8::7"),
        ("2001:0db8:0000:0000:0000:0000:0000:0007", "2001:db8::7"),
        ("2001:db8:0:1:0:0:0:1", "2001:db8:0:1::1"),
        ("0:0:0:0:0:0:0:1", "::1"),
        ("::", "::"),
    ],
)
def test_an_ip_address_becomes_canonical(value: str, address: str) -> None:
    assert ip_rules.ip(value) == address


@pytest.mark.parametrize("value", ["::ffff:203.0.113.7", "::FFFF:cb00:7107", "0:0:0:0:0:ffff:203.0.113.7"])
def test_an_ipv4_address_inside_ipv6_is_that_address(value: str) -> None:
    assert ip_rules.ip(value) == "203.0.113.7"


@pytest.mark.parametrize(
    "value",
    [
        "localhost",
        "300.1.1.1",
        "1.2.3",
        "1.2.3.4/32",
        "1.2.3.4:65536",
        "01.2.3.4",
        "01.2.3.4:80",
        "[::1",
        "[1.2.3.4]x",
        "::1]:80",
        ":::",
        "1::2::3",
        "12345",
        "１.2.3.4",
    ],
)
def test_what_is_not_an_ip_address_is_refused(value: str) -> None:
    assert refusal(ip_rules.ip, value).code == "invalid_ip"


@pytest.mark.parametrize("zone", ["\x1b[31m", "\u202e", "a b", "x" * 900])
def test_an_ip_address_carries_no_text_along(zone: str) -> None:
    assert refusal(ip_rules.ip, f"fe80::1%{zone}").code == "invalid_ip"


@always
@given(st.ip_addresses(v=6))
def test_every_spelling_of_an_ip_address_becomes_one(address: ipaddress.IPv6Address) -> None:
    kept = ip_rules.ip(str(address))

    assert ip_rules.ip(address.exploded) == ip_rules.ip(str(address).upper()) == kept


# Coordinates


@pytest.mark.parametrize(
    ("value", "degrees"),
    [
        ("52.52", 52.52),
        (" -0.5 ", -0.5),
        (90, 90.0),
        (-90, -90.0),
        ("90.0", 90.0),
        ("1e1", 10.0),
        (0, 0.0),
        (12.5, 12.5),
    ],
)
def test_a_latitude_is_a_number_from_minus_90_to_90(value: str | float, degrees: float) -> None:
    kept = normalise.latitude(value)

    assert kept == degrees
    assert type(kept) is float


def test_a_longitude_is_a_number_from_minus_180_to_180() -> None:
    assert normalise.longitude("-180") == -180.0
    assert normalise.longitude(180) == 180.0
    assert refusal(normalise.longitude, "180.0001").field == "longitude"


@pytest.mark.parametrize(
    "value",
    [*NO_FINITE_NUMBERS, *NO_NUMBERS, 90.0000001, -91],
)
def test_what_is_not_a_latitude_is_refused(value: str | float) -> None:
    refused = refusal(normalise.latitude, value)

    assert (refused.code, refused.field) == ("invalid_coordinates", "latitude")


@pytest.mark.parametrize("value", ["1_0", "5_2.5", "٥٢", "１２"])
def test_what_only_python_reads_as_a_number_is_refused(value: str) -> None:
    assert refusal(normalise.latitude, value).code == "invalid_coordinates"


@pytest.mark.parametrize("value", ["-0", "-0.0", -0.0, "-1e-400"])
def test_minus_zero_degrees_are_zero(value: str | float) -> None:
    assert math.copysign(1, normalise.latitude(value)) == 1


@always
@given(st.floats(-90, 90))
def test_a_latitude_survives_as_number_and_as_text(degrees: float) -> None:
    assert normalise.latitude(degrees) == normalise.latitude(repr(degrees)) == degrees


@always
@given(st.floats())
def test_any_number_is_within_the_range_or_refused(degrees: float) -> None:
    assume(not -180 <= degrees <= 180)
    assert refusal(normalise.longitude, degrees).code == "invalid_coordinates"


# Sizes


@pytest.mark.parametrize(
    ("value", "kept"),
    [
        ("1920x1080", "1920x1080"),
        (" 1920 X 1080 ", "1920x1080"),
        ("1920×1080", "1920x1080"),
        ("0375x0667", "375x667"),
        ("0x0", "0x0"),
    ],
)
def test_a_size_is_width_x_height(value: str, kept: str) -> None:
    assert size(value) == kept


@pytest.mark.parametrize("value", ["1920", "1920x", "x1080", "1920*1080", "-1x5", "1.5x2", "1234567x1", "1x2x3", "axb"])
def test_what_is_not_a_size_is_refused(value: str) -> None:
    refused = refusal(normalise.size, value, "screenResolution")

    assert (refused.code, refused.field) == ("invalid_size", "screenResolution")


# For all of them

FUNCTIONS: list[tuple[Callable[..., str | float], st.SearchStrategy[str]]] = [
    (lambda value: normalise.text(value, "name"), words),
    (email_rules.email, emails),
    (normalise.external_id, words),
    (normalise.language, language_tags),
    (normalise.country_code, st.from_regex(r"[A-Za-z]{2}", fullmatch=True)),
    (normalise.device_type, st.sampled_from(["Desktop", "MOBILE", "tablet", "unKnown"])),
    (ip_rules.ip, addresses),
    (normalise.latitude, st.floats(-90, 90).map(repr)),
    (normalise.longitude, st.floats(-180, 180).map(repr)),
    (size, st.from_regex(r"[0-9]{1,6} ?[xX×] ?[0-9]{1,6}", fullmatch=True)),
]
NAMES = [
    "text",
    "email",
    "external_id",
    "language",
    "country_code",
    "device_type",
    "ip",
    "latitude",
    "longitude",
    "size",
]


@pytest.mark.parametrize(("function", "values"), FUNCTIONS, ids=NAMES)
@always
@given(st.data(), spaces)
def test_normalising_a_normalised_value_changes_nothing(
    function: Callable[..., str | float], values: st.SearchStrategy[str], data: st.DataObject, space: str
) -> None:
    value = data.draw(values)
    try:
        kept = function(space + value + space)
    except InvalidData:
        assume(False)  # noqa: FBT003 - hypothesis takes it so
    assert function(kept) == kept


@pytest.mark.parametrize("function", [function for function, _ in FUNCTIONS], ids=NAMES)
@always
@given(any_text)
def test_any_text_is_kept_in_a_stable_form_or_is_invalid_data(function: Callable[..., str | float], value: str) -> None:
    try:
        kept = function(value)
    except InvalidData as refused:
        assert refused.exit_status == 5  # noqa: PT017 - what kind of error it is
        return
    assert function(kept) == kept


@few
@given(any_text | st.sampled_from(sorted(zoneinfo.available_timezones())))
def test_any_timezone_is_kept_as_it_is_or_is_invalid_data(value: str) -> None:
    try:
        kept = normalise.timezone(value)
    except InvalidData:
        return
    assert kept == value.strip()
    assert normalise.timezone(kept) == kept


def test_the_domain_of_an_email_of_just_the_longest_length_is_read_as_any_other() -> None:
    domain = ".".join(["xn--mnchen-3ya", *["d" * 60] * 3, "example"])
    typed = "a" * (email_rules.EMAIL_LIMIT - len(domain) - 1) + "@" + domain
    assert len(typed) == email_rules.EMAIL_LIMIT
    assert "@m\u00fcnchen.ddd" in email_rules.email(typed)
