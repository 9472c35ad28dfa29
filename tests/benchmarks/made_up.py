"""Generate visitors for benchmarks, as NDJSON in exactly the form that `visitors export` writes.

    python tests/benchmarks/made_up.py COUNT [--seed S] > visitors.ndjson

The same COUNT and seed give the same bytes on every machine, in constant memory, at some 100,000 rows a second.
Importing them into an empty store and exporting it again gives the same bytes.

They are spread evenly over the year 2025, whatever COUNT is, so a small file resembles a large one: 30% are identified,
a person has 1.5 devices, and values have realistic skew. Three kinds of row are search targets: `ONE` is one row in the
middle of the file with unique values; `RARE` is one in 997; everything else is common or in between.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import random
import sys
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

SEED = 20260301
START = datetime(2025, 1, 1, tzinfo=UTC)
DAYS = 365
IDENTIFIED = 0.30
RARE_EVERY = 997

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_PAIRS = [high + low for high in ALPHABET for low in ALPHABET]
_DAY = 86_400_000
# lastSeenAt may be up to two months after the year.
_DATES = [(START + timedelta(days=day)).date().isoformat() for day in range(DAYS + 90)]
_MINUTES = [f"{hour:02}:{minute:02}" for hour in range(24) for minute in range(60)]
_START = int(START.timestamp()) * 1000
_SLOTS = 1_000
# Odd, so multiplying by it permutes the numbers below a power of two, scattering them.
_SCATTER = 0x9E3779B97F4A7C15


class Landmark(NamedTuple):
    """Values by which rows of one kind are found."""

    language: str
    timezone: str
    country_code: str
    browser: str
    os: str


ONE = Landmark("tvl", "Pacific/Funafuti", "TV", "Ladybird", "Haiku")
RARE = Landmark("is", "Atlantic/Reykjavik", "IS", "Vivaldi", "FreeBSD")
ONE_IP = "2001:db8:ffff::1"
ONE_NAME = "Quillon Xyzzybrandt"
ONE_EMAIL = "quillon.xyzzybrandt@island.test"
ONE_EXTERNAL_ID = "user-xyzzy-one"
FIRST_FINGERPRINT = f"{_SCATTER:016x}"
COMMON_IP = "203.0.113.7"
"""The address that one in twenty shares."""

# share, language, timezone, city, region, country, code, latitude, longitude
_PLACES: list[tuple[int, str, str, str, str, str, str, float, float]] = [
    (150, "en-US", "America/New_York", "New York", "New York", "United States", "US", 40.7128, -74.006),
    (90, "en-US", "America/Los_Angeles", "San Francisco", "California", "United States", "US", 37.7749, -122.4194),
    (60, "en-US", "America/Chicago", "Chicago", "Illinois", "United States", "US", 41.8781, -87.6298),
    (15, "es-US", "America/Chicago", "Houston", "Texas", "United States", "US", 29.7604, -95.3698),
    (110, "en-GB", "Europe/London", "London", "England", "United Kingdom", "GB", 51.5074, -0.1278),
    (40, "en-CA", "America/Toronto", "Toronto", "Ontario", "Canada", "CA", 43.6532, -79.3832),
    (15, "fr-CA", "America/Toronto", "Montréal", "Québec", "Canada", "CA", 45.5019, -73.5674),
    (60, "en-IN", "Asia/Kolkata", "Bengaluru", "Karnataka", "India", "IN", 12.9716, 77.5946),
    (20, "hi-IN", "Asia/Kolkata", "Delhi", "Delhi", "India", "IN", 28.6139, 77.209),
    (70, "de-DE", "Europe/Berlin", "Berlin", "Berlin", "Germany", "DE", 52.52, 13.405),
    (30, "de-DE", "Europe/Berlin", "München", "Bayern", "Germany", "DE", 48.1351, 11.582),
    (20, "de-AT", "Europe/Vienna", "Wien", "Wien", "Austria", "AT", 48.2082, 16.3738),
    (60, "fr-FR", "Europe/Paris", "Paris", "Île-de-France", "France", "FR", 48.8566, 2.3522),
    (40, "es-ES", "Europe/Madrid", "Madrid", "Madrid", "Spain", "ES", 40.4168, -3.7038),
    (50, "pt-BR", "America/Sao_Paulo", "São Paulo", "São Paulo", "Brazil", "BR", -23.5505, -46.6333),
    (45, "ja-JP", "Asia/Tokyo", "東京", "東京都", "Japan", "JP", 35.6762, 139.6503),
    (40, "zh-CN", "Asia/Shanghai", "上海", "上海", "China", "CN", 31.2304, 121.4737),
    (20, "ko-KR", "Asia/Seoul", "서울", "서울", "South Korea", "KR", 37.5665, 126.978),
    (25, "pl-PL", "Europe/Warsaw", "Kraków", "Małopolskie", "Poland", "PL", 50.0647, 19.945),
    (15, "ru-RU", "Europe/Moscow", "Москва", "Москва", "Russia", "RU", 55.7558, 37.6173),
    (15, "ar-EG", "Africa/Cairo", "القاهرة", "القاهرة", "Egypt", "EG", 30.0444, 31.2357),
    (8, "el-GR", "Europe/Athens", "Αθήνα", "Αττική", "Greece", "GR", 37.9838, 23.7275),
    (2, "mi-NZ", "Pacific/Auckland", "Rotorua", "Bay of Plenty", "New Zealand", "NZ", -38.1368, 176.2497),
]
_RARE_PLACE = (
    0, RARE.language, RARE.timezone, "Reykjavík", "Höfuðborgarsvæði", "Iceland", "IS", 64.1466, -21.9426,
)  # fmt: skip
_ONE_PLACE = (0, ONE.language, ONE.timezone, "Funafuti", "Funafuti", "Tuvalu", "TV", -8.5211, 179.1983)

# share, browser, version, os, version, device, kind, screens with their viewports
_DEVICES: list[tuple[int, str, str, str, str, str | None, str, tuple[tuple[str, str], ...]]] = [
    (270, "Chrome", "137.0", "Windows", "11", None, "desktop",
     (("1920x1080", "1920x945"), ("2560x1440", "1707x821"), ("1366x768", "1366x633"))),
    (80, "Edge", "137.0", "Windows", "11", None, "desktop", (("1920x1080", "1912x924"), ("1536x864", "1536x730"))),
    (35, "Firefox", "139.0", "Windows", "10", None, "desktop", (("1920x1080", "1920x919"), ("1680x1050", "1680x903"))),
    (80, "Chrome", "137.0", "macOS", "15.5", "Macintosh", "desktop", (("1728x1117", "1728x992"),)),
    (55, "Safari", "18.5", "macOS", "15.5", "Macintosh", "desktop",
     (("1512x982", "1512x837"), ("1440x900", "1440x764"))),
    (20, "Firefox", "139.0", "Linux", "6.8", None, "desktop", (("1920x1080", "1854x932"), ("3840x2160", "1920x1007"))),
    (195, "Safari", "18.5", "iOS", "18.5", "iPhone", "mobile", (("390x844", "390x664"), ("430x932", "430x739"))),
    (160, "Chrome", "137.0", "Android", "15", "Pixel 9", "mobile", (("412x915", "412x785"),)),
    (50, "Samsung Internet", "28.0", "Android", "14", "SM-S921B", "mobile", (("360x780", "360x639"),)),
    (45, "Safari", "18.5", "iPadOS", "18.5", "iPad", "tablet", (("820x1180", "820x1106"), ("1024x1366", "1024x1292"))),
    (7, "Chrome", "120.0", "ChromeOS", "120", None, "desktop", (("1366x768", "1366x649"),)),
    (3, "Opera", "118.0", "Windows", "11", None, "unknown", (("1920x1080", "1865x970"),)),
]  # fmt: skip
_RARE_DEVICE = (0, RARE.browser, "7.4", RARE.os, "14.2", None, "desktop", (("2560x1080", "2560x940"),))
_ONE_DEVICE = (0, ONE.browser, "0.1", ONE.os, "R1", None, "unknown", (("1280x1024", "1270x930"),))

# given and family names by the language's first subtag, with the local parts of their emails
_NAMES: dict[str, tuple[str, str]] = {
    "en": ("Ada Grace Oliver Amelia Noah Isla George Ava Harry Mia Jack Ruby",
           "Smith Jones Taylor Brown Wilson Evans Thomas Roberts Walker Wright Green Hall"),
    "de": ("Anna Jürgen Lena Björn Käthe Felix Jörg Sophie Günther Mareike",
           "Müller Schmidt Schneider Weiß Wagner Köhler Schäfer Krüger Groß Vogel"),
    "fr": ("Chloé Léo Zoé Étienne Inès Jérôme Anaïs Théo Maëlle Benoît",
           "Martin Lefèvre Dubois Moreau Beaulieu Fournier Gauthier Perrin Noël Besançon"),
    "es": ("Lucía Hugo Sofía Martín Begoña Íñigo Paula Álvaro", "García Muñoz Ibáñez López Peña Núñez Gómez Ortiz"),
    "pt": ("João Maria Conceição Luís Inês Thaís Caio Bruna", "Silva Araújo Gonçalves Magalhães Souza Simões Rocha"),
    "ja": ("さくら 翔太 陽菜 健一 美咲 大輔", "佐藤 鈴木 高橋 田中 渡辺 小林"),
    "zh": ("秀英 伟 芳 敏 静 磊", "王 李 张 刘 陈 欧阳"),
    "ko": ("민준 서연 지우 하은 도윤", "김 이 박 최 정"),
    "ru": ("Анна Дмитрий Ольга Сергей Наталья", "Иванова Смирнов Кузнецов Попова Соколов"),
    "ar": ("محمد فاطمة أحمد مريم يوسف", "حسن إبراهيم السيد عثمان منصور"),
    "el": ("Γιώργος Μαρία Ελένη Νίκος", "Παπαδόπουλος Γεωργίου Νικολάου"),
    "hi": ("आरव अनन्या विवान दीया", "शर्मा वर्मा गुप्ता सिंह"),
    "pl": ("Łukasz Zofia Paweł Małgorzata", "Nowak Wiśniewski Wójcik Kowalczyk"),
}  # fmt: skip
_DOMAINS = ("example.com", "example.org", "example.net", "mail.test", "shop.test")
_REASONS = ("spam", "abusive language", "fraud: several cards", "asked to be left alone")
_AGENTS = ("jo", "sam", "priya")

_ATTRIBUTIONS: list[tuple[int, object]] = [
    (600, None),
    (200, {"source": "google", "medium": "organic"}),
    (120, {"source": "newsletter", "medium": "email", "campaign": "spring"}),
    (80, {"source": "ads", "medium": "cpc", "campaign": "brand", "cost": 0.42}),
]
_PAGES: list[tuple[int, object]] = [
    (300, None),
    (350, {"url": "https://shop.example.com/", "title": "Welcome"}),
    (250, {"url": "https://shop.example.com/pricing", "title": "Pricing", "referrer": "https://example.org/"}),
    (100, {"url": "https://shop.example.com/help?topic=billing&lang=en", "title": "Billing – Help"}),
]
_PLANS = ((700, "free"), (250, "pro"), (50, "business"))
_METADATA_KINDS = 400


class Person(NamedTuple):
    """A contact as JSON, the time from which it exists, and the end of its block's fields, if it is blocked."""

    json: str
    since: str
    block: str | None


def lines(count: int, seed: int = SEED) -> Iterator[str]:
    """Yield `count` visitors, oldest first, as lines of JSON."""
    maker = _Maker(count, seed)
    return map(maker.line, range(count))


def created_at(index: int, count: int) -> str:
    """Return the first instant at which the visitor `index` of `count` can have been created; it grows with `index`."""
    return instant(_START + index * DAYS * _DAY // count)


def instant(milliseconds: int) -> str:
    """Return RFC 3339 with milliseconds, for a time in or shortly after the year."""
    day, rest = divmod(milliseconds - _START, _DAY)
    minute, rest = divmod(rest, 60_000)
    return f"{_DATES[day]}T{_MINUTES[minute]}:{rest // 1000:02}.{rest % 1000:03}Z"


def compact(value: object) -> str:
    """Return JSON as the program writes it: no spaces, and no escapes for other scripts."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def metadata_hash(metadata: dict[str, Any]) -> str:
    """Return the hash of metadata whose keys are ASCII and whose values JavaScript prints like Python."""
    text = json.dumps(metadata, ensure_ascii=False, separators=(",", ":"), sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:8]


class _Maker:
    """Composes rows from pieces of JSON."""

    def __init__(self, count: int, seed: int) -> None:
        self.count = count
        # of the random module, only this is guaranteed to be stable across versions
        self.random = random.Random(seed).random  # noqa: S311 - made-up data
        self.step = DAYS * _DAY / count
        self.places = _spread([(place[0], _place(place)) for place in _PLACES])
        self.rare_place, self.one_place = _place(_RARE_PLACE), _place(_ONE_PLACE)
        self.devices = _spread([(device[0], _device(device)) for device in _DEVICES])
        self.rare_device, self.one_device = _device(_RARE_DEVICE), _device(_ONE_DEVICE)
        self.attributions = _spread([(share, compact(value)) for share, value in _ATTRIBUTIONS])
        self.pages = _spread([(share, compact(value)) for share, value in _PAGES])
        self.metadata = [_metadata(_metadata_of(number)) for number in range(_METADATA_KINDS)]
        self.names = {language: _people(*names) for language, names in _NAMES.items()}
        # devices still to be generated for existing people; taking them in random order spreads them
        self.waiting: list[Person] = []
        self.usual_wait = max(5, min(count // 250, 5_000))
        self.people = 0

    def line(self, index: int) -> str:
        """Return the visitor `index`. Call it in order."""
        chance = self.random
        created = int(_START + index * self.step + chance() * self.step * 0.99)
        created_at = instant(created)
        if index == self.count // 2:
            place, device = self.one_place, self.one_device
        elif index % RARE_EVERY == 5:
            place, device = self.rare_place, self.rare_device
        else:
            place, device = self.places[int(chance() * _SLOTS)], self.devices[int(chance() * _SLOTS)]
        language, where, city = place
        machine, screens = device
        person = self._person(index, created, language)
        seen, stayed = chance(), chance()
        # a product, since the last bit of ** may differ between machines
        seen_at = instant(created + int(stayed * stayed * stayed * 60 * _DAY)) if seen > 0.03 else None
        updated_at = seen_at if seen_at and seen > 0.5 else created_at
        if person and person.since > updated_at:
            updated_at = person.since
        block = person.block if person else None
        if block is None and seen < 0.05 and index % 2:
            block = self._block(created + int(chance() * 20 * _DAY))
        return (
            f'{{"id":"{self._ulid(created)}",{where},"isBlocked":{"true" if block else "false"},'
            f'"contact":{person.json if person else "null"},'
            f'"fingerprint":"{(index + 1) * _SCATTER % 2**64:016x}",{machine},"ip":"{self._ip(index)}",{city},'
            f"{screens[int(chance() * len(screens))]},"
            f'"attribution":{self.attributions[int(chance() * _SLOTS)]},'
            f'"currentPage":{self.pages[int(chance() * _SLOTS)]},{block or _NO_BLOCK},'
            f'"createdAt":"{created_at}","updatedAt":"{updated_at}",'
            f'"lastSeenAt":{_quoted(seen_at)},"deletedAt":null}}\n'
        )

    def _person(self, index: int, created: int, language: str) -> Person | None:
        """Return the device's person: nobody, somebody with another device, or somebody new."""
        if index == self.count // 2:
            return self._contact(created, ONE_NAME, ONE_EMAIL, ONE_EXTERNAL_ID, _metadata({"plan": "one", "only": 1}))
        if self.random() >= IDENTIFIED:
            return None
        waiting = len(self.waiting)
        # one in three when the usual number is waiting: half of all people add 0.5 devices on average
        if self.random() * (waiting + 2 * self.usual_wait) < waiting:
            place = int(self.random() * waiting)
            self.waiting[place], self.waiting[-1] = self.waiting[-1], self.waiting[place]
            return self.waiting.pop()
        person = self._new_person(created, language)
        more = self.random()
        if more < 0.4:
            self.waiting.append(person)
            if more < 0.1:
                self.waiting.append(person)
        return person

    def _new_person(self, created: int, language: str) -> Person:
        self.people = number = self.people + 1
        names = self.names.get(language) or self.names["en"]
        name, mailbox = names[int(self.random() * len(names))]
        known_by = self.random()
        scattered = number * _SCATTER % 2**32
        if number % 499 == 3:
            metadata = _metadata({"plan": "enterprise", "pilot": True, "seats": 5})
        else:
            metadata = self.metadata[int(self.random() * _METADATA_KINDS)]
        return self._contact(
            created,
            name if known_by > 0.05 else None,
            f"{mailbox}{number}@{_DOMAINS[scattered % 5]}" if known_by < 0.9 else None,
            f"user-{scattered:08x}" if known_by > 0.2 else None,
            metadata,
            blocked=scattered % 100 == 0,
        )

    def _contact(
        self, created: int, name: str | None, email: str | None, external_id: str | None, metadata: str, *,
        blocked: bool = False,
    ) -> Person:  # fmt: skip
        """Return a person identified within an hour of the first visit."""
        since = created + int(self.random() * 3_600_000)
        at = instant(since)
        changed = instant(since + int(self.random() * 10 * _DAY)) if self.random() < 0.3 else at
        image = f'"https://example.com/avatars/{since % 100_000}.png"' if self.random() < 0.3 else "null"
        text = (
            f'{{"id":"{self._ulid(since)}","externalId":{_quoted(external_id)},"name":{_quoted(name)},'
            f'"email":{_quoted(email)},"image":{image},{metadata},"isBlocked":{"true" if blocked else "false"},'
            f'"createdAt":"{at}","updatedAt":"{changed}","deletedAt":null}}'
        )
        return Person(text, changed, self._block(since + _DAY) if blocked else None)

    def _block(self, at: int) -> str:
        reason, agent = _REASONS[at % len(_REASONS)], _AGENTS[at % len(_AGENTS)]
        return f'"blockedAt":"{instant(at)}","blockedBy":"{agent}","blockReason":"{reason}","blockExpiresAt":null'

    def _ip(self, index: int) -> str:
        """Return an address in the ranges for documentation (RFC 5737, RFC 3849): often shared, or unique."""
        if index == self.count // 2:
            return ONE_IP
        which = self.random()
        if which < 0.05:
            return COMMON_IP
        if which < 0.6:
            place = int(self.random() * 762)
            return f"{('192.0.2', '198.51.100', '203.0.113')[place // 254]}.{place % 254 + 1}"
        return f"2001:db8:{index // 65_535 + 1:x}:{index % 65_535 + 1:x}::1"

    def _ulid(self, milliseconds: int) -> str:
        one, two = int(self.random() * 2**40), int(self.random() * 2**40)
        pairs = _PAIRS
        return (
            f"{pairs[milliseconds >> 40]}{pairs[milliseconds >> 30 & 1023]}{pairs[milliseconds >> 20 & 1023]}"
            f"{pairs[milliseconds >> 10 & 1023]}{pairs[milliseconds & 1023]}"
            f"{pairs[one >> 30]}{pairs[one >> 20 & 1023]}{pairs[one >> 10 & 1023]}{pairs[one & 1023]}"
            f"{pairs[two >> 30]}{pairs[two >> 20 & 1023]}{pairs[two >> 10 & 1023]}{pairs[two & 1023]}"
        )


_NO_BLOCK = '"blockedAt":null,"blockedBy":null,"blockReason":null,"blockExpiresAt":null'


def _quoted(text: str | None) -> str:
    """Return a JSON string of text that needs no escapes, or null."""
    return "null" if text is None else f'"{text}"'


def _spread(shares: Sequence[tuple[int, Any]]) -> list[Any]:
    """Return a list in which each value occurs by its share in a thousand."""
    spread = [value for share, value in shares for _ in range(share)]
    assert len(spread) == _SLOTS, f"{len(spread)} of {_SLOTS}"
    return spread


def _members(names: Sequence[str], values: Sequence[object]) -> str:
    return compact(dict(zip(names, values, strict=True)))[1:-1]


def _place(place: tuple[Any, ...]) -> tuple[str, str, str]:
    """Return the language's first subtag, and the JSON members for language and place."""
    _, language, timezone, *city = place
    names = ("city", "region", "country", "countryCode", "latitude", "longitude")
    return language.partition("-")[0], _members(("language", "timezone"), (language, timezone)), _members(names, city)


def _device(device: tuple[Any, ...]) -> tuple[str, list[str]]:
    """Return the JSON members for the browser, and one of those for its screen."""
    names = ("browser", "browserVersion", "os", "osVersion", "device", "deviceType")
    screens = [_members(("screenResolution", "viewport"), screen) for screen in device[7]]
    return _members(names, device[1:7]), screens


def _metadata(metadata: dict[str, Any]) -> str:
    return f'"metadata":{compact(metadata)},"metadataHash":"{metadata_hash(metadata)}"'


def _metadata_of(number: int) -> dict[str, Any]:
    """Return metadata of two or three keys; every plan has its share of the numbers."""
    place = number * 997 % _SLOTS
    metadata: dict[str, Any] = {}
    for share, plan in _PLANS:
        if place < share:
            metadata["plan"] = plan
            break
        place -= share
    metadata["seats"] = 1 if metadata["plan"] == "free" else number % 20 + 2
    if number % 3 == 1:
        metadata["newsletter"] = number % 2 == 0
    if number % 3 == 2:
        metadata["company"] = f"Müller & Söhne {number % 40}"
    return metadata


def _people(given: str, family: str) -> list[tuple[str, str]]:
    """Return full names, each with the local part of an email: the name's if it is ASCII."""
    people = []
    for first in given.split():
        for last in family.split():
            mailbox = f"{first}.{last}".lower()
            people.append((f"{first} {last}", mailbox if mailbox.isascii() else "person"))
    return people


def write(write_text: Callable[[str], object], count: int, seed: int = SEED) -> None:
    """Pass the lines to `write_text`, many at a time."""
    batch: list[str] = []
    for line in lines(count, seed):
        batch.append(line)
        if len(batch) == 1_000:
            write_text("".join(batch))
            batch.clear()
    write_text("".join(batch))


def main() -> None:
    """Write to standard output."""
    parser = argparse.ArgumentParser(description="Write made-up visitors as NDJSON.")
    parser.add_argument("count", type=int)
    parser.add_argument("--seed", type=int, default=SEED)
    arguments = parser.parse_args()
    write(lambda text: sys.stdout.buffer.write(text.encode()), arguments.count, arguments.seed)


if __name__ == "__main__":
    main()
