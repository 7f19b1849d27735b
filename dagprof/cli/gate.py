"""``dagprof gate``: did this change make parsing slower?"""

from __future__ import annotations

import datetime
import os
import threading
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import click

from dagprof import __version__
from dagprof import settings as settings_module
from dagprof.cli import INTERRUPTED, output
from dagprof.cli.options import measuring_options
from dagprof.errors import UsageError
from dagprof.settings import Settings


@click.command("gate", short_help="Fail when a change made parsing slower.")
@click.argument("paths", nargs=-1, required=True, metavar="PATH...")
@click.option("--against", metavar="REVISION", help="Compare with this branch, tag or commit, on this machine.")
@click.option("--all-files", is_flag=True, help="Measure all files, not only those that the change can reach.")
@measuring_options
def command(paths: tuple[str, ...], against: str | None, all_files: bool, **options: Any) -> int:
    """Compare the DAG files below PATH with another version of them."""
    from dagprof.gate import decide
    from dagprof.gate.verdict import Decision
    from dagprof.measure import against as ab
    from dagprof.policy import Policy
    from dagprof.quantities import parse_duration_ms

    settings = settings_module.load(options, environment=os.environ, start=Path.cwd())
    demand = decide.Demand(today=datetime.date.today())
    asked = ab.Asked(
        against,
        demand.timing,
        demand.false_alarms,
        parse_duration_ms(demand.policy.time_budget) / 1000,
        demand.policy.sample,
        every_file=all_files,
    )
    threading.Thread(target=_load_statistics, daemon=True).start()
    with output.progress(is_quiet=False) as shown:
        found = ab.measure(paths, settings, asked, version=__version__, environ=os.environ, progress=shown)
    verdict = decide.decide(
        decide.Compared(
            base=found.duel.base,
            head=found.duel.head,
            base_name=found.base_name,
            head_name="the working tree",
            unaffected=found.duel.unaffected,
            doubts=found.duel.doubts,
            changed_lines=found.changed_lines,
        ),
        demand,
        __version__,
    )
    print(verdict.decision, verdict.reason)
    for f in verdict.files:
        print(f.outcome.value, f.reason, f.timing and (round(f.timing.low_ms), round(f.timing.high_ms), f.timing.pairs))
    for f in verdict.all_findings:
        print(f.level.value, f.rule.value, f.file, f.line, f.message, f.waived)
    for d in verdict.doubts:
        print(d)
    print(verdict.unaffected, verdict.wall_s)
    return 1 if verdict.decision is Decision.FAILED else 0


def _load_statistics() -> None:
    import scipy.stats  # noqa: F401
