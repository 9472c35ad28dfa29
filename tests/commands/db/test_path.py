from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Visitors = Callable[..., Any]

COMMAND = Path(sys.executable).with_name("visitors")


def test_it_is_that_of_the_option_then_of_the_environment_then_of_the_platform(
    visitors: Visitors, tmp_path: Path, store_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert visitors("db", "path", "--db", str(tmp_path / "option.db")).stdout == f"{tmp_path / 'option.db'}\n"
    assert visitors("--db", str(tmp_path / "option.db"), "db", "path").stdout == f"{tmp_path / 'option.db'}\n"
    assert visitors("db", "path").stdout == f"{store_path}\n"
    monkeypatch.delenv("VISITORS_DB")
    assert visitors("db", "path").stdout.endswith("/visitors/visitors.db\n")
    assert visitors("db", "path").stdout.startswith(str(tmp_path))


def test_it_makes_no_store(visitors: Visitors, store_path: Path) -> None:
    visitors("db", "path")
    assert not store_path.exists()


def test_the_home_folder_may_be_written_as_a_tilde(visitors: Visitors, tmp_path: Path) -> None:
    assert visitors("db", "path", "--db", "~/x.db").stdout == f"{tmp_path / 'home' / 'x.db'}\n"


def test_a_tilde_with_an_unknown_user_is_part_of_a_name(
    visitors: Visitors, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert visitors("db", "path", "--db", "~nouser/x.db").stdout.endswith("~nouser/x.db\n")
    missing = visitors("list", "--db", "~nouser/x.db", "--format", "json", code=6)
    assert "~nouser/x.db" in missing.error["message"]


@pytest.mark.parametrize("words", ["db path", "list", "create"])
def test_an_empty_path_is_a_usage_error_and_not_the_default_store(
    visitors: Visitors, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: str
) -> None:
    monkeypatch.delenv("VISITORS_DB")
    assert "--db is empty" in visitors(*words.split(), "--db", "", code=2).stderr
    assert not (tmp_path / "home" / "data").exists()


@pytest.mark.skipif(sys.platform != "linux", reason="file names are UTF-8")
def test_a_path_that_is_not_utf8_can_be_used_again(visitors_process: Visitors, tmp_path: Path) -> None:
    name = os.fsdecode(os.fsencode(tmp_path) + b"/x\xff.db")

    def printed(*words: str) -> bytes:
        return subprocess.run([COMMAND, "--db", name, *words], capture_output=True, check=True).stdout

    assert printed("db", "path") == os.fsencode(name) + b"\n"
    printed("create", "--id", "a")
    assert printed("db", "info", "--fields", "path", "--no-header") == os.fsencode(name) + b"\n"
    backup = printed("db", "backup").rstrip(b"\n")
    assert Path(os.fsdecode(backup)).exists()
    written = os.fsdecode(os.fsencode(tmp_path) + b"/o\xfe.json")
    assert (
        visitors_process("export", "--db", name, "-o", written).stderr == f"wrote 1 visitor to {tmp_path}/o\\xfe.json\n"
    )
    assert [one["id"] for one in json.loads(Path(written).read_text())] == ["a"]
    for words in (["db", "path"], ["db", "info"], ["db", "info", "--fields", "path"]):
        for format_ in ("json", "ndjson"):
            assert json.loads(printed(*words, "--format", format_))["path"] == name
    missing = visitors_process("list", "--db", f"{name}x", "--format", "json", code=6)
    assert missing.error["message"] == f"no store found at {name}x"


@pytest.mark.skipif(shutil.which("jq") is None, reason="jq is not installed")
def test_the_json_of_a_path_that_is_not_utf8_is_json(visitors_process: Visitors) -> None:
    text = visitors_process("db", "path", "--db", os.fsdecode(b"/x\xff.db"), "--format", "json").stdout
    found = subprocess.run(["jq", "-r", ".path"], input=text, capture_output=True, text=True, check=True).stdout
    assert found == "/x\ufffd.db\n"


def test_in_json_it_is_an_object(visitors: Visitors, store_path: Path) -> None:
    assert visitors("db", "path", "--format", "json").json == {"path": str(store_path)}
