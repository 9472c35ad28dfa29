"""Generate people one after another from a plan."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from random import Random
from typing import TypeVar

import msgspec

from visitors.domain.contact import Identity
from visitors.domain.conversation import Conversation, Message, Priority, Status
from visitors.domain.fields import BROWSER_DATA
from visitors.domain.ids import Entropy, ulid
from visitors.domain.made_up import words
from visitors.domain.made_up.locales import LOCALES, Locale
from visitors.domain.made_up.machines import ATTRIBUTIONS, MACHINES, PAGES
from visitors.domain.made_up.plan import DAYS, Plan
from visitors.domain.row import VisitorRow
from visitors.domain.times import Instant, from_milliseconds, to_milliseconds
from visitors.domain.visitor import BrowserData

Item = TypeVar("Item")

_DAY = 86_400_000
_PRIORITIES: tuple[Priority, ...] = ("normal", "normal", "normal", "normal", "low", "high", "urgent")
_ADDRESSES = tuple(f"{network}.{host}" for network in ("192.0.2", "198.51.100", "203.0.113") for host in range(1, 255))
"""Ranges for documentation (RFC 5737); for IPv6, 2001:db8::/32 (RFC 3849)."""


class MadeUp(msgspec.Struct, frozen=True):
    """A visitor as an import row, and its conversations, each with its messages."""

    row: VisitorRow
    conversations: tuple[tuple[Conversation, tuple[Message, ...]], ...]


def made_up(plan: Plan) -> Iterator[MadeUp]:
    """Yield the `plan.count` visitors of the plan, those of one person consecutively.

    Exactly the planned shares of the visitors are identified and blocked. People come in order of their first visit.
    """
    return _People(plan).all()


def seeded_entropy(seed: int) -> Entropy:
    """Return the source of the writing operation's ids: a sequence independent of the people's."""
    bits = Random(2 * seed + 1).getrandbits  # noqa: S311 - made-up data keep no secret
    return lambda size: bits(8 * size).to_bytes(size, "big")


class _Dice:
    """Random choices, from the two methods of `Random` that are stable across Python versions."""

    def __init__(self, seed: int) -> None:
        source = Random(seed)  # noqa: S311 - made-up data keep no secret
        self.random: Callable[[], float] = source.random
        self.bits: Callable[[int], int] = source.getrandbits

    def one_of(self, items: Sequence[Item]) -> Item:
        """Return one of `items`, with equal probability."""
        return items[int(self.random() * len(items))]

    def soon(self, milliseconds: int) -> int:
        """Return a number from 0 to `milliseconds`, skewed towards 0."""
        return int(self.random() * self.random() * milliseconds)

    def steps(self, low: int, high: int, more: float) -> int:
        """Return a number from `low` to `high`; each step up is taken with probability `more`."""
        number = low
        while number < high and self.random() < more:
            number += 1
        return number


class _Quota:
    """Choose an exact share of a known total sequentially (Knuth, The Art of Computer Programming 3.4.2, S)."""

    def __init__(self, share: float, of: int) -> None:
        self._needed = int(share * of + 0.5)
        self._left = of

    def choose(self, dice: _Dice, size: int) -> int:
        """Return how many of the next `size` are chosen: none, all, or as many as are still needed.

        Call `settle` with the actual number.
        """
        chosen = dice.random() * self._left < self._needed or self._needed > self._left - size
        return min(size, self._needed) if chosen else 0

    def settle(self, chosen: int, size: int) -> None:
        """Record that `chosen` of `size` were chosen."""
        self._needed -= chosen
        self._left -= size


class _Home(msgspec.Struct, frozen=True):
    """A prepared locale: the browser data of its places, and its conversation topics."""

    locale: Locale
    places: tuple[dict[str, str | float], ...]
    topics: tuple[words.Topic, ...]


class _Device(msgspec.Struct):
    """A visitor under construction; times in milliseconds. `seen` is when it was last seen."""

    id: str
    created: int
    seen: int
    never_seen: bool
    conversations: int


class _Person(msgspec.Struct, frozen=True):
    """The person behind one or more devices, if known."""

    identity: Identity
    created_at: Instant
    updated_at: Instant


class _People:
    """The people of one plan; single use."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._dice = _Dice(2 * plan.seed)
        self._now = to_milliseconds(plan.now)
        self._start = self._now - DAYS * _DAY
        self._made = 0
        self._people = 0
        self._identified = _Quota(plan.identified, plan.count)
        self._blocked = _Quota(plan.blocked, plan.count)
        self._homes = _homes(plan.locales)
        self._days: dict[int, str] = {}

    def all(self) -> Iterator[MadeUp]:
        """Yield all visitors."""
        while self._made < self._plan.count:
            yield from self._next_person()

    def _next_person(self) -> Iterator[MadeUp]:
        dice, plan = self._dice, self._plan
        size = min(dice.steps(*plan.devices, 0.3), plan.count - self._made)
        known = self._identified.choose(dice, size)
        size = known or size
        self._identified.settle(known, size)
        blocked = self._blocked.choose(dice, size)
        self._blocked.settle(blocked, size)
        home = dice.one_of(self._homes)
        devices = self._devices(size)
        person = self._person(home, devices[0]) if known else None
        place = dice.one_of(home.places)
        written = [
            self._conversations(home, device, person, spam=number < blocked) for number, device in enumerate(devices)
        ]
        whole = person is not None and blocked == size
        blocked_at, blocked_by, reason = self._block(devices) if blocked else (None, None, None)
        for number, device in enumerate(devices):
            is_blocked, seen_at = number < blocked, self._instant(device.seen)
            row = VisitorRow(
                id=device.id,
                data=tuple(map(self._browser_data(place).get, BROWSER_DATA)),
                created_at=self._instant(device.created),
                updated_at=seen_at,
                last_seen_at=None if device.never_seen else seen_at,
                deleted_at=None,
                is_blocked=is_blocked,
                blocked_at=blocked_at if is_blocked else None,
                blocked_by=blocked_by if is_blocked else None,
                block_reason=reason if is_blocked else None,
                block_expires_at=None,
                identity=person.identity if person else None,
                contact_is_blocked=whole,
                contact_created_at=person.created_at if person else None,
                contact_updated_at=person.updated_at if person else None,
                contact_deleted_at=None,
            )
            yield MadeUp(row, written[number])

    def _devices(self, size: int) -> list[_Device]:
        """Return the devices of one person: the first at the person's time, the others some time later."""
        dice = self._dice
        first = self._start + int((self._made + dice.random()) * DAYS * _DAY / self._plan.count)
        devices = []
        for number in range(size):
            created = first + dice.soon(self._now - first) if number else first
            conversations = dice.steps(*self._plan.conversations, 0.2)
            never_seen = dice.random() < 0.03 and not conversations
            seen = created if never_seen else created + dice.soon(self._now - created)
            devices.append(_Device(ulid(created, dice.bits(80)), created, seen, never_seen, conversations))
        self._made += size
        return devices

    def _browser_data(self, place: dict[str, str | float]) -> BrowserData:
        dice = self._dice
        data: BrowserData = {**place, **dice.one_of(MACHINES)}
        data["fingerprint"] = f"{dice.bits(128):032x}"
        if dice.random() < 0.75:
            data["ip"] = dice.one_of(_ADDRESSES)
        else:
            bits = dice.bits(48)
            data["ip"] = f"2001:db8:{bits >> 32 | 1:x}:{bits >> 16 & 0xFFFF | 1:x}::{bits & 0xFFFF | 1:x}"
        attribution = dice.one_of(ATTRIBUTIONS)
        if attribution is not None:
            data["attribution"] = attribution
        data["currentPage"] = dice.one_of(PAGES)
        return data

    def _person(self, home: _Home, first: _Device) -> _Person:
        """Return a person identified on the first of these devices."""
        dice, locale = self._dice, home.locale
        self._people += 1
        created = first.created + dice.soon(first.seen - first.created)
        given, family = dice.one_of(locale.given), dice.one_of(locale.family)
        named_by = dice.random()
        number = dice.bits(60)
        identity = Identity(
            contact_id=ulid(created, dice.bits(80)),
            external_id=f"user_{number:015x}" if named_by < 0.85 else None,
            email=self._email(given.ascii, family.ascii) if named_by >= 0.15 else None,
            name=locale.order.format(given=given.written, family=family.written) if dice.random() < 0.95 else None,
            image=f"https://images.example.com/{number:015x}.png" if dice.random() < 0.3 else None,
            metadata=dict(dice.one_of(words.METADATA)) if dice.random() < 0.75 else None,
        )
        updated = created + dice.soon(first.seen - created)
        return _Person(identity, self._instant(created), self._instant(updated))

    def _email(self, given: str, family: str) -> str:
        """Return a unique address: it ends with the person's number."""
        dice = self._dice
        given = given if dice.random() < 0.7 else given[0]
        if dice.random() < 0.5:
            domain = dice.one_of(words.EVERYBODYS_DOMAINS)
        else:
            domain = dice.one_of(words.COMPANY_WORDS) + dice.one_of(words.COMPANY_WORDS)
            domain += "." + dice.one_of(words.COMPANY_ENDS)
        return f"{given}.{family}{self._people}@{domain}"

    def _block(self, devices: list[_Device]) -> tuple[Instant, str, str | None]:
        """Return a block after all of their activity. It never expires, so they are blocked whatever the clock says."""
        dice = self._dice
        last = max(device.seen for device in devices)
        at = last + dice.soon(self._now - last)
        return self._instant(at), dice.one_of(words.AGENTS), dice.one_of(words.BLOCK_REASONS)

    def _conversations(
        self, home: _Home, device: _Device, person: _Person | None, *, spam: bool
    ) -> tuple[tuple[Conversation, tuple[Message, ...]], ...]:
        """Return a device's conversations, oldest first; writing updates when it was last seen."""
        if not device.conversations:
            return ()
        dice = self._dice
        begun = sorted(device.created + dice.soon(device.seen - device.created) for _ in range(device.conversations))
        contact_id = person.identity.contact_id if person else None
        return tuple(self._conversation(home, device, contact_id, at, spam=spam) for at in begun)

    def _conversation(
        self, home: _Home, device: _Device, contact_id: str | None, at: int, *, spam: bool
    ) -> tuple[Conversation, tuple[Message, ...]]:
        dice = self._dice
        topic = dice.one_of(home.topics)
        conversation_id = ulid(at, dice.bits(80))
        created_at = self._instant(at)
        agent = dice.one_of(words.AGENTS)
        bodies = (topic.question, topic.answer, topic.thanks)[: 1 if spam else dice.steps(1, 3, 0.6)]
        messages = []
        for number, body in enumerate(bodies):
            if number:
                at = min(at + 20_000 + dice.soon(3_600_000), self._now)
            by_agent = number == 1
            author, answerer = (None, agent) if by_agent else (device.id, None)
            message_id = ulid(at, dice.bits(80))
            messages.append(Message(message_id, conversation_id, author, answerer, body, self._instant(at)))
            device.seen = device.seen if by_agent else max(device.seen, at)
        status: Status = "spam" if spam else "resolved" if len(bodies) == 3 else "open"
        updated_at = self._instant(at)
        conversation = Conversation(
            id=conversation_id,
            title=topic.title if dice.random() < 0.8 else None,
            status=status,
            priority=dice.one_of(_PRIORITIES),
            visitor_id=device.id,
            contact_id=contact_id,
            message_count=len(messages),
            created_at=created_at,
            updated_at=updated_at,
            resolved_at=updated_at if status == "resolved" else None,
        )
        return conversation, tuple(messages)

    def _instant(self, milliseconds: int) -> Instant:
        """Like `from_milliseconds`, in half the time: the days repeat, so they are cached."""
        day, rest = divmod(milliseconds, _DAY)
        begins = self._days.get(day)
        if begins is None:
            begins = self._days[day] = from_milliseconds(day * _DAY)[:11]
        seconds, rest = divmod(rest, 1000)
        minutes, seconds = divmod(seconds, 60)
        return f"{begins}{_CLOCK[minutes]}{_TWO[seconds]}.{rest:03d}Z"


_TWO = tuple(f"{number:02d}" for number in range(60))
_CLOCK = tuple(f"{hour:02d}:{minute}:" for hour in range(24) for minute in _TWO)


def _homes(tags: Sequence[str]) -> list[_Home]:
    """Return the chosen locales, each repeated by its weight."""
    homes: list[_Home] = []
    for locale in LOCALES:
        if tags and locale.tag not in tags:
            continue
        places: tuple[dict[str, str | float], ...] = tuple(
            {
                "language": locale.tag,
                "timezone": city.timezone,
                "city": city.name,
                "region": city.region,
                "country": locale.country,
                "countryCode": locale.country_code,
                "latitude": city.latitude,
                "longitude": city.longitude,
            }
            for city in locale.cities
        )
        topics = words.TOPICS.get(locale.tag) or words.TOPICS[locale.tag.partition("-")[0]]
        homes += [_Home(locale, places, topics)] * locale.weight
    return homes
