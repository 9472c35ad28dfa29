"""The token for a server: from the environment, or from a file that is private."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from visitors.errors import UsageProblem
from visitors.server_token import from_environment, from_file

Visitors = Callable[..., Any]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    made = tmp_path / "token"
    made.write_text("s3cret\n")
    made.chmod(0o600)
    return made


def test_the_variable_comes_before_the_file(file: Path) -> None:
    assert from_environment({}) == ""
    assert from_environment({"VISITORS_DB_TOKEN_FILE": str(file)}) == "s3cret"
    assert from_environment({"VISITORS_DB_TOKEN": " a.b-c_d ", "VISITORS_DB_TOKEN_FILE": str(file)}) == "a.b-c_d"
    assert from_environment({"VISITORS_DB_TOKEN": " ", "VISITORS_DB_TOKEN_FILE": str(file)}) == "s3cret"


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o604, 0o660])
def test_a_file_that_others_can_read_is_refused(file: Path, mode: int) -> None:
    file.chmod(mode)
    with pytest.raises(UsageProblem) as raised:
        from_file(str(file))
    assert raised.value.code == "token_not_private"
    assert f"chmod 600 {file}" in (raised.value.hint or "")


def test_the_hint_about_it_can_be_pasted_whatever_its_name(file: Path) -> None:
    named = file.rename(file.with_name("my token; ls"))
    named.chmod(0o644)
    with pytest.raises(UsageProblem) as raised:
        from_file(str(named))
    assert (raised.value.hint or "").startswith(f"chmod 600 '{named}', and")


@pytest.mark.parametrize("content", [b"", b"  \n", b"two words", b"a\x00b", b"\xff", "ö".encode(), b"x" * 20_000])
def test_what_is_no_token_is_refused(file: Path, content: bytes) -> None:
    file.write_bytes(content)
    with pytest.raises(UsageProblem) as raised:
        from_file(str(file))
    assert raised.value.code == "token_invalid"


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(UsageProblem) as raised:
        from_file(str(tmp_path / "missing"))
    assert raised.value.code == "token_unreadable"


def test_the_command_refuses_urls_before_it_does_anything(
    visitors: Visitors, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = visitors("list", "--db", "libsql://ann:s3cret@h", code=2)
    assert "s3cret" not in said.stdout + said.stderr
    monkeypatch.setenv("VISITORS_DB", "http://example.com")
    assert "--insecure-http" in visitors("db", "path", code=2).stderr
    assert visitors("db", "path", "--insecure-http").stdout == "http://example.com\n"
    file.chmod(0o644)
    monkeypatch.setenv("VISITORS_DB_TOKEN_FILE", str(file))
    assert visitors("list", "--insecure-http", "--format", "json", code=2).error["code"] == "token_not_private"
