"""Stores with names: the settings file, which name counts, and what it says when something is wrong with them."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import visitors as package
from visitors import named_stores
from visitors.errors import InvalidData, UsageProblem
from visitors.location import platform_settings_file, settings_file
from visitors.settings import load_settings

Visitors = Callable[..., Any]


@pytest.fixture
def configure() -> Callable[[str], Path]:
    """Writes the settings file."""

    def write(text: str | bytes) -> Path:
        path = Path(settings_file())
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return path

    return write


@pytest.mark.parametrize(
    "environment",
    [
        {"XDG_CONFIG_HOME": "/somewhere/else"},
        {"XDG_CONFIG_HOME": "", "HOME": "/home/ada"},
        {"XDG_CONFIG_HOME": "", "HOME": "/"},
        {"XDG_CONFIG_HOME": "relative", "HOME": "/home/ada"},
    ],
)
def test_the_settings_file_is_where_the_platform_keeps_configuration(
    environment: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert settings_file() == platform_settings_file()


def test_a_store_has_its_place_and_what_else_is_said_of_it(configure: Callable[[str], Path]) -> None:
    configure(
        '[stores.prod]\ndb = "libsql://shop.example.com"\nconfirm = true\ntoken_file = "~/.token"\n'
        '[stores.lab]\ndb = "http://lab.example.com:8080"\ninsecure_http = true\n'
        '[stores.here]\ndb = "~/here.db"\n'
    )
    assert list(named_stores.read()) == ["prod", "lab", "here"]
    assert named_stores.find("prod") == named_stores.NamedStore(
        "prod",
        "libsql://shop.example.com",
        confirm=True,
        token_file="~/.token",  # noqa: S106 - a path
    )
    assert named_stores.find("lab").insecure_http
    assert named_stores.find("here") == named_stores.NamedStore("here", "~/here.db")


# Text: the place, and a part of the reason.
BAD: dict[str, tuple[str | bytes, str]] = {
    "not-toml": ('[stores.prod]\ndb = "/x\n', ", line 2, column 9: illegal character"),
    "not-closed": ("[stores.prod", ", line 1: expected ']'"),
    "not-utf8": (b'[stores.prod]\ndb = "\xff"\n', " is not UTF-8"),
    "unknown-table": ('[store.prod]\ndb = "/x"\n', ": the file has an unknown key 'store'"),
    "no-tables": ("stores = 1\n", ": stores must be a table"),
    "no-table": ('[stores]\nprod = "/x"\n', ": stores.prod must be a table"),
    "unknown-key": ('[stores.prod]\ndb = "/x"\nconfrim = true\n', ": [stores.prod] has an unknown key 'confrim'"),
    "dotted-name": ('[stores."eu.prod"]\ndb = "/x"\n', ": 'eu.prod' is not a valid name for a store"),
    "no-db": ("[stores.prod]\nconfirm = true\n", ": [stores.prod] has no db"),
    "empty-db": ('[stores.prod]\ndb = ""\n', ": [stores.prod] has no db"),
    "relative": ('[stores.prod]\ndb = "prod.db"\n', ": [stores.prod] db 'prod.db' is not an absolute path"),
    "nul": ('[stores.prod]\ndb = "/x\\u0000y"\n', ": [stores.prod] db '/x\\x00y' is not an absolute path"),
    "not-a-flag": ('[stores.prod]\ndb = "/x"\nconfirm = "yes"\n', ": [stores.prod] confirm must be true or false"),
    "not-a-string": ("[stores.prod]\ndb = 1\n", ": [stores.prod] db must be a string"),
    "of-a-server": (
        '[stores.prod]\ndb = "/x"\ntoken_file = "/t"\n',
        ": [stores.prod] has token_file, which needs a server",
    ),
    "relative-token": ('[stores.p]\ndb = "https://h"\ntoken_file = "t"\n', ": [stores.p] token_file 't' is not a"),
    "password": ('[stores.prod]\ndb = "libsql://ada:hunter2@h"\n', ": [stores.prod] db is a URL with more"),
    "token": ('[stores.prod]\ndb = "https://h?authToken=hunter2"\n', ": [stores.prod] db is a URL with more"),
}


@pytest.mark.parametrize("name", BAD)
def test_what_is_wrong_is_told_with_its_place_and_no_secret(
    visitors: Visitors, configure: Callable[[str | bytes], Path], name: str
) -> None:
    text, reason = BAD[name]
    path = configure(text)
    for words in (("list", "--store", "prod"), ("stores",)):
        error = visitors(*words, "--format", "json", code=5).error
        assert error["message"].startswith(f"{path}{reason}")
        assert "hunter2" not in str(error)


def test_a_settings_file_that_cannot_be_read_is_told(configure: Callable[[str], Path], visitors: Visitors) -> None:
    path = configure("")
    path.unlink()
    path.mkdir()
    assert f"cannot read {path}" in visitors("stores", code=5).stderr


def test_an_unknown_name_is_told_the_others(visitors: Visitors, configure: Callable[[str], Path]) -> None:
    error = visitors("list", "--store", "prod", "--format", "json", code=2).error
    assert (error["code"], error["message"]) == ("unknown_store", "no store is named 'prod'")
    assert settings_file() in error["hint"]
    configure('[stores.prod]\ndb = "/srv/prod.db"\n[stores.staging]\ndb = "/srv/staging.db"\n')
    error = visitors("list", "--store", "prd", "--format", "json", code=2).error
    assert error["hint"] == "did you mean prod? the stores are prod, staging"


def test_the_first_that_is_given_counts(
    configure: Callable[[str], Path], visitors: Visitors, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    configure("".join(f'[stores.{name}]\ndb = "{tmp_path}/{name}.db"\n' for name in ("flag", "environment")))
    monkeypatch.setenv("VISITORS_DB", str(tmp_path / "path.db"))
    monkeypatch.setenv("VISITORS_STORE", "environment")

    def path(*words: str) -> str:
        return Path(visitors("db", "path", *words).stdout.strip()).name

    assert path("--db", str(tmp_path / "given.db")) == "given.db"
    assert path("--store", "flag") == "flag.db"
    assert path() == "path.db"
    monkeypatch.delenv("VISITORS_DB")
    assert path() == "environment.db"
    monkeypatch.delenv("VISITORS_STORE")
    assert path() == "visitors.db"


def test_two_flags_for_one_store_are_refused_at_any_place(visitors: Visitors) -> None:
    for words in (("--db", "x.db", "list", "--store", "prod"), ("db", "--store", "prod", "path", "--db", "x.db")):
        assert "--db and --store" in visitors(*words, code=2).stderr
    assert "--store is given twice, as a and as b" in visitors("--store", "a", "list", "--store", "b", code=2).stderr
    assert "--store is empty" in visitors("list", "--store", "", code=2).stderr


def test_the_file_is_read_only_for_a_name(
    visitors: Visitors, configure: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    configure("what is this")
    monkeypatch.setenv("VISITORS_STORE", "prod")  # which VISITORS_DB outdoes
    visitors("create", "--id", "v")
    assert visitors("list", "--format", "ids").lines == ["v"]
    monkeypatch.delenv("VISITORS_DB")
    assert "config.toml" in visitors("list", code=5).stderr
    visitors("fixtures", "schema")


def test_a_missing_store_with_a_name_is_no_empty_one(
    visitors: Visitors, configure: Callable[[str], Path], tmp_path: Path
) -> None:
    configure(f'[stores.prod]\ndb = "{tmp_path}/prod.db"\n')
    assert visitors("list", "--store", "prod", "--format", "json", code=6).error["code"] == "store_missing"
    visitors("create", "--id", "v", "--store", "prod")
    assert visitors("list", "--store", "prod", "--format", "ids").lines == ["v"]


def test_advice_is_about_the_store_with_the_name(
    visitors: Visitors, configure: Callable[[str], Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    configure(f'[stores.prod]\ndb = "{tmp_path}/prod.db"\n')
    visitors("create", "--id", "v", "--store", "prod")
    assert "visitors --store prod undo" in visitors("undo", "--store", "prod").stderr
    monkeypatch.delenv("VISITORS_DB")
    monkeypatch.setenv("VISITORS_STORE", "prod")
    visitors("create", "--id", "w")
    assert "visitors undo" in visitors("undo").stderr


def test_info_tells_the_name(visitors: Visitors, configure: Callable[[str], Path], store_path: Path) -> None:
    visitors("create")
    assert visitors("db", "info", "--format", "json").json["store"] is None
    configure(f'[stores.prod]\ndb = "{store_path}"\n')
    found = visitors("db", "info", "--format", "json", "--store", "prod").json
    assert (found["store"], found["path"]) == ("prod", str(store_path))


def test_a_home_stands_for_the_home(visitors: Visitors, configure: Callable[[str], Path]) -> None:
    configure('[stores.mine]\ndb = "~/mine.db"\n')
    assert visitors("db", "path", "--store", "mine").stdout == f"{os.environ['HOME']}/mine.db\n"


def test_python_opens_a_store_by_its_name(configure: Callable[[str], Path], tmp_path: Path) -> None:
    configure(f'[stores.prod]\ndb = "{tmp_path}/prod.db"\nconfirm = true\n')
    with package.open_store(store="prod") as store:
        store.create("v")
        assert store.path == tmp_path / "prod.db"
    with pytest.raises(UsageProblem, match="no store is named 'prd'"):
        package.open_store(store="prd")
    with pytest.raises(UsageProblem, match="--db and --store"):
        package.open_store(tmp_path / "x.db", store="prod")
    configure("stores = 1")
    with pytest.raises(InvalidData, match="must be a table"):
        package.open_store(store="prod")


def test_settings_know_the_name_without_looking(configure: Callable[[str], Path]) -> None:
    configure("what is this")
    settings = load_settings({"store": "prod"}, {})
    assert (settings.store_name, settings.named, settings.store_was_named) == ("prod", None, True)
    with pytest.raises(InvalidData):
        _ = settings.confirms
