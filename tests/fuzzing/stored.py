"""Malformed Runs, baselines and journals, read as the commands read them, and every renderer."""

from __future__ import annotations

import datetime
import functools
import io
import json
import random
from collections.abc import Callable
from pathlib import Path

import msgspec
from rich.console import Console

from dagprof.analyse import comparison, frames
from dagprof.analyse.fleet import Fleet
from dagprof.config.policy import Policy
from dagprof.errors import DagprofError
from dagprof.gate import baseline as by_baseline
from dagprof.gate import decide, scanned
from dagprof.gate.decide import Compared, Demand
from dagprof.gate.rooted import rooted
from dagprof.gate.verdict import Verdict
from dagprof.judge import runs as judge
from dagprof.measure.assemble import Assembler
from dagprof.model import Run
from dagprof.report import answers_file, speedscope
from dagprof.report.formats import VERDICTS, VerdictReport
from dagprof.report.text import terminal
from dagprof.report.text.explain import Explanation
from dagprof.report.text.explain import render as render_explanation
from dagprof.store import journal, runs
from dagprof.usecases import explain as explaining
from dagprof.usecases.baselines import of_paths
from dagprof.usecases.report import report
from fuzzing import documents
from fuzzing.mutations import Json, broken, mutated, written

TODAY = datetime.date(2026, 1, 1)
DEMAND = Demand(today=TODAY, policy=Policy(), overrides=(), waivers=())


@functools.cache
def _document() -> Json:
    return documents.a_run_document()


@functools.cache
def _other() -> Run:
    return documents.a_run(150.0)


def malformed(document: Json, chance: random.Random) -> bytes:
    """A document as bytes, mutated by its structure, its bytes, or both."""
    how = chance.random()
    text = written(mutated(document, chance) if how < 0.9 else document).encode("utf-8")
    return broken(text, chance) if how > 0.85 else text


def run_case(chance: random.Random, folder: Path) -> None:
    """A malformed Run, alone and beside a valid one."""
    found = _loaded(chance, folder)
    if found is not None:
        render(found, _other(), chance)


def baseline_case(chance: random.Random, folder: Path) -> None:
    """A malformed Run as the baseline of a valid one."""
    found = _loaded(chance, folder)
    if found is not None:
        render(_other(), found, chance)


def _loaded(chance: random.Random, folder: Path) -> Run | None:
    place = folder / "run.json"
    place.write_bytes(malformed(_document(), chance))
    try:
        return runs.load(place)
    except DagprofError as error:
        check_sentence(error)
        return None


def check_sentence(error: DagprofError) -> None:
    """A complaint is one line that ends."""
    text = str(error)
    assert error.exit_code in (2, 3)
    assert "\n" not in text, text
    assert len(text) < 2_000, text[:2_000]
    assert text.endswith((".", "?")), text


def journal_case(chance: random.Random, folder: Path) -> None:
    """A journal with malformed lines: what is left of it becomes a Run."""
    place = folder / "run.partial.jsonl"
    line = documents.a_journal_line()
    lines = [b'{"schema_version": 3, "key": "k"}', malformed(line, chance), written(line).encode()]
    if chance.random() < 0.2:
        lines[0] = malformed({"schema_version": 3, "key": "k"}, chance)
    place.write_bytes(b"\n".join([*lines, b""]))
    try:
        _, found = journal.read(place)
    except DagprofError as error:
        check_sentence(error)
        return
    assembler = Assembler()
    # A scan takes over the result of each file that is still the same: one for a path.
    for measured in {measured.result.path: measured for measured in found.values()}.values():
        assembler.add(measured)
    base = _other()
    run = msgspec.structs.replace(
        base,
        files=assembler.files(),
        modules=assembler.modules([""] * len(assembler.module_files)),
        import_sets=assembler.import_sets(),
    )
    render(runs.decode(msgspec.json.encode(run), "x"), base, chance)


def render(head: Run, base: Run, chance: random.Random) -> None:
    """Some of all that is written of two Runs."""
    for renderer in chance.sample(_RENDERERS, 3):
        try:
            renderer(head, base, chance)
        except DagprofError as error:
            check_sentence(error)


def _console() -> Console:
    return Console(file=io.StringIO(), width=120, markup=False, highlight=False)


def _page(head: Run, base: Run, chance: random.Random) -> None:
    report(head, chance.choice([None, base])).encode("utf-8")


def _markdown(head: Run, base: Run, chance: random.Random) -> None:
    report(head, chance.choice([None, base]), kind="markdown").encode("utf-8")


def _summary(head: Run, base: Run, chance: random.Random) -> None:
    compared = comparison.compare(base, head)
    terminal.render(head, console=_console(), fleet=Fleet(head), comparison=compared)


def _compared(head: Run, base: Run, chance: random.Random) -> None:
    terminal.render_comparison(comparison.compare(base, head), console=_console())


def _explained(head: Run, base: Run, chance: random.Random) -> None:
    for file in head.files[:4]:
        line = chance.choice([None, 1, 4, 10**6])
        found = explaining.explain(head, file.path, line)
        shown = Explanation(head, found.file, found.source, line)
        render_explanation(shown, found.fleet, console=_console())


def _stacks(head: Run, base: Run, chance: random.Random) -> None:
    json.loads(speedscope.render(head))


def _tables(head: Run, base: Run, chance: random.Random) -> None:
    for name in chance.sample(frames.__all__, 3):
        if name.endswith("_frame"):
            getattr(frames, name)(head)


def _answers(head: Run, base: Run, chance: random.Random) -> None:
    answers_file.render(head, chance.choice(["a.json", "a.yaml"])).encode("utf-8")


def _again(head: Run, base: Run, chance: random.Random) -> None:
    assert runs.decode(msgspec.json.encode(head), "x") == head


def _gated(head: Run, base: Run, chance: random.Random) -> None:
    """By a stored Run, as ``dagprof gate --baseline`` does."""
    by_baseline.check_reference(base)
    base = of_paths(base, ["/dags"], "/dags")
    by_baseline.suspects(base, head, DEMAND)
    old, new = (rooted(each, "/", "dags/") for each in (base, head))
    verdict = by_baseline.decide_by_baseline(old, new, "base.json", DEMAND, again=new)
    _told(verdict, old, new, chance)


def _in_turns(head: Run, base: Run, chance: random.Random) -> None:
    compared = Compared(
        base=base,
        head=head,
        base_name="b",
        head_name="h",
        changed_lines={"slow.py": (4, 9), "common/frames.py": (1,)},
    )
    _told(decide.decide(compared, DEMAND), base, head, chance)


def _scanned(head: Run, base: Run, chance: random.Random) -> None:
    demand = scanned.demand("25%", "50ms", ("import-error",))
    judged = judge.judge(base, head, demand.timing)
    _told(scanned.decide(head, base, judged, demand), base, head, chance)


def _told(verdict: Verdict, base: Run, head: Run, chance: random.Random) -> None:
    name = chance.choice(list(VERDICTS))
    VERDICTS[name].text(VerdictReport(verdict, base, head, "dags/")).encode("utf-8")


Renderer = Callable[[Run, Run, random.Random], None]
_RENDERERS: list[Renderer] = [
    *(_page, _page, _markdown, _summary, _compared, _explained, _stacks, _tables, _answers),
    *(_again, _gated, _in_turns, _scanned),
]
