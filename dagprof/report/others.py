"""Texts about changes that are not in the plan. All reports use these texts."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from dagprof.analyse.others import LookupChange, Others
from dagprof.analyse.others.lookups import LookupLine, Lookups, lookups
from dagprof.analyse.others.loops import GUARD, LoopCost
from dagprof.analyse.others.preloading import Preload
from dagprof.errors import UsageError
from dagprof.model import LookupOutcome, LookupPrices, PriceSource, Run
from dagprof.passes.answers.templates import template_of
from dagprof.quantities import count, duration, parse_price
from dagprof.report import preloading
from dagprof.report.escape import safe_text

_MOST_KEYS = 3
_MOST_ROWS = 20


class Row(NamedTuple):
    """One change: the saving, when it is saved, the number of files, the evidence, the place and
    the instruction. ``lines`` are lines of code to copy. ``short`` is a shorter instruction, if
    there is one. ``ms`` is the saving in one parse loop; 0.0 for a change that saves time
    elsewhere. ``is_lookup``: parse times exclude what the change saves.
    """

    ms: float
    saves: str
    when: str
    files: int
    evidence: str
    where: str
    what: str
    lines: str = ""
    short: str = ""
    is_lookup: bool = False


def rows(run: Run, found: Others) -> list[Row]:
    """The largest saving in one parse loop first, then the savings at task starts."""
    every = [*_preloading(found.preload), *(_lookup(run, each) for each in found.lookups)]
    every.sort(key=lambda row: -row.ms)
    return [*every, *map(_loop, found.loops)][:_MOST_ROWS]


def _preloading(found: Preload | None) -> Iterator[Row]:
    if found is None or not found.packages:
        return
    text = (preloading.summary(found), preloading.beside_the_plan(found))
    yield Row(
        ms=found.saving_ms,
        saves=duration(found.saving_ms),
        when="each parse loop",
        files=found.files,
        evidence="proved" if found.measured >= found.files else "partly proved",
        where="airflow_local_settings.py",
        what=" ".join(filter(None, text)),
        lines=preloading.lines(found),
        short=preloading.summary(found),
    )


def _lookup(run: Run, change: LookupChange) -> Row:
    line = change.line
    return Row(
        ms=line.cost_ms,
        saves=duration(line.cost_ms),
        when="each parse loop, in addition to the parse times",
        files=len(line.files),
        evidence="priced" if change.trial is None else "tested",
        where=safe_text(str(line.place), 200),
        what=f"{_what_it_asks(line)} {_instead(change)}",
        is_lookup=True,
    )


def _what_it_asks(line: LookupLine) -> str:
    keys = ", ".join(safe_text(key, 60) for key in line.keys[:_MOST_KEYS])
    more = len(line.keys) - _MOST_KEYS
    also = f" and {more} more" if more > 0 else ""
    what = "Variable" if line.kind == "variable" else "Connection"
    return (
        f"Each parse looks up {count(len(line.keys), what)} ({keys}{also}). Each parse loop makes"
        f" {count(line.lookups, 'such lookup')}."
    )


def _instead(change: LookupChange) -> str:
    """What the user can do instead of the look-up."""
    line, trial = change.line, change.trial
    if line.kind == "connection":
        return "Pass the connection id to the operator or hook, and get the Connection in the task."
    if trial is None:
        return (
            "Use a Jinja template in a templated field of the operator, or look up the value in the"
            " task."
        )
    if trial.outcome is LookupOutcome.TASK:
        return (
            "No DAG contains the value. Look up the value in the task, unless the DAG file itself"
            " uses the value, for example in an `if`."
        )
    if trial.outcome is LookupOutcome.TEMPLATE:
        fields = ", ".join(safe_text(field, 80) for field in trial.fields)
        template = safe_text(template_of(trial.key), 80)
        field = "field" if len(trial.fields) == 1 else "fields"
        return f"Write {template} in the templated {field} {fields} instead of the lookup."
    return (
        f"Parsing needs the value: {safe_text(trial.reason, 200)}. Read the value from an"
        " environment variable or from a file instead."
    )


def _loop(loop: LoopCost) -> Row:
    own = max(0.0, loop.wall_ms - loop.airflow_ms)
    return Row(
        ms=0.0,
        saves=duration(loop.task_start_ms),
        when="each task start",
        files=1,
        evidence="estimated",
        where=safe_text(str(loop.place), 200),
        what=(
            f"The loop creates {count(loop.dags, 'DAG')} in {duration(loop.wall_ms)}, which is"
            f" {duration(loop.per_dag_ms)} per DAG or {duration(loop.per_task_ms)} per task."
            f" Airflow's own code takes {duration(loop.airflow_ms)} of the loop, and the code of"
            f" the file takes {duration(own)}. A task needs only its own DAG. When a task starts,"
            f" skip the other DAGs with `{GUARD}`."
        ),
    )


def about_lookups(run: Run) -> str:
    """The number and the price of all look-ups. Empty if there are none."""
    found = lookups(run)
    if not found.lookups:
        return ""
    text = (
        f"{count(found.files, 'file')} {'looks' if found.files == 1 else 'look'} up Variables or"
        f" Connections. Each parse loop makes {count(found.lookups, 'lookup')}, which is about"
        f" {found.per_day:,} lookups per day.{_charged(run, found.per_day)}"
    )
    if run.lookup_prices is None:
        return f"{text} The parse times exclude these lookups."
    total = run.total_parse_ms
    return (
        f"{text} Each parse loop spends {duration(total)} on parsing and {duration(found.cost_ms)}"
        f" on lookups. {_price(run.lookup_prices, found)}"
    )


def _charged(run: Run, per_day: int) -> str:
    """What the secrets backend charges for the look-ups of one day. Empty without a price."""
    given = run.settings.get("lookup_price")
    try:
        amount, currency = parse_price(str(given))
    except UsageError:  # no price, or a stored Run that contradicts itself
        return ""
    cost = per_day * amount / 10_000
    shown = f"{cost:,.2f}" if cost >= 0.01 or cost == 0 else "less than 0.01"
    cost_text, price_text = f"{shown} {currency}".strip(), f"{amount:.9g} {currency}".strip()
    return f" At a price of {price_text} for 10,000 lookups, one day of lookups costs {cost_text}."


def _price(prices: LookupPrices, found: Lookups) -> str:
    """The prices of the kinds of look-ups that the files make."""
    used = {line.kind for line in found.lines}
    kinds = {"variable": prices.variable, "connection": prices.connection}
    of = {kind: price for kind, price in kinds.items() if kind in used}
    each = " and ".join(
        f"{duration(price.next_ms)} for a {kind.capitalize()}" for kind, price in of.items()
    )
    each = f"A lookup takes {each}"
    first_ms = max(price.first_ms for price in of.values())
    if first_ms > max(price.next_ms for price in of.values()):
        each += f", and the first lookup in each parse takes {duration(first_ms)}"
    if prices.source is PriceSource.MEASURED:
        return f"{each}. dagprof measured these times with Airflow's own SQLite database."
    if prices.source is PriceSource.LIVE:
        return f"{each}. dagprof measured these times with your own backends."
    return f"{each}. These times come from --lookup-latency."
