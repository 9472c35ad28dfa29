"""The pytest plugin, in separate test runs."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

SHOP = Path(__file__).parent / "examples" / "fixtures" / "shop.yaml"

TESTS = """
    import os
    import subprocess
    import sys

    import pytest

    import visitors

    def test_a_store_is_empty_and_its_own(visitors_store):
        assert visitors_store.count() == 0
        visitors_store.create("a")

    def test_another_store_is_empty_too(visitors_store):
        assert visitors_store.find("a") is None
        visitors_store.create("a")

    @pytest.mark.visitors(seed=42, count=20)
    def test_a_seed_is_planted(visitors_store, visitors_cli):
        assert visitors_store.count() == 20
        visitors_cli("assert", "--count", "20")
        visitors_store.delete(everything=True)

    @pytest.mark.visitors(seed=42, count=20)
    def test_a_seed_is_planted_afresh(visitors_store):
        assert visitors_store.count() == 20

    @pytest.mark.visitors(count=3)
    def test_another_count_is_another_store(visitors_store):
        assert visitors_store.count() == 3

    @pytest.mark.visitors(fixtures=["shop.yaml", {"version": 1, "visitors": {"more": {"os": "Linux"}}}])
    class TestFixtures:
        def test_they_are_applied(self, visitors_store):
            assert visitors_store.find("more").os == "Linux"
            assert visitors_store.fixtures.diff("shop.yaml") == []

        @pytest.mark.visitors(seed=1, count=2, fixtures=["shop.yaml"])
        def test_the_nearest_marker_counts(self, visitors_store):
            assert visitors_store.find("more") is None
            assert visitors_store.count() > 2

    def test_the_command_and_the_store_see_the_same(visitors_store, visitors_cli):
        result = visitors_cli("create", "--id", "a", "--format", "json")
        assert (result.exit_code, result.stderr) == (0, "")
        assert result.json["id"] == "a"
        assert visitors_store.find("a") is not None
        assert [one["id"] for one in visitors_cli("list", "--format", "ndjson").json] == ["a"]
        assert visitors_cli("list", "--deleted", "--format", "ndjson").json == []
        visitors_store.create("b")
        assert visitors_cli("list", "--format", "ndjson").json[0]["id"] == "b"
        assert visitors_cli("list", "--format", "ids").stdout == "b\\na\\n"
        assert visitors_cli("block", "-", stdin="a\\nb\\n").stdout == "a\\nb\\n"

    def test_a_failure_of_the_command_is_data_if_it_is_expected(visitors_cli):
        assert visitors_cli("show", "x", "--format", "json", exit_code=3).error["code"] == "visitor_not_found"
        assert visitors_cli("show", "x", exit_code=None).exit_code == 3
        assert visitors_cli("show", "--nonsense", exit_code=2).stdout == ""

    def test_the_clock_is_that_of_both(visitors_store, visitors_cli, visitors_clock):
        visitors_store.create("a")
        visitors_store.block("a", for_="1d")
        visitors_cli("assert", "--blocked", "--count", "1")
        visitors_clock.move(days=1, seconds=-1)
        visitors_cli("assert", "--blocked", "--count", "1")
        visitors_clock.move(seconds=1)
        assert visitors_store.count(blocked=True) == 0
        visitors_cli("assert", "--blocked", "--none")
        visitors_clock.set("2030-05-05T12:00:00+02:00")
        assert visitors_store.track("a").visitor.last_seen_at == "2030-05-05T10:00:00.000Z"
        assert visitors_cli("track", "--id", "b", "--format", "json").json["createdAt"] == "2030-05-05T10:00:00.000Z"

    @pytest.mark.visitors(now="2027-01-01", count=1)
    def test_the_marker_sets_the_clock(visitors_store, visitors_clock):
        assert visitors_clock().isoformat() == "2027-01-01T00:00:00+00:00"
        assert next(visitors_store.list()).created_at > "2026-06"

    def test_a_program_under_test_uses_the_store(visitors_store, visitors_clock):
        visitors_clock.move(days=1)
        program = "import visitors; visitors.open_store().track('from-a-program')"
        subprocess.run([sys.executable, "-c", program], env=os.environ | visitors_store.environment, check=True)
        assert visitors_store.find("from-a-program").created_at == "2026-01-02T00:00:00.000Z"

    def test_an_application_in_this_process_uses_the_store(visitors_store, monkeypatch):
        for name, value in visitors_store.environment.items():
            monkeypatch.setenv(name, value)
        with visitors.open_store() as opened_by_the_application:
            opened_by_the_application.create("a")
        assert visitors_store.find("a") is not None

    @pytest.mark.visitors(fixtures=[{
        "version": 1,
        "visitors": {"v-1": {}},
        "conversations": {
            "refund": {"visitor": "v-1", "title": "Refund", "messages": [
                {"visitor": "v-1", "body": "Where is it?"},
                {"agent": "bo", "body": "On its way"},
            ]},
        },
    }])
    def test_conversations_are_fixtures_too(visitors_store):
        refund = visitors_store.conversations.show("refund")
        assert [one.body for one in refund.messages] == ["Where is it?", "On its way"]

    def test_it_is_on_record_who_did_it(visitors_store, visitors_cli):
        visitors_store.create("a")
        visitors_cli("create", "--id", "b")
        found = visitors_cli("history", "--format", "json").json
        assert [(one["command"], one["actor"], one["at"]) for one in found] == [
            ("create", "pytest", "2026-01-01T00:00:00.000Z")
        ] * 2
"""


@pytest.fixture
def inner(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> pytest.Pytester:
    monkeypatch.setenv("VISITORS_DB", "elsewhere.db")
    pytester.makeini("[pytest]\naddopts = --strict-markers --strict-config\nfilterwarnings = error\n")
    pytester.makepyfile(TESTS)
    (pytester.path / "shop.yaml").write_bytes(SHOP.read_bytes())
    return pytester


@pytest.mark.slow
@pytest.mark.parametrize("workers", [(), ("-n", "2")], ids=["alone", "under xdist"])
def test_every_test_gets_its_store_clock_and_command(inner: pytest.Pytester, workers: tuple[str, ...]) -> None:
    inner.runpytest_subprocess(*workers).assert_outcomes(passed=15)
    assert not (inner.path / "elsewhere.db").exists()


def test_they_pass_in_any_order_and_in_this_process(inner: pytest.Pytester) -> None:
    inner.makeconftest("def pytest_collection_modifyitems(items):\n    items.reverse()\n")
    inner.runpytest_inprocess().assert_outcomes(passed=15)


def test_a_test_may_seed_search_undo_and_load_much_in_one_process(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        """
        import json

        import pytest

        @pytest.mark.visitors(seed=42, count=5_000)
        def test_it(visitors_store, visitors_cli):
            known = next(one for one in visitors_store.list(identified=True) if one.contact.name)

            def found(text):
                return [one.id for one in visitors_store.list(search=text)]

            assert found(known.id[-7:].lower()) == [known.id]
            assert known.id in found(known.contact.name.upper())
            visitors_store.create("created-first")
            assert found("ATED-FI") == ["created-first"]
            visitors_store.undo()
            assert found("ATED-FI") == []
            people = ({"name": f"Q\u00fcx {n}", "email": f"z{n}@example.com"} for n in range(30_000))
            rows = ({"id": f"row-{n}", "contact": one} for n, one in enumerate(people))
            assert visitors_store.import_(rows).created == 30_000
            visitors_store.create("created-last")
            assert found("reated-") == ["created-last"]
            assert found("Q\u00dcX 12345") == found("row-12345") == ["row-12345"]
            assert known.id in found(known.contact.name)
            assert visitors_cli("list", "--search", "q\u00fcx", "--format", "count").stdout == "30000\\n"

            more = "".join(json.dumps({"id": f"more-{n}"}) + "\\n" for n in range(5_000))
            visitors_cli("import", "-", "--input-format", "ndjson", stdin=more)
            assert found("ore-4999") == ["more-4999"]
            visitors_cli("undo")
            assert found("ore-4999") == []
            visitors_cli("db", "check")
        """
    )
    pytester.runpytest_subprocess("-W", "error").assert_outcomes(passed=1)


def test_the_fixtures_and_the_marker_tell_of_themselves(pytester: pytest.Pytester) -> None:
    pytester.runpytest_subprocess("--fixtures").stdout.fnmatch_lines(
        ["visitors_clock*", "visitors_store*", "visitors_cli*"]
    )
    pytester.runpytest_subprocess("--markers").stdout.fnmatch_lines(["@pytest.mark.visitors(fixtures=*"])


@pytest.mark.parametrize(
    ("marker", "said"),
    [
        ("sed=1", "*unexpected keyword argument 'sed'*"),
        ('fixtures=["missing.yaml"]', "*missing.yaml*"),
        ('fixtures=[{"version": 1, "visitor": {}}]', "*visitor*"),
        ("count=-1", "*--count*"),
        ('now="soon"', "*soon*"),
    ],
)
def test_a_marker_that_cannot_be_followed_is_an_error_of_the_test(
    pytester: pytest.Pytester, marker: str, said: str
) -> None:
    pytester.makepyfile(
        f"import pytest\n\n@pytest.mark.visitors({marker})\ndef test_it(visitors_store):\n    raise AssertionError\n"
    )
    result = pytester.runpytest_subprocess()
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines([said])


@pytest.mark.slow
def test_a_command_that_ends_otherwise_fails_the_test_and_says_why(pytester: pytest.Pytester) -> None:
    pytester.makepyfile("def test_it(visitors_cli):\n    visitors_cli('show', 'nobody')\n")
    result = pytester.runpytest_subprocess()
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*visitors show nobody exited with 3: error: no visitor has the id 'nobody'*"])


def test_the_command_leaves_the_process_as_it_was(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        """
        import gc, os, signal, sys

        def test_it(visitors_cli):
            def state():
                streams = (sys.stdin, sys.stdout, sys.stderr)
                return streams, signal.getsignal(signal.SIGTERM), dict(os.environ), gc.isenabled()

            before = state()
            visitors_cli("list")
            visitors_cli("show", "x", exit_code=3)
            assert state() == before
        """
    )
    pytester.runpytest_subprocess().assert_outcomes(passed=1)


def test_loading_it_imports_nothing_but_itself() -> None:
    script = (
        "import sys, pytest; before = set(sys.modules)\n"
        "import visitors.pytest_plugin; print(sorted(set(sys.modules) - before))"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout == "['visitors', 'visitors.pytest_plugin']\n"
