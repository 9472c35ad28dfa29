"""Normalise email addresses and email domains; InvalidData for anything else."""

from __future__ import annotations

import contextlib
import functools
import re

from visitors.domain.junk import ABSENT, is_template
from visitors.domain.normalise import UNSEEN, composed, identifier, junk_error, short
from visitors.errors import InvalidData

EMAIL_LIMIT = 254

# The "valid e-mail address" of the HTML standard, which browsers apply to forms, with two differences: non-ASCII
# characters are allowed (RFC 6531), and the domain needs a dot.
_LABEL = r"[a-z0-9\u00a1-\U0010ffff](?:[a-z0-9\u00a1-\U0010ffff-]{0,61}[a-z0-9\u00a1-\U0010ffff])?"
_DOMAIN_NAME = rf"{_LABEL}(?:\.{_LABEL})+"
_EMAIL = (
    r"[a-z0-9!#$%&'*+/=?^_`{|}~\u00a1-\U0010ffff-]+"
    r"(?:\.[a-z0-9!#$%&'*+/=?^_`{|}~\u00a1-\U0010ffff-]+)*"
    rf"@{_DOMAIN_NAME}"
)
_DOTS = "[.\u3002\uff0e\uff61]"


def email(value: str, field: str = "email") -> str:
    """Normalise an email address: lower case, the domain in Unicode rather than `xn--` form. `+tag` and dots are kept,
    since they can distinguish people. Raises InvalidData.
    """
    address = identifier(value, field).lower()
    if (not address.isascii() or "xn--" in address) and len(address) <= EMAIL_LIMIT:
        name, at, domain = address.rpartition("@")
        address = f"{composed(name)}{at}{_domain(domain)}"
    if len(address) > EMAIL_LIMIT or not address.isprintable() or not re.fullmatch(_EMAIL, address):
        raise InvalidData(
            f"{field} {short(value)!r} is not an email address",
            field=field,
            code="invalid_email",
            hint="use an address such as name@example.com",
        )
    name, _, domain = address.partition("@")
    if is_template(name) or (name in ABSENT and domain.startswith(f"{name}.")):
        raise junk_error(value, field, "junk_email")
    return address


def email_domain(value: str, field: str = "emailDomain") -> str:
    """Normalise the domain of an email address, with or without a leading @. Raises InvalidData."""
    domain = identifier(value, field).lower().removeprefix("@")
    if len(domain) <= EMAIL_LIMIT:
        domain = _domain(domain)
    if len(domain) > EMAIL_LIMIT or not domain.isprintable() or not re.fullmatch(_DOMAIN_NAME, domain):
        raise InvalidData(
            f"{field} {short(value)!r} is not the domain of an email address",
            field=field,
            code="invalid_domain",
            hint="use a domain such as example.com",
        )
    return domain


@functools.lru_cache(1_024)
def _domain(domain: str) -> str:
    """Convert each label of an email's domain to Unicode, by UTS 46 and IDNA 2008."""
    if domain.isascii() and "xn--" not in domain:
        return domain
    return ".".join(_label(label) for label in re.split(_DOTS, domain))


def _label(label: str) -> str:
    if label.isascii() and not label.startswith("xn--"):
        return label
    import idna

    try:
        shown = idna.decode(idna.encode(label, uts46=True))
    except UnicodeError:
        shown = _any_label(label)
    is_seen = shown.isprintable() and not re.search(f"[{UNSEEN}]", shown)
    return shown if is_seen else label


def _any_label(label: str) -> str:
    """Convert a label that IDNA 2008 disallows, such as an emoji domain, which some registries sell nevertheless."""
    if not label.isascii():
        return composed(label)
    with contextlib.suppress(UnicodeError):
        shown = label.removeprefix("xn--").encode().decode("punycode")
        again = composed(shown.lower())
        if not shown.isascii() and shown == again and label == "xn--" + shown.encode("punycode").decode():
            return shown
    return label
