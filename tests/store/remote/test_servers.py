"""URLs of servers, and what may stand in them."""

from __future__ import annotations

import pytest

from visitors.errors import UsageProblem
from visitors.store.places import place_of
from visitors.store.servers import Server, server_of


@pytest.mark.parametrize(
    ("url", "name", "address", "authority", "is_encrypted"),
    [
        ("libsql://team.example.com", "libsql://team.example.com", ("team.example.com", 443), "team.example.com", True),
        ("https://Team.Example.com/", "https://team.example.com", ("team.example.com", 443), "team.example.com", True),
        ("https://h:8443", "https://h:8443", ("h", 8443), "h:8443", True),
        ("libsql://h:443", "libsql://h", ("h", 443), "h", True),
        ("http://localhost:8080", "http://localhost:8080", ("localhost", 8080), "localhost:8080", False),
        ("http://127.0.0.9", "http://127.0.0.9", ("127.0.0.9", 80), "127.0.0.9", False),
        ("http://[::1]:8080", "http://[::1]:8080", ("::1", 8080), "[::1]:8080", False),
        ("http://team.localhost:80", "http://team.localhost", ("localhost", 80), "team.localhost", False),
    ],
)
def test_a_url_names_a_server(
    url: str, name: str, address: tuple[str, int], authority: str, is_encrypted: object
) -> None:
    found = server_of(url)
    assert (found.name, (found.address, found.port), found.authority) == (name, address, authority)
    assert found.is_encrypted is is_encrypted


@pytest.mark.parametrize(
    "url",
    [
        "https://ann:s3cret@h",
        "libsql://s3cret@h",
        "libsql://h?authToken=s3cret",
        "libsql://h/?jwt=s3cret&x=1",
        "http://127.0.0.1:8080?password=s3cret",
    ],
)
def test_credentials_in_a_url_are_refused_and_not_repeated(url: str) -> None:
    with pytest.raises(UsageProblem) as raised:
        server_of(url)
    assert raised.value.code == "credentials_in_url"
    assert "s3cret" not in f"{raised.value.message} {raised.value.hint}"
    assert "VISITORS_DB_TOKEN" in (raised.value.hint or "")


@pytest.mark.parametrize(
    "url",
    [
        "postgres://h/db", "ftp://h", "://h", "https://", "libsql:///x", "https://h/path", "https://h?x=1",
        "https://h#x", "https://h:port", "https://h:99999", "https://[::1",
    ],
)  # fmt: skip
def test_what_names_no_server_is_refused(url: str) -> None:
    with pytest.raises(UsageProblem):
        server_of(url)


@pytest.mark.parametrize("host", ["example.com", "10.0.0.1", "192.168.1.2:8080", "localhost.example.com"])
def test_plain_http_is_for_this_machine_unless_it_is_allowed(host: str) -> None:
    with pytest.raises(UsageProblem) as raised:
        server_of(f"http://{host}")
    assert raised.value.code == "insecure_http"
    assert server_of(f"http://{host}", insecure_http=True).is_encrypted is False


def test_a_place_has_the_token_and_does_not_show_it() -> None:
    place = place_of("libsql://h", token=lambda: "s3cret")
    assert isinstance(place, Server)
    assert place.token == "s3cret"
    assert "s3cret" not in repr(place) + str(place) + place.name
    assert place.abilities == frozenset()
