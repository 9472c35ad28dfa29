"""The JSON Schema of each command's output: valid, and true of what the command really prints."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from visitors import registry
from visitors.domain.fields import CONTACT, VISITOR
from visitors.help import closed_lists
from visitors.help.schemas import ANSWERS, DIALECT, Form, schema
from visitors.pytest_plugin import run_in_process

EXAMPLES = Path(__file__).parents[1] / "examples"
SHOP = EXAMPLES / "fixtures" / "shop.yaml"
ADA = "adas-laptop"
COLUMNS = "id,language,email\nv1,en-US,v1@example.com\n"
PEOPLE = "externalId,email\nu-9,u9@example.com\n"
TALK = '{"id":"k1","visitorId":"adas-laptop","messages":[{"body":"Hi"}]}\n'

RUNS: Mapping[str, list[str]] = {
    "track": ["--id v9 --language en", "--id adas-laptop"],
    "create": ["--id v9 --latitude 1.5 --device-type mobile"],
    "list": ["", "--deleted", "--blocked", "--search nobody"],
    "show": [ADA, "somebody gone", "gone"],
    "stats": ["", "--by language", "--by language --by contact.email", "--per month"],
    "update": [f"{ADA} --city Oslo", f"{ADA} somebody --city Oslo"],
    "identify": [f"{ADA} --email ada@example.com", "somebody --email new@example.com", "- < identify.ndjson"],
    "unidentify": [ADA, f"{ADA} adas-phone"],
    "block": [ADA, f"{ADA} somebody --for 7d", "--contact ext:u-1", "- < block.ndjson"],
    "unblock": ["somebody", f"{ADA} somebody", "--contact ext:u-1", "- < block.ndjson"],
    "delete": [ADA, f"{ADA} somebody --dry-run"],
    "restore": ["gone", f"gone {ADA}"],
    "prune": ["--older-than 1d --yes", "--older-than 1d --dry-run"],
    "erase": [f"{ADA} --yes", f"{ADA} --dry-run"],
    "export": ["", "--pseudonymize key.txt"],
    "import": ["visitors.csv", "visitors.csv --explain-mapping"],
    "history": ["", "--changes", ADA, "--operation {erased} --receipt"],
    "undo": ["", "--cascade", "--dry-run"],
    "explain": [ADA, f"{ADA} --identify-as email=ada@example.com"],
    "sql": ["--tables", "SELECT#*#FROM#visitors", "SELECT#1.5#AS#a,#NULL#AS#b"],
    "contacts create": ["--email new@example.com --metadata plan=pro"],
    "contacts list": ["", "--deleted"],
    "contacts show": ["ext:u-1", "ext:u-1 grace@example.com"],
    "contacts update": ["ext:u-1 --name Ada"],
    "contacts merge": ["ext:u-1 grace@example.com --yes", "ext:u-1 grace@example.com --dry-run"],
    "contacts split": [f"ext:u-1 {ADA} --email other@example.com"],
    "contacts delete": ["ext:u-1", "ext:u-1 grace@example.com"],
    "contacts restore": ["{deleted}", "{deleted} ext:u-1"],
    "contacts import": ["people.csv", "people.csv --explain-mapping"],
    "contacts subject-export": ["ext:u-1"],
    "contacts erase": ["ext:u-1 --yes", "ext:u-1 --dry-run"],
    "contacts duplicates": ["--db twins.db"],
    "conversations start": [f"{ADA} --title Hello"],
    "conversations list": [""],
    "conversations show": ["{talk}", "{talk} {other}"],
    "conversations stats": ["", "--by status", "--by status --by priority", "--per month"],
    "conversations reply": ["{talk} Hello --as-agent ada"],
    "conversations resolve": ["{talk}", "{talk} {other}"],
    "conversations reopen": ["{talk}", "{talk} {other}"],
    "conversations spam": ["{talk}", "{talk} {other}"],
    "conversations import": ["talks.ndjson", "talks.csv --explain-mapping"],
    "seed": ["--count 3"],
    "fixtures apply": ["shop.yaml", "other.yaml --dry-run"],
    "fixtures diff": ["other.yaml", "shop.yaml --prune"],
    "fixtures check": ["broken.yaml"],
    "db path": [""],
    "db info": [""],
    "db check": ["", "--quick"],
    "db backup": ["copy.db"],
    "db restore": ["backup.db --yes", "backup.db --dry-run"],
    "db compact": [""],
    "stores": [""],
    "completion": ["bash --install"],
    "help": ["", "list", "contacts"],
}
"""Command lines of each command; `#` is a blank within a word."""

WITHOUT = {
    "assert": "answers by its exit code",
    "db dump": "prints rows of tables, whose form is that of the schema of the store",
    "db load": "prints nothing",
    "db migrate": "prints the path of the backup",
    "fixtures dump": "prints a fixture: 'fixtures schema' has its schema",
    "fixtures schema": "prints a JSON Schema",
}
"""The commands that print no records."""


def closed(schema: Any) -> Any:
    """The schema without leave for later fields, so that one that it does not know is found."""
    if isinstance(schema, list):
        return [closed(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    more = {"additionalProperties": False} if schema.get("type") == "object" and "properties" in schema else {}
    return {key: closed(value) for key, value in schema.items()} | more


def validator(schema: Any) -> Any:
    return jsonschema.Draft202012Validator(closed(schema))


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, str]]:
    """A folder with a store and files, and the ids that are made up in it."""
    folder = tmp_path_factory.mktemp("shop")

    def ids(*words: str, stdin: str = "", **environment: str) -> str:
        done = run_in_process(
            words, stdin, {"VISITORS_DB": str(folder / "visitors.db"), "VISITORS_ACTOR": "tester", **environment}
        )
        assert done.exit_code == 0, done.stderr
        return done.stdout.strip()

    shutil.copy(SHOP, folder)
    texts = {
        "visitors.csv": COLUMNS,
        "people.csv": PEOPLE,
        "talks.ndjson": TALK,
        "talks.csv": "id,visitorId,title\nk1,adas-laptop,Hi\n",
        "identify.ndjson": f'{{"visitorId":"{ADA}","externalId":"u-1","name":"Ada L."}}\n',
        "block.ndjson": '{"visitorId":"somebody"}\n{"contact":"ext:u-1"}\n',
        "broken.yaml": "version: 1\nvisitors:\n  a: {language: '?', colour: red}\n",
        "other.yaml": SHOP.read_text(encoding="utf-8").replace("language: en-GB", "language: fr"),
        "visitors/config.toml": '[stores.prod]\ndb = "/srv/prod.db"\nconfirm = true\n',
        "key.txt": "0123456789abcdef0123456789abcdef\n",
    }
    (folder / "visitors").mkdir()
    for name, text in texts.items():
        (folder / name).write_text(text, encoding="utf-8")
    (folder / "key.txt").chmod(0o600)
    ids("fixtures", "apply", str(SHOP))
    ids("create", "--id", "old", VISITORS_NOW="2020-01-01T00:00:00Z")
    ids("db", "backup", str(folder / "backup.db"))
    twins = ids("db", "dump").replace("grace@example.com", "ada@example.com") + "\n"
    ids("db", "load", "-", stdin=twins, VISITORS_DB=str(folder / "twins.db"))
    ids("create", "--id", "nobody")
    ids("erase", "nobody", "--yes")
    made = {
        "erased": ids("history", "--command", "erase", "--limit", "1", "--format", "ids"),
        "talk": ids("conversations", "list", "--limit", "1", "--format", "ids"),
        "other": ids("conversations", "start", ADA),
        "deleted": ids("contacts", "create", "--email", "deleted@example.com"),
    }
    ids("contacts", "delete", made["deleted"])
    ids("update", ADA, "--city", "Bergen")
    return folder, made


def printed(
    words: str, line: str, shop: tuple[Path, dict[str, str]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Any]:
    """What the command line prints with json, and each line with ndjson, on a copy of the store."""
    folder, ids = shop
    for format_ in ("json", "ndjson"):
        copy = tmp_path / format_
        shutil.copytree(folder, copy, dirs_exist_ok=True)
        monkeypatch.chdir(copy)
        before, _, file = line.partition(" < ") if " < " in line else (line, "", "")
        typed = [word.replace("#", " ").format(**ids) for word in before.split()]
        given = (copy / file).read_text(encoding="utf-8") if file else ""
        done = run_in_process(
            [*words.split(), *typed, "--format", format_],
            given,
            {"XDG_CONFIG_HOME": str(copy), "VISITORS_DB": str(copy / "visitors.db")},
        )
        allowed = {"fixtures diff": (8,), "fixtures check": (5,)}.get(words, (0,))
        if format_ == "ndjson" and words in ("help", "contacts subject-export"):
            assert done.exit_code == 2
            continue
        assert done.exit_code in allowed, (words, line, done.stderr)
        found = json.loads(done.stdout) if format_ == "json" else [json.loads(one) for one in done.stdout.splitlines()]
        yield format_, found


def test_the_fields_of_a_schema_are_those_that_complete() -> None:
    for words in ANSWERS.keys() & closed_lists.ANSWERS.keys():
        made = schema(words)["$defs"]
        kinds = made["record"].get("anyOf", [made["record"]])
        of_schema = {frozenset(made[kind["$ref"].rpartition("/")[2]]["properties"]) for kind in kinds}
        of_shapes = {
            frozenset(field.partition(".")[0] for field in shape.fields) for shape in closed_lists.ANSWERS[words]
        }
        assert of_schema == of_shapes, words


def test_every_command_has_a_schema_or_prints_no_records() -> None:
    assert {entry.words for entry in registry.COMMANDS} == ANSWERS.keys() | WITHOUT.keys()
    assert ANSWERS.keys() == RUNS.keys()


@pytest.mark.parametrize("words", ANSWERS)
def test_what_a_command_prints_is_what_its_schema_says(
    words: str, shop: tuple[Path, dict[str, str]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = schema(words)
    jsonschema.Draft202012Validator.check_schema(made)
    whole, record = validator(made), validator({"$ref": "#/$defs/record", "$defs": made["$defs"]})
    kinds = made["$defs"]["record"].get("anyOf", [made["$defs"]["record"]])
    unseen = dict(enumerate(kinds))
    forms = set()
    for number, line in enumerate(RUNS[words]):
        for format_, found in printed(words, line, shop, tmp_path / str(number), monkeypatch):
            if format_ == "json":
                whole.validate(found)
                forms.add("many" if isinstance(found, list) else "one")
            records = found if isinstance(found, list) else [found]
            for one in records:
                record.validate(one)
                for kind in [
                    kind for kind, of in unseen.items() if validator({**of, "$defs": made["$defs"]}).is_valid(one)
                ]:
                    del unseen[kind]
    assert not unseen, "no example of these"
    assert forms == {Form.ONE: {"one"}, Form.MANY: {"many"}, Form.EITHER: {"one", "many"}}[ANSWERS[words].form]


def test_the_fields_are_those_of_the_table_of_fields_with_what_they_mean(visitors: Callable[..., Any]) -> None:
    made = visitors("help", "--schema", "list").json
    assert made["$schema"] == DIALECT
    of_visitor, of_contact = (made["$defs"][name]["properties"] for name in ("Visitor", "Contact"))
    assert list(of_visitor) == made["$defs"]["Visitor"]["required"] == [field.name for field in VISITOR]
    assert list(of_contact) == [field.name for field in CONTACT]
    assert of_visitor["browser"] == {"anyOf": [{"type": "string"}, {"type": "null"}], "description": "Browser"}
    assert of_visitor["createdAt"]["format"] == "date-time"
    assert of_visitor["deviceType"]["anyOf"][0]["enum"] == ["desktop", "mobile", "tablet", "unknown"]
    assert all("description" in field for name, field in of_visitor.items() if name != "contact")
    assert all("description" in field for field in of_contact.values())


def test_a_schema_notices_what_is_wrong(visitors: Callable[..., Any]) -> None:
    visitors("create", "--id", "v1")
    (one,) = visitors("list", "--format", "json").json
    check = jsonschema.Draft202012Validator(visitors("help", "--schema", "list").json)
    assert check.is_valid([one])
    assert check.is_valid([{**one, "later": 1}])
    assert not check.is_valid([{**one, "isBlocked": None}])
    assert not check.is_valid([{key: value for key, value in one.items() if key != "language"}])
    assert not check.is_valid([{**one, "deviceType": "toaster"}])
    assert not check.is_valid(one)
