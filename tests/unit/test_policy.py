from __future__ import annotations

import datetime
import re
from pathlib import Path

import pytest

from dagprof.config.policy import (
    DEFAULT_LEVELS,
    DESCRIPTIONS,
    Level,
    Override,
    Policy,
    Rule,
    Waiver,
    limits_for,
    matches,
    matching,
)


@pytest.mark.parametrize(
    ("pattern", "path"),
    [
        ("etl/sales.py", "etl/sales.py"),
        ("./etl/sales.py", "etl/sales.py"),
        ("/etl/sales.py", "etl/sales.py"),
        ("sales.py", "etl/deep/sales.py"),
        ("sal*.py", "etl/sales.py"),
        ("etl/*", "etl/sales.py"),
        ("etl/s?les.[pq]y", "etl/sales.py"),
        ("*/sales.py", "etl/sales.py"),
        ("**", "etl/sales.py"),
        ("etl/**", "etl/a/b/c.py"),
        ("etl/**/c.py", "etl/c.py"),
        ("etl/**/c.py", "etl/a/b/c.py"),
        ("**/b/*.py", "b/c.py"),
        ("**/a/**/b/**/c.py", "a/x/b/y/z/c.py"),
        ("etl", "etl/a/b.py"),
        ("etl/", "team/etl/b.py"),
        ("team/etl", "team/etl/b.py"),
        ("a[1].py", "a[1].py"),
        ("dags/etl/*", "etl/sales.py"),
        ("dags/**/sales.py", "etl/sales.py"),
    ],
)
def test_a_pattern_matches(pattern: str, path: str) -> None:
    assert matches(path, [pattern], folders="dags")
    assert matches(path, ["other.py", pattern], folders="dags")


@pytest.mark.parametrize(
    ("pattern", "path"),
    [
        ("etl/*", "etl/deep/sales.py"),
        ("etl/*", "team/etl/sales.py"),
        ("/sales.py", "etl/sales.py"),
        ("*.py", "etl/sales.zip"),
        ("etl*", "etl/sales.py"),
        ("etl/**/c.py", "etl/a/b/d.py"),
        ("**/b/c.py", "c.py"),
        ("ETL/*", "etl/sales.py"),
        ("etl/sales", "etl/sales.py"),
        ("etl/sales.py/x", "etl/sales.py"),
        ("../etl/sales.py", "etl/sales.py"),
        ("other/etl/*", "etl/sales.py"),
        ("/.", "etl/sales.py"),
    ],
)
def test_a_pattern_does_not_match(pattern: str, path: str) -> None:
    assert not matches(path, [pattern], folders="dags")


def test_leading_folders_count_only_where_they_are_known() -> None:
    assert not matches("etl/sales.py", ["dags/etl/*"])


def test_many_stars_take_no_time() -> None:
    assert not matches("a/" * 200 + "b.py", ["**/a/" * 100 + "c.py"])


def test_later_overrides_win_and_rules_merge_one_by_one() -> None:
    policy = Policy(budget="2s", rules={Rule.NEW_PACKAGE: Level.ERROR, Rule.TIMEOUT: Level.OFF})
    overrides = (
        Override(files=("etl/*",), budget="4s", absolute="1s", rules={Rule.SLOWER: Level.WARNING}),
        Override(files=("finance/*",), budget="9s"),
        Override(files=("sales.py",), budget="5s", forbid=(), rules={Rule.TIMEOUT: Level.WARNING}),
    )
    found = limits_for("etl/sales.py", policy, overrides)
    assert (found.budget, found.absolute, found.relative, found.forbid, found.allow) == (
        "5s",
        "1s",
        "5%",
        (),
        None,
    )
    assert (found.new_modules, found.timeout_share) == (200, "50%")
    assert found.rules == {
        **DEFAULT_LEVELS,
        Rule.NEW_PACKAGE: Level.ERROR,
        Rule.SLOWER: Level.WARNING,
        Rule.TIMEOUT: Level.WARNING,
    }
    assert matching("etl/sales.py", overrides) == (overrides[0], overrides[2])
    assert limits_for("other.py", policy, overrides).budget == "2s"
    assert (
        limits_for(
            "etl/a.py", policy, [Override(files=("dags/etl",), budget="3s")], folders="dags"
        ).budget
        == "3s"
    )


def test_what_a_policy_leaves_open_has_the_default() -> None:
    found = limits_for(
        "a.py", Policy(relative=None, absolute=None, new_modules=None, timeout_share=None), ()
    )
    assert (found.relative, found.absolute, found.new_modules, found.timeout_share) == (
        "5%",
        "10ms",
        200,
        "50%",
    )


def test_a_waiver_holds_through_its_last_day() -> None:
    waiver = Waiver(
        files=("a.py",), rule=Rule.BUDGET, reason="being rewritten", until=datetime.date(2026, 3, 1)
    )
    assert not waiver.has_expired(datetime.date(2026, 3, 1))
    assert waiver.has_expired(datetime.date(2026, 3, 2))


def test_every_rule_is_described_and_has_a_level() -> None:
    assert set(DESCRIPTIONS) == set(DEFAULT_LEVELS) == set(Rule)


# The table of docs/configuration.md: each pattern, with what it matches and what it does not.
DOCUMENTED = {
    "etl/sales.py": (["etl/sales.py"], ["etl/deep/sales.py", "sales.py", "team/etl/sales.py"]),
    "etl/*": (["etl/sales.py", "etl/other.py"], ["etl/deep/sales.py", "sales.py"]),
    "etl/**": (["etl/sales.py", "etl/a/b/c.py"], ["sales.py", "team/etl/sales.py"]),
    "etl/**/sales.py": (["etl/sales.py", "etl/a/b/sales.py"], ["etl/a/b/other.py", "sales.py"]),
    "sales_*.py": (["sales_eu.py", "etl/a/sales_eu.py"], ["sales.py", "sales_old.py/readme.py"]),
    "/sales.py": (["sales.py"], ["etl/sales.py"]),
    "etl": (["etl/sales.py", "team/etl/a/b.py"], ["etl.py", "team/other.py"]),
}
# Of these, what `.gitignore` means by the same patterns: a folder that matches takes all that is
# below it.
OTHERWISE_IN_GITIGNORE = {("etl/*", "etl/deep/sales.py"), ("sales_*.py", "sales_old.py/readme.py")}


def test_each_documented_pattern_is_tested() -> None:
    text = (Path(__file__).parents[2] / "docs" / "configuration.md").read_text(encoding="utf-8")
    table = text.partition("| pattern | matches |")[2].partition("\n\n")[0]
    assert re.findall(r"^\| `([^`]+)`", table, re.MULTILINE) == list(DOCUMENTED)


@pytest.mark.parametrize("pattern", DOCUMENTED)
def test_a_documented_pattern_means_what_is_documented(pattern: str) -> None:
    matched, others = DOCUMENTED[pattern]
    assert [path for path in (*matched, *others) if matches(path, [pattern])] == matched


def test_the_patterns_of_gitignore_mean_something_else() -> None:
    """Why pathspec is not used; see docs/decisions/0001-dependencies.md."""
    pathspec = pytest.importorskip("pathspec")
    differing = {
        (pattern, path)
        for pattern, (matched, others) in DOCUMENTED.items()
        for path in (*matched, *others)
        if pathspec.GitIgnoreSpec.from_lines([pattern]).match_file(path) != (path in matched)
    }
    assert differing == OTHERWISE_IN_GITIGNORE
