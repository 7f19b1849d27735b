"""Which findings count: selection, comments, waivers, the baseline, and the reports."""

from __future__ import annotations

import datetime
import io
import json
import re
import xml.etree.ElementTree as ElementTree
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from dagprof.config import settings
from dagprof.config.checks import Checks, CheckWaiver, FailOn, Severity
from dagprof.errors import UsageError
from dagprof.model import FileResult, Status
from dagprof.practices import baseline, checking, choice
from dagprof.practices.checking import Checked
from dagprof.practices.registry import RULES
from dagprof.practices.subject import Subject
from dagprof.report import practices as reports
from dagprof.report.page import practices as page
from dagprof.report.practices import terminal
from unit.builders import run

TODAY = datetime.date(2026, 12, 1)
SOURCE = """
from airflow.sdk import DAG
import datetime
DAG("a", start_date=datetime.datetime.now())
client = connect(api_key="kJ8sLq2ZpX9vR4tB")
"""


def checked(
    source: str = SOURCE, *, known: baseline.Baseline | None = None, **options: Any
) -> Checked:
    file = FileResult(path="sub/a.py", status=Status.OK, dag_ids=("a",))
    sources = {"sub/a.py": source}
    return checking.check(Subject(run(file), sources), Checks(**options), TODAY, baseline=known)


def codes(found: Checked) -> list[str]:
    return sorted(finding.code for finding in found.open)


def test_all_rules_apply_by_default() -> None:
    assert codes(checked()) == ["DP402", "DP701"]
    assert choice.selected(Checks()) == list(RULES)


@pytest.mark.parametrize(
    ("select", "ignore", "expected"),
    [
        (("DP4",), (), ["DP402"]),
        (("DP402",), ("DP4",), ["DP402"]),
        (("DP",), ("DP402", "DP7"), []),
        (("DP7", "DP1"), (), ["DP701"]),
    ],
)
def test_of_select_and_ignore_the_longer_code_wins(
    select: tuple[str, ...], ignore: tuple[str, ...], expected: list[str]
) -> None:
    assert codes(checked(select=select, ignore=ignore)) == expected


def test_files_may_break_the_rules_that_per_file_ignores_names() -> None:
    assert codes(checked(per_file_ignores={"sub/*": ("DP7",)})) == ["DP402"]
    assert codes(checked(per_file_ignores={"other/*": ("DP7",)})) == ["DP402", "DP701"]


def test_a_comment_accepts_the_finding_of_its_line() -> None:
    line = 'DAG("a", start_date=datetime.datetime.now())'
    accepted = SOURCE.replace(line, f"{line}  # dagprof: ignore DP402 because it never runs")
    found = checked(accepted)
    assert codes(found) == ["DP701"]
    (waived,) = [each for each in found.findings if each.waived]
    assert waived.waived == "it never runs (sub/a.py:4)"
    elsewhere = SOURCE + "x = 1  # dagprof: ignore DP402 because it never runs\n"
    assert codes(checked(elsewhere)) == ["DP402", "DP701"]


def test_a_comment_on_its_own_line_accepts_the_findings_of_the_file() -> None:
    comment = "# dagprof: ignore DP402, DP7 until 2026-12-31 because the migration is planned\n"
    assert codes(checked(comment + SOURCE)) == []
    assert codes(checked(comment.replace("2026-12-31", "2026-11-30") + SOURCE)) == [
        "DP402",
        "DP701",
    ]


@pytest.mark.parametrize(
    "comment",
    [
        "# dagprof: ignore DP402",
        "# dagprof: ignore because I say so",
        "# dagprof: ignore slow-import because no",
        "# dagprof: ignore DP402 until tomorrow because no",
        "# dagprof: ignore DP402 until 2026-02-31 because no",
    ],
)
def test_an_invalid_comment_accepts_nothing_and_is_named(comment: str) -> None:
    found = checked(f"{comment}\n{SOURCE}")
    assert codes(found) == ["DP402", "DP701"]
    assert any("sub/a.py:1" in note and choice.FORM in note for note in found.notes)


def test_the_gate_does_not_read_comments_of_the_check() -> None:
    from dagprof.gate.waivers import in_source

    text = "import x  # dagprof: ignore DP101 because the plugin needs it\n"
    assert in_source(text, "a.py") == ([], [])


def test_a_waiver_accepts_until_its_last_day() -> None:
    def waiver(until: str) -> CheckWaiver:
        return CheckWaiver(
            files=("sub/a.py",),
            rules=("DP4",),
            reason="old",
            until=datetime.date.fromisoformat(until),
        )

    assert codes(checked(waivers=(waiver("2026-12-01"),))) == ["DP701"]
    assert codes(checked(waivers=(waiver("2026-11-30"),))) == ["DP402", "DP701"]


def test_the_baseline_accepts_what_was_there_even_if_lines_move() -> None:
    known = baseline.of(checked().findings)
    moved = "\n\n\n" + SOURCE
    assert codes(checked(moved, known=known)) == []
    twice = moved + 'other = connect(api_key="kJ8sLq2ZpX9vR4tC")\n'
    assert codes(checked(twice, known=known)) == ["DP701"]


def test_an_unknown_rule_is_a_usage_error() -> None:
    with pytest.raises(UsageError, match="Unknown rule DP999"):
        choice.check_known(Checks(ignore=("DP999",)))
    choice.check_known(Checks(select=("DP1",), per_file_ignores={"*": ("DP104",)}))


@pytest.mark.parametrize(
    ("fail_on", "fails"),
    [
        ("error", ["error"]),
        ("warning", ["error", "warning"]),
        ("hint", ["error", "warning", "hint"]),
        ("never", []),
    ],
)
def test_fail_on_includes_more_important_severities(fail_on: str, fails: list[str]) -> None:
    assert [each.value for each in Severity if FailOn(fail_on).fails(each)] == fails


def test_the_configuration_has_a_table_of_its_own(tmp_path: Path) -> None:
    (tmp_path / "dagprof.toml").write_text(
        """
[check]
select = ["DP1", "DP7"]
ignore = ["DP112"]
fail-on = "warning"
in-scan = true

[check.per-file-ignores]
"legacy/*" = ["DP1"]

[[check.waivers]]
files = ["a.py"]
rules = ["DP104"]
reason = "the vault is local"
until = 2027-01-31
""",
        encoding="utf-8",
    )
    found = settings.load({}, environment={}, start=tmp_path).check
    assert found.select == ("DP1", "DP7")
    assert found.per_file_ignores == {"legacy/*": ("DP1",)}
    assert found.fail_on is FailOn.WARNING
    assert found.in_scan
    assert found.waivers[0].until == datetime.date(2027, 1, 31)
    chosen = settings.load({"check": {"select": ("DP4",)}}, environment={}, start=tmp_path).check
    assert chosen.select == ("DP4",)
    assert chosen.ignore == ("DP112",)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('[check]\nselect = ["E501"]', "not the code of a rule"),
        ('[check]\nselct = ["DP1"]', "did you mean `select`"),
        ("[check]\nfail-on = 3", "fail-on"),
        ("check = 3", "expected a table"),
    ],
)
def test_a_wrong_table_is_one_sentence(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "dagprof.toml").write_text(text, encoding="utf-8")
    with pytest.raises(UsageError, match=message):
        settings.load({}, environment={}, start=tmp_path)


@pytest.mark.parametrize("kind", reports.FORMATS)
def test_every_format_names_the_findings_and_no_secret(kind: str) -> None:
    text = reports.write(kind, checked(), prefix="dags/", version="1")
    assert "DP701" in text
    assert "kJ8sLq2ZpX9vR4tB" not in text
    if kind not in ("junit", "json"):
        assert "dags/sub/a.py" in text


def test_sarif_has_the_help_of_all_rules_and_hides_what_is_accepted() -> None:
    known = baseline.of(checked().findings)
    log = json.loads(reports.write("sarif", checked(known=known)))
    rules = log["runs"][0]["tool"]["driver"]["rules"]
    assert [rule["id"] for rule in rules] == list(RULES)
    assert all("Good:" in rule["help"]["markdown"] for rule in rules)
    assert all(result["suppressions"] for result in log["runs"][0]["results"])


def test_junit_fails_for_errors_and_passes_for_clean_rules() -> None:
    suite = ElementTree.fromstring(reports.write("junit", checked()))
    cases = {case.get("name", ""): case for case in suite.iter("testcase")}
    assert cases["DP701 secret-in-source"].find("failure") is not None
    assert cases["DP104 lookup"].find("failure") is None


def test_text_of_dag_files_forms_no_command_of_a_ci_system() -> None:
    source = 'connect(**{"::error::\\n::set-output password": "kJ8sLq2ZpX9vR4tB"})\n'
    for kind in ("github", "json", "markdown"):
        lines = reports.write(kind, checked(source)).splitlines()
        assert not any(line.lstrip().startswith("::set-output") for line in lines)


def test_the_terminal_shows_place_cost_and_advice() -> None:
    stream = io.StringIO()
    terminal.render(checked(), console=Console(file=stream, width=200))
    text = stream.getvalue()
    assert "sub/a.py:5: This line contains a secret as the value of `api_key`." in text
    assert "2 errors. dagprof checked 1 DAG file." in text
    assert "→ Revoke the secret" in text


def test_the_page_has_a_section_with_examples() -> None:
    file = FileResult(path="sub/a.py", status=Status.OK, dag_ids=("a",))
    section = page.build(run(file), checked())
    rules: Any = section["rules"]
    assert [rule["code"] for rule in rules] == ["DP402", "DP701"]
    assert all(rule["bad"] and rule["good"] for rule in rules)


def test_the_documentation_lists_all_rules() -> None:
    page = (Path(__file__).parents[2] / "docs" / "practices.md").read_text(encoding="utf-8")
    rows = dict(re.findall(r"^\| (DP\d+) (`.*) \|$", page, re.MULTILINE))
    assert rows == {
        code: f"`{rule.name}` | {rule.severity.value} | {rule.summary}"
        for code, rule in RULES.items()
    }
