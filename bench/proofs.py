"""Check that proofs hold: make the changes that experiments proved in memory in a copy, and parse
both in turns.

python bench/proofs.py [--python PYTHON] [--temperature T] [--turns N] [--files N] FOLDER ...

The script copies each FOLDER and scans it at full depth, one parse at a time, as a person would
measure it. Then, for each proved experiment and each step of the plan, it makes the change in
another copy: without the statements, without single names of an import, or with the value of a call
in the file. It parses the file in turns: plain, with the change in memory, and the changed copy.
``--files`` limits the check to the files with the largest savings. ``--kinds N`` checks the
repositories of ``plan_causes.py`` too, each with N files and another kind of cause. ``--from MS``
leaves out smaller claims.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from typing import NamedTuple

import plan_causes
from common import machine
from on_disk import Change, changed_copy

import dagprof
from dagprof.analyse.fleet import Fleet
from dagprof.config.settings import Depth, Settings
from dagprof.link.starting import zygote_config
from dagprof.link.target import resolve
from dagprof.measure.crew import Zygotes
from dagprof.measure.site import scratch_folder
from dagprof.model import Experiment, Place, Temperature
from dagprof.passes.asking import ParseLimits, parse_request
from dagprof.passes.plan import Mode


class Claim(NamedTuple):
    """A change of one file's parse, and what dagprof claims that it saves."""

    path: str
    change: Change
    claimed_ms: float
    parse_ms: float
    kind: str


class Outcome(NamedTuple):
    """The result of the real change. ``note`` names a difference, if there is one.

    ``again_ms`` is the saving in memory, measured again in the same turns.
    """

    claim: Claim
    before_ms: float
    again_ms: float
    real_ms: float
    note: str

    @property
    def error_ms(self) -> float:
        return abs(self.real_ms - self.claim.claimed_ms)

    @property
    def scaled_ms(self) -> float:
        """Scale the claim to the machine's current speed: by the plain parse now and the one of
        the scan.
        """
        return self.claim.claimed_ms * self.before_ms / self.claim.parse_ms

    @property
    def scaled_error_ms(self) -> float:
        return abs(self.real_ms - self.scaled_ms)

    @property
    def again_error_ms(self) -> float:
        return abs(self.real_ms - self.again_ms)

    def is_within(self, error_ms: float) -> bool:
        return not self.note and error_ms <= max(10.0, 0.1 * abs(self.real_ms))


class Parser:
    """Parse files of one folder, plain, each in a forked child."""

    def __init__(self, stack: ExitStack, root: Path, options: argparse.Namespace) -> None:
        settings = Settings(
            python=options.python, temperature=options.temperature, bundle_root=str(root)
        )
        # Serialised DAGs depend on the order of sets, so both folders' processes get the same hash
        # seed.
        environ = {**os.environ, "PYTHONHASHSEED": "0"}
        target = resolve(settings, (root,), stack.enter_context(scratch_folder()), environ)
        self._zygotes = stack.enter_context(Zygotes(target, zygote_config(target, settings)))
        self.root = root
        self._limits = ParseLimits(
            time_limit_s=60,
            memory_limit_kib=None,
            repeat=None,
            stacks_from_ms=None,
            depth=Depth.QUICK,
            files=1,
            spawns=False,
            pyinstrument=None,
        )

    def prepare(self, path: str, dags: Sequence[str]) -> None:
        """Import what the DAG processor imports before it forks for this file. The first parse
        is a warm-up.
        """
        self._zygotes.pre_import([str(self.root / path)], with_folder=True)
        self._worker = self._zygotes.worker(path)
        self._path, self._dags = self.root / path, dags
        self.parse()

    def parse(self, change: Change | None = None) -> tuple[float, str]:
        """Parse once, with a change in memory; return milliseconds and the DAGs, or the reason why
        there are none.
        """
        request = parse_request(Mode.TIMING, self._path, self._limits)
        if change is not None:
            request["without"] = self._lines(change.without)
            request["keep"] = self._lines(change.kept)
            request["names"] = {
                str(self.root / place.file): {str(place.line): list(names)}
                for place, names in change.names.items()
            }
        self._worker.send({**request, "contents": list(self._dags)})
        reply = self._worker.reply(90)
        if reply.result is None or reply.result.sample is None:
            return 0.0, f"no result: {reply.outcome}"
        if reply.result.failures:
            return 0.0, f"{reply.result.failures[-1].type}: {reply.result.failures[-1].message}"
        text = json.dumps(reply.result.contents, sort_keys=True)
        return reply.result.sample.own_ms, text.replace(str(self.root), "")

    def _lines(self, places: Sequence[Place]) -> dict[str, list[int]]:
        found: dict[str, list[int]] = {}
        for place in places:
            found.setdefault(str(self.root / place.file), []).append(place.line)
        return found


@contextmanager
def parser(root: Path, options: argparse.Namespace) -> Iterator[Parser]:
    with ExitStack() as stack:
        yield Parser(stack, root, options)


def claims(run: dagprof.Run, smallest_ms: float) -> list[Claim]:
    """List all proved experiments, and the plan's changes in the files they make faster, if
    experiments timed them.
    """
    found: list[Claim] = []
    parts: dict[tuple[str, Place], Experiment] = {}
    for file in run.files:
        for each in file.experiments:
            if each.is_proof:
                if len(each.without) == 1:
                    parts[file.path, each.without[0]] = each
                parse_ms = statistics.median(file.samples.own_ms)
                found.append(Claim(file.path, _change(each), each.proved_ms, parse_ms, _kind(each)))
    parse_ms_of = {
        file.path: statistics.median(file.samples.own_ms) for file in run.files if file.is_timed
    }
    fleet = Fleet(run)
    planned = [change.place for step in fleet.plan().steps for change in step.changes]
    known = {
        (claim.path, frozenset((*claim.change.without, *claim.change.kept))) for claim in found
    }
    for view in fleet.views:
        here = tuple(place for place in planned if place in view.statements)
        if here and (view.path, frozenset(here)) not in known:
            kind = "plan, proved" if view.is_proved(here) else "plan, estimated"
            each = [parts.get((view.path, place)) for place in here]
            kept = {place for one in each if one is not None for place in one.kept}
            change = Change(
                without=tuple(place for place in here if place not in kept),
                kept=tuple(place for place in here if place in kept),
                names={one.without[0]: one.names for one in each if one is not None and one.names},
            )
            saving_ms = view.saving_ms(here)
            found.append(Claim(view.path, change, saving_ms, parse_ms_of[view.path], kind))
    found = [claim for claim in found if claim.claimed_ms >= smallest_ms]
    return sorted(found, key=lambda claim: -claim.claimed_ms)


def _change(each: Experiment) -> Change:
    return Change(
        without=tuple(place for place in each.without if place not in each.kept),
        kept=each.kept,
        names={each.without[0]: each.names} if each.names else {},
    )


def _kind(each: Experiment) -> str:
    if len(each.without) > 1:
        return "together"
    if each.kept:
        return "kept value"
    if each.names:
        return "names of an import"
    return "call" if each.called else "import"


def check(
    claim: Claim, dags: Sequence[str], roots: tuple[Path, Path], options: argparse.Namespace
) -> Outcome:
    """Parse the file of both folders in turns."""
    before, again, real, notes = [], [], [], set()
    with parser(roots[0], options) as plain, parser(roots[1], options) as changed:
        for each in (plain, changed):
            each.prepare(claim.path, dags)
        restless = plain.parse()[1] != plain.parse()[1]
        for number in range(options.turns):
            parses = {
                "plain": plain.parse,
                "memory": partial(plain.parse, claim.change),
                "copy": changed.parse,
            }
            order = list(parses) if number % 2 == 0 else list(parses)[::-1]
            found = {name: parses[name]() for name in order}
            before.append(found["plain"][0])
            again.append(found["plain"][0] - found["memory"][0])
            real.append(found["plain"][0] - found["copy"][0])
            if found["copy"][1] != found["plain"][1] and not restless:
                notes.add(
                    "other DAGs" if found["copy"][1].startswith("{") else found["copy"][1][:80]
                )
    medians = map(statistics.median, (before, again, real))
    return Outcome(claim, *medians, "; ".join(notes))


def outcomes(folder: Path, temporary: Path, options: argparse.Namespace) -> list[Outcome]:
    root = temporary / "plain"
    shutil.copytree(folder, root, ignore=shutil.ignore_patterns("__pycache__"))
    run = dagprof.scan(
        root, depth="full", jobs=1, python=options.python, temperature=options.temperature
    )
    todo = claims(run, options.smallest_ms)
    paths = list(dict.fromkeys(claim.path for claim in todo))[: options.files]
    dags = {file.path: file.dag_ids for file in run.files}
    print(
        f"\n{folder.name}: {len(run.files)} files, {run.total_parse_ms:.0f} ms, scan"
        f" {run.wall_s:.0f} s; {len(todo)} claims in {len({claim.path for claim in todo})} files,"
        f" of {len(paths)} of which all are checked",
        flush=True,
    )
    found = []
    for number, claim in enumerate(claim for claim in todo if claim.path in paths):

        def parse(copy: Path, claim: Claim = claim) -> None:
            with parser(copy, options) as recording:
                recording.prepare(claim.path, dags[claim.path])

        copy = changed_copy(root, temporary / f"copy_{number}", claim.change, parse)
        found.append(check(claim, dags[claim.path], (root, copy), options))
        shutil.rmtree(copy)
    return found


def print_outcomes(found: Sequence[Outcome]) -> None:
    print(
        "\n| claim | checked | scan within 10 % or 10 ms of the real gain | at the machine's speed"
        " of now | measured in the same turns | DAGs unchanged |"
    )
    print("|---|---|---|---|---|---|")
    for kind in [*dict.fromkeys(outcome.claim.kind for outcome in found), ""]:
        these = [outcome for outcome in found if kind in ("", outcome.claim.kind)]
        if these:
            scan = sum(outcome.is_within(outcome.error_ms) for outcome in these)
            scaled = sum(outcome.is_within(outcome.scaled_error_ms) for outcome in these)
            again = sum(outcome.is_within(outcome.again_error_ms) for outcome in these)
            same = sum(not outcome.note for outcome in these)
            total = len(these)
            print(
                f"| {kind or 'all'} | {total} | {scan} ({scan / total:.0%}) | {scaled}"
                f" ({scaled / total:.0%}) | {again} ({again / total:.0%}) | {same} |"
            )
    print(
        "\n| file | without | claim | parse, ms | scan, ms | scan at this speed, ms | same turns,"
        " ms | real, ms | |\n|---|---|---|---|---|---|---|---|---|"
    )
    for outcome in found:
        claim = outcome.claim
        places = (*claim.change.without, *claim.change.kept)
        more = f" and {len(places) - 3} more" if places[3:] else ""
        without = ", ".join(map(str, places[:3])) + more
        figures = (
            outcome.before_ms,
            claim.claimed_ms,
            outcome.scaled_ms,
            outcome.again_ms,
            outcome.real_ms,
        )
        shown = " | ".join(f"{ms:.1f}" for ms in figures)
        print(f"| {claim.path} | {without} | {claim.kind} | {shown} | {outcome.note} |")


def main() -> None:
    reader = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    reader.add_argument("folders", nargs="*", type=Path)
    reader.add_argument("--kinds", type=int, metavar="N")
    reader.add_argument("--only", nargs="*", default=[], help="kinds, by a part of their name")
    reader.add_argument("--from", dest="smallest_ms", type=float, default=0.0)
    reader.add_argument("--python")
    reader.add_argument("--turns", type=int, default=11)
    reader.add_argument("--files", type=int)
    reader.add_argument("--temperature", type=Temperature, default=Temperature.PROCESSOR)
    options = reader.parse_args()
    found: list[Outcome] = []
    print(machine())
    for folder in options.folders:
        with tempfile.TemporaryDirectory(prefix="bench-proofs-") as name:
            found += outcomes(folder.resolve(), Path(name), options)
    for name, build in plan_causes.KINDS.items() if options.kinds else ():
        if options.only and not any(each in name for each in options.only):
            continue
        with tempfile.TemporaryDirectory(prefix="bench-proofs-") as temporary:
            folder = Path(temporary) / name.replace(" ", "_")
            plan_causes.write(folder, build(options.kinds).files)
            found += outcomes(folder, Path(temporary), options)
    print_outcomes(found)


if __name__ == "__main__":
    main()
