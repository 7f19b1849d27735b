"""DP109: a parse that reads many files."""

from __future__ import annotations

from collections.abc import Iterator

from dagprof.config.checks import Severity
from dagprof.practices.costs import in_loops
from dagprof.practices.rule import Family, Finding, Rule
from dagprof.practices.subject import Subject
from dagprof.quantities import count

# So many files, or so many bytes, make a line worth a finding.
_FILES, _BYTES = 50, 10_000_000


def _find(subject: Subject) -> Iterator[Finding]:
    rows: dict[tuple[str, int, str], list[tuple[int, int, float]]] = {}
    for path, effect, file in subject.effects():
        if effect.kind == "file-read":
            row = (effect.count, effect.size_bytes, (effect.wall_us or 0) / 1000)
            rows.setdefault((path, effect.line, file.path), []).append(row)
    seen = set()
    for (path, line, _), found in sorted(rows.items()):
        number = len(found)
        size = sum(each[1] for each in found)
        if (path, line) in seen or (number < _FILES and size < _BYTES):
            continue
        seen.add((path, line))
        what = count(number, "file")
        yield RULE.finding(
            path,
            line,
            f"This line reads {what} ({size / 1e6:.1f} MB) in each parse.",
            key="reads files",
            cost=in_loops(subject, sum(each[2] for each in found)),
        )


RULE = Rule(
    code="DP109",
    name="file-scan",
    family=Family.PARSE,
    severity=Severity.HINT,
    summary="A parse that reads many files or large files.",
    cost="Each parse reads the files again, often from a network drive.",
    advice="Read one generated file instead, or create one DAG file for each of these files.",
    bad="""
for name in glob.glob("/opt/airflow/configs/*.yaml"):
    create_dag(yaml.safe_load(open(name)))
""",
    good="""
# A task or the build of the image joins the YAML files to one JSON file.
for config in json.load(open("/opt/airflow/configs.json")):
    create_dag(config)
""",
    find=_find,
)
