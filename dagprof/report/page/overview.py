"""The first view of the HTML report. This view is plain HTML, so it needs no JavaScript."""

from __future__ import annotations

import re

from dagprof.analyse.causes import FailureCause, causes, place
from dagprof.analyse.comparison import Comparison
from dagprof.analyse.fleet import Fleet, Plan
from dagprof.analyse.frames import records, statements_frame
from dagprof.analyse.others import Others, others
from dagprof.gate.verdict import Decision, Verdict
from dagprof.model import COMPOSED, FileResult, Plugin, Run
from dagprof.quantities import count, duration
from dagprof.report import changes, figures, notes, preloading
from dagprof.report import others as report_others
from dagprof.report.escape import safe_text
from dagprof.report.page import loop, production
from dagprof.report.page.one_file import address
from dagprof.report.text import plugins
from dagprof.report.text.plan import SAVES
from dagprof.report.verdict import words

STATEMENT_ROWS = 40
PLUGIN_ROWS = 100
# The most file rows without the script.
PLAIN_ROWS = 100
# The most rows of a verdict.
REASONS = 40

Row = dict[str, object]
_TAGS = {Decision.PASSED: "passed", Decision.FAILED: "failed", Decision.CANNOT_TELL: "unsure"}


def build(
    run: Run,
    fleet: Fleet | None,
    comparison: Comparison | None,
    verdict: Verdict | None,
    found: Others | None,
) -> Row:
    """All values of the overview. ``found`` are the changes that are not in the plan; computed if
    missing.
    """
    ranked = sorted(run.files, key=lambda file: -file.parse_ms)
    plan = fleet.plan() if fleet else None
    found = found or others(run, plan)
    parse_loop = loop.build(run, fleet)
    return {
        "title": figures.headline(run),
        "headline": _unbroken(figures.headline(run)),
        "busy": figures.busy(run),
        "causes": figures.causes(run),
        "tiles": _tiles(run, comparison, plan, parse_loop),
        "plan": _plan(run, plan) if plan and plan.steps else None,
        "others": [_other_row(row) for row in report_others.rows(run, found)],
        "lookups": report_others.about_lookups(run),
        "unsafe": [
            preloading.unsafe(package)
            for package in (found.preload.unsafe if found.preload else ())
        ],
        "no_plan": "" if plan is None or plan.steps else changes.no_plan(run, plan),
        "statements": _statement_rows(run),
        "plugins": [_plugin_row(plugin) for plugin in plugins.slowest_first(run)[:PLUGIN_ROWS]],
        "plugins_summary": plugins.summary(run),
        "failures": [_cause_row(cause, run) for cause in causes(run, run.broken)],
        "needy": [_cause_row(cause, run) for cause in causes(run, run.needy)],
        "about_answers": figures.ANSWERS,
        "loop": parse_loop,
        "production": production.build(run),
        "saves": SAVES,
        "is_traced": figures.is_traced(run),
        "untraced": figures.NOT_TRACED,
        "plain_files": [
            (safe_text(file.path), duration(file.parse_ms), figures.status(file.status))
            for file in ranked[:PLAIN_ROWS]
        ],
        "files": len(ranked),
        "verdict": _verdict(verdict) if verdict else None,
        "has_comparison": comparison is not None,
        "environment": _environment(run),
        "doubts": _doubts(run),
        "skipped": [(safe_text(file.path), safe_text(file.why)) for file in run.skipped],
        "created_at": _moment(run.created_at),
        "version": safe_text(run.dagprof_version, 40),
    }


def _moment(created_at: str) -> str:
    """A time such as ``2026-11-25 22:05 UTC``. A text in an unknown form stays unchanged."""
    found = re.fullmatch(r"(\d{4}-\d\d-\d\d)T(\d\d:\d\d):\d\d\+00:00", created_at)
    return f"{found[1]} {found[2]} UTC" if found else safe_text(created_at, 40)


def _plan(run: Run, plan: Plan) -> Row:
    return {
        "summary": changes.summary(run, plan, 3),
        "floor": duration(plan.floor_ms),
        "steps": [
            {
                "adds": duration(step.adds_ms),
                "total": duration(step.total_ms),
                "with_above": changes.with_above(plan, step) if number else "",
                "files": step.files,
                "evidence": step.evidence,
                "places": [safe_text(str(change.place), 200) for change in step.changes],
                "to_copy": "\n".join(
                    [
                        *(safe_text(str(change.place), 200) for change in step.changes),
                        changes.instruction(step),
                    ]
                ),
                "what": safe_text(changes.instruction(step), 600),
                "ways": [changes.way(change) for change in step.changes if changes.way(change)],
                "cautions": [
                    safe_text(text, 200) for change in step.changes for text in change.cautions
                ],
            }
            for number, step in enumerate(plan.steps)
        ],
    }


def _other_row(row: report_others.Row) -> Row:
    return {
        "saves": row.saves,
        "when": row.when,
        "files": row.files,
        "evidence": row.evidence,
        "where": row.where,
        "what": row.what,
        "lines": row.lines,
        "to_copy": f"{row.where}\n{row.what}\n{row.lines}",
    }


def _unbroken(text: str) -> str:
    """The text with a no-break space between each figure and its unit."""
    return re.sub(r"(\d) (?=(?:ms|s|min)\b)", "\\1\N{NO-BREAK SPACE}", text)


def _tiles(
    run: Run, comparison: Comparison | None, plan: Plan | None, parse_loop: Row | None
) -> list[tuple[str, str, str]]:
    """The label, the figure and the explanation of each tile."""
    tiles = [
        (
            "Total parse time",
            duration(run.total_parse_ms),
            "sum of the median parse times of all files",
        ),
        ("Files", f"{len(run.files):,}", _with_failures(run)),
        (
            "DAGs",
            f"{sum(len(f.dag_ids) for f in run.files):,}",
            count(sum(f.task_count for f in run.files), "task"),
        ),
    ]
    if parse_loop is not None:
        tiles.insert(1, ("One parse loop", str(parse_loop["round"]), _with_processes(run)))
    if comparison is not None:
        tiles.append(_change_tile(comparison))
    if plan is not None and plan.steps:
        tiles.append(_plan_tile(plan))
    return tiles


def _with_processes(run: Run) -> str:
    processes = figures.parsing_processes(run)
    if processes == 1:
        return "with 1 parsing process, as in Airflow's configuration"
    return f"with {processes} parsing processes, as in Airflow's configuration"


def _with_failures(run: Run) -> str:
    failed, needy = len(run.broken), len(run.needy)
    texts = []
    if failed:
        texts.append(f"{count(failed, 'file')} could not be loaded")
    if needy:
        lack = "lacks" if needy == 1 else "lack"
        texts.append(f"{count(needy, 'file')} {lack} a required value")
    return ", ".join(texts) or ("all files could be loaded" if run.files else "none")


def _change_tile(comparison: Comparison) -> tuple[str, str, str]:
    change = comparison.current_total_ms - comparison.baseline_total_ms
    sign = "+" if change >= 0 else "−"
    return (
        "Change since the baseline",
        f"{sign}{duration(abs(change))}",
        "change of the total parse time",
    )


def _plan_tile(plan: Plan) -> tuple[str, str, str]:
    kinds = {step.evidence for step in plan.steps}
    evidence = kinds.pop() if len(kinds) == 1 else "partly proved"
    saved = duration(plan.before_ms - plan.after_ms)
    return ("The plan saves", saved, f"{count(len(plan.steps), 'change')}, {evidence}")


def _statement_rows(run: Run) -> list[Row]:
    frame = statements_frame(run, from_ms=1.0)
    frame = frame[(frame["kind"] != "body") & ~frame["is_partial"]]
    return [
        {
            "where": figures.statement_place(row),
            "address": address(str(row["path"])),
            "line": int(row["line"]),
            "text": safe_text(str(row["text"]), 160),
            "time": duration(float(row["self_ms"])),
            "time_ms": float(row["self_ms"]),
            "waiting": (duration(float(row["waiting_ms"])) if row["waiting_ms"] >= 1 else "–"),
            "waiting_ms": float(row["waiting_ms"]),
            "runs": int(row["count"]),
        }
        for row in records(frame.head(STATEMENT_ROWS))
    ]


def _plugin_row(plugin: Plugin) -> Row:
    time, memory, modules = plugins.figures(plugin)
    return {
        "name": safe_text(plugin.name, 80),
        "source": safe_text(plugin.source, 200),
        "time": time,
        "memory": memory,
        "modules": modules,
        "error": safe_text(plugin.error, 300),
    }


def _cause_row(cause: FailureCause, run: Run) -> Row:
    """One cause with all of its files. The page folds long lists."""
    return {
        "status": figures.status(cause.files[0].status),
        "count": len(cause.files),
        "why": safe_text(cause.reason, 400),
        "way_out": safe_text(cause.way_out, 400),
        "files": [_failed_file(file, run) for file in cause.files],
    }


def _failed_file(file: FileResult, run: Run) -> Row:
    """A file that could not be loaded. ``line`` is the line of the failure, or 0 if the failure is
    in another file.
    """
    at = place(file, run.root, run.project.root)
    own, _, line = at.rpartition(":")
    is_own = own == file.path and line.isdigit()
    return {
        "path": safe_text(file.path),
        "address": address(file.path),
        "line": int(line) if is_own else 0,
        "elsewhere": "" if is_own or at == file.path else safe_text(at),
    }


def _verdict(verdict: Verdict) -> Row:
    """The decision, the findings that no waiver accepts, the notes and the doubts."""
    findings = [finding for finding in verdict.all_findings if not finding.waived]
    reasons = [
        f"{finding.rule.value} ({finding.level.value}): {finding.message}" for finding in findings
    ]
    reasons += [*verdict.notes, *verdict.doubts]
    return {
        "outcome": words.decision_word(verdict),
        "tag": _TAGS[verdict.decision],
        "reason": safe_text(verdict.reason, 500),
        "reasons": [safe_text(reason, 500) for reason in reasons[:REASONS]],
        "more": max(0, len(reasons) - REASONS),
    }


def _environment(run: Run) -> list[tuple[str, str]]:
    where = run.environment
    rows = [
        ("Scanned", run.root),
        ("Airflow", where.airflow_version),
        ("Python", f"{where.python_version} ({where.python_executable})"),
        ("Platform", where.platform),
        ("Processor", f"{where.cpu_model}, {where.cpu_count} cores"),
        ("AIRFLOW_HOME", where.airflow_home or "a temporary folder"),
    ]
    if where.git is not None:
        rows.append(
            (
                "Commit",
                where.git.commit + (", with uncommitted changes" if where.git.is_dirty else ""),
            )
        )
    rows += [("Project", each.text) for each in run.project.used]
    rows += [
        (name.replace("_", " "), str(value))
        for name, value in run.settings.items()
        if value is not None
    ]
    rows += [
        (name.replace("_", " "), value) for name, value in where.airflow_config.items() if value
    ]
    return [(name, safe_text(str(value), 300)) for name, value in rows]


def _doubts(run: Run) -> list[str]:
    doubts = [safe_text(doubt.text, 500) for doubt in run.doubts]
    doubts += plugins.failed(run)
    doubts += figures.left_out(run)
    # The note on shared packages already counts the composed files.
    return doubts + [
        notes.together(code, files)
        for code, files in notes.by_code(run).items()
        if code != COMPOSED
    ]
