"""The whole story through the installed command: one person, two devices, then somebody else."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

Visitors = Callable[..., Any]


@pytest.mark.slow
def test_all_conversations_from_every_device_and_none_for_whoever_comes_next(visitors_process: Visitors) -> None:
    run = visitors_process

    def seen_from(visitor: str) -> list[str]:
        page = run("show", visitor, "--format", "json").json
        return sorted(conversation["title"] for conversation in page["conversations"])

    def of(contact: str) -> list[str]:
        listed = run("conversations", "list", "--contact", contact, "--format", "json").json
        return sorted(conversation["title"] for conversation in listed)

    # Two anonymous browsers, each with a conversation.
    laptop = run("track", "--fingerprint", "fp-laptop", "--device-type", "desktop").stdout.strip()
    phone = run("track", "--fingerprint", "fp-phone", "--device-type", "mobile").stdout.strip()
    assert laptop != phone
    invoice = run(
        "conversations", "start", laptop, "--title", "invoice", "--message", "Where is my invoice?"
    ).stdout.strip()
    login = run("conversations", "start", phone, "--title", "login", "--message", "I cannot log in.").stdout.strip()
    assert (seen_from(laptop), seen_from(phone)) == (["invoice"], ["login"])

    # Ada logs in on both: first by email, then with the application's id too.
    run("identify", laptop, "--email", "ada@example.com", "--name", "Ada")
    assert seen_from(phone) == ["login"]
    run("identify", phone, "--external-id", "u-ada", "--email", "Ada@Example.com")
    assert run("contacts", "list", "--format", "count").stdout == "1\n"
    assert seen_from(laptop) == seen_from(phone) == of("ext:u-ada") == of("ada@example.com") == ["invoice", "login"]
    devices = run("contacts", "show", "ada@example.com", "--format", "json").json["devices"]
    assert {device["id"] for device in devices} == {laptop, phone}

    # She continues either conversation from the other device.
    run("conversations", "reply", invoice, "Found it.", "--as-visitor", phone)
    run("conversations", "reply", login, "It works now.", "--as-visitor", laptop)
    run("conversations", "resolve", invoice, login)

    # Bob logs in on her laptop. Only --relink links it to him.
    refused = run("identify", laptop, "--external-id", "u-bob", "--format", "json", code=4)
    assert refused.error["code"] == "linked_elsewhere"
    assert seen_from(laptop) == ["invoice", "login"]
    run("identify", laptop, "--external-id", "u-bob", "--name", "Bob", "--relink")
    assert seen_from(laptop) == of("ext:u-bob") == []
    run("conversations", "start", laptop, "--title", "refund", "--message", "A refund, please.")

    # Neither can see the other's conversations, or write in them.
    assert seen_from(laptop) == of("ext:u-bob") == ["refund"]
    assert seen_from(phone) == of("ext:u-ada") == ["invoice", "login"]
    for conversation in (invoice, login):
        refused = run(
            "conversations", "reply", conversation, "Hello?", "--as-visitor", laptop, "--format", "json", code=4
        )
        assert refused.error["code"] == "not_of_visitor"
        assert run("conversations", "show", conversation, "--format", "json").json["status"] == "resolved"
    assert [device["id"] for device in run("contacts", "show", "ext:u-bob", "--format", "json").json["devices"]] == [
        laptop
    ]
    assert run("show", phone, "--format", "json").json["devices"] == []

    # The history explains all of it.
    links = run("show", laptop, "--format", "json").json["links"]
    assert [(link["command"], link["cause"]) for link in links] == [("identify", "created"), ("identify", "created")]
    codes = [event["code"] for event in run("explain", laptop, "--format", "json").json]
    assert codes == [
        "created",
        "conversation-started",
        "identified:created",
        "contact-external-id",
        "relinked:created",
        "conversation-started",
    ]
