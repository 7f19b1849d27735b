"""Reports what a scan would use here and how far its figures can be trusted: the checks of
``dagprof doctor``.
"""

from __future__ import annotations

import os
import statistics
from collections.abc import Mapping
from pathlib import Path

import msgspec

from dagprof.config.settings import Settings, default_jobs
from dagprof.errors import DagprofError
from dagprof.link import reading, starting
from dagprof.link.messages.zygote import Fault
from dagprof.link.processes.conversation import CannotFork, ConnectionLost
from dagprof.link.processes.zygote import FORKS, CannotStart, Zygote
from dagprof.link.target import Target, existing, resolve
from dagprof.measure import site
from dagprof.model import Plugin
from dagprof.quantities import count
from dagprof.robust import median_absolute_deviation

# The work of one parse here. It is large enough to stand out from the cost of a fork.
_REFERENCE = '''"""An Airflow DAG file that dagprof parses several times to measure noise."""
total = 0
for number in range(400_000):
    total += number % 7
'''
_PARSES = 15
QUIET_SHARE = 0.05
USABLE_SHARE = 0.15


class Check(msgspec.Struct, frozen=True, kw_only=True):
    """One line of the report: the subject, the finding, and the next step if the finding is a
    doubt.

    ``is_blocking``: no scan can measure anything here before that step.
    """

    what: str
    found: str
    advice: str = ""
    is_blocking: bool = False


def examine(settings: Settings, environ: Mapping[str, str], dags: Path) -> list[Check]:
    """Check everything that a scan of ``dags`` depends on. If a check fails, its line gives the
    next step.
    """
    checks = []
    with site.scratch_folder() as scratch:
        folder = scratch / "dags"
        folder.mkdir()
        (folder / "reference.py").write_text(_REFERENCE, encoding="utf-8")
        try:
            target = resolve(settings, existing((str(dags),)), scratch, environ, measured=folder)
        except DagprofError as error:
            return [
                Check(what="Target", found="cannot be used", advice=str(error), is_blocking=True)
            ]
        checks += _about_target(target, environ)
        try:
            with Zygote(target, starting.zygote_config(target, settings)) as zygote:
                zygote.wait_until_ready()
                checks += _about_airflow(zygote)
                checks += [_about_plugin(plugin) for plugin in zygote.plugins]
                checks += _about_forking(zygote, folder / "reference.py")
        except DagprofError as error:
            is_fork = isinstance(error, CannotStart) and error.fault is Fault.NO_FORK
            what, found = (
                ("Forking", "does not work here") if is_fork else ("Airflow", "cannot be used")
            )
            checks.append(Check(what=what, found=found, advice=str(error), is_blocking=True))
    return checks


def _about_target(target: Target, environ: Mapping[str, str]) -> list[Check]:
    checks = [
        Check(what="Interpreter", found=f"{target.python} ({target.python_reason})"),
        *_about_project(target),
        _about_home(target, environ),
        Check(what="Configuration", found=_configuration(target, environ)),
    ]
    if environ.get("PYTHONDONTWRITEBYTECODE"):
        advice = (
            "Each parse recompiles helper modules. Unset PYTHONDONTWRITEBYTECODE unless your"
            " deployment sets this variable."
        )
        checks.append(
            Check(what="Bytecode", found="disabled by PYTHONDONTWRITEBYTECODE", advice=advice)
        )
    return checks


def _about_project(target: Target) -> list[Check]:
    found = (
        "dagprof found no project, or --no-project is set"
        if target.project is None
        else str(target.project.root)
    )
    return [
        Check(what="Project", found=found),
        *(Check(what="", found=each.text) for each in target.used),
    ]


def _about_home(target: Target, environ: Mapping[str, str]) -> Check:
    home = environ.get("AIRFLOW_HOME")
    if home:
        found = f"{home} (from the environment; dagprof does not write to this folder)"
        return Check(what="AIRFLOW_HOME", found=found)
    if not target.home_is_temporary:
        found = (
            f"{target.environment['AIRFLOW_HOME']} (from --airflow-home or the project; dagprof"
            " does not write to this folder)"
        )
        return Check(what="AIRFLOW_HOME", found=found)
    advice = "To measure with your plugins, policies and airflow.cfg, set AIRFLOW_HOME."
    return Check(
        what="AIRFLOW_HOME",
        found=("a temporary folder, because AIRFLOW_HOME is not set"),
        advice=advice,
    )


def _configuration(target: Target, environ: Mapping[str, str]) -> str:
    home = environ.get("AIRFLOW_HOME")
    file = environ.get("AIRFLOW_CONFIG") or (str(Path(home) / "airflow.cfg") if home else "")
    of_project = target.project.environment if target.project is not None else {}
    settings, more = (
        sum(name.startswith("AIRFLOW__") for name in names)
        for names in (environ, of_project.keys() - environ.keys())
    )
    source = file if file and os.path.exists(file) else "Airflow's defaults"
    text = f"{source}, and {count(settings, 'AIRFLOW__… environment variable')}"
    return f"{text}; {count(more, 'Airflow setting')} from the project" if more else text


def _about_airflow(zygote: Zygote) -> list[Check]:
    config = zygote.airflow.config

    def setting(name: str) -> str:
        return config.get(name, "?")

    return [
        Check(what="Airflow", found=f"{zygote.airflow.version} on Python {zygote.python_version}"),
        Check(
            what="Time limits",
            found=(
                f"{setting('dagbag_import_timeout')} s to import a file,"
                f" {setting('dag_file_processor_timeout')} s to process a file"
            ),
        ),
        Check(
            what="DAG processor",
            found=(
                f"parsing processes: {setting('parsing_processes')}; time between two parses of a"
                f" file: at least {setting('min_file_process_interval')} s"
            ),
        ),
    ]


def _about_plugin(plugin: Plugin) -> Check:
    """The cost that a plugin has once, whatever the DAG files do."""
    where = f" ({plugin.source})" if plugin.source and plugin.source != plugin.name else ""
    if plugin.error:
        advice = f"{plugin.error}. Airflow continues without this plugin."
        return Check(
            what="Plugin", found=f"{plugin.name}{where} could not be loaded", advice=advice
        )
    found = (
        f"{plugin.name}{where} loads once before the first parse, in {plugin.wall_ms / 1000:.2f} s,"
        f" with {plugin.rss_kib / 1024:.1f} MiB of memory and {count(plugin.modules, 'module')}"
    )
    return Check(what="Plugin", found=found)


def _about_forking(zygote: Zygote, file: Path) -> list[Check]:
    try:
        worker = zygote.fork_worker()
        request = {
            "op": "parse",
            "mode": "timing",
            "file": str(file),
            "time_limit_s": 60.0,
            "memory_limit_kib": None,
        }
        replies = []
        for _ in range(_PARSES + 1):
            worker.send(request)
            replies.append(worker.reply(60.0))
        worker.close()
    except CannotFork as error:
        advice = f"os.fork fails in a measuring process ({error}). {FORKS}"
        return [Check(what="Forking", found="does not work here", advice=advice, is_blocking=True)]
    except ConnectionLost as error:
        advice = "Use `--isolation spawn`, which starts a new interpreter for each parse."
        return [
            Check(
                what="Forking",
                found=f"does not work here ({error})",
                advice=advice,
                is_blocking=True,
            )
        ]
    timings = [timed for timed in map(reading.timed, replies[1:]) if timed is not None]
    if len(timings) < _PARSES:
        text = replies[-1].stderr[0].strip().splitlines() or ["no reason given"]
        advice = f"{text[-1]}. Try `--isolation spawn`."
        return [
            Check(what="Forking", found="a forked parse failed", advice=advice, is_blocking=True)
        ]
    overhead = statistics.median(timed.reply.total_ms - timed.sample.wall_ms for timed in timings)
    load = _load_average()
    forking = Check(what="Forking", found=f"works, with an overhead of {overhead:.1f} ms per parse")
    return [forking, _noise([timed.sample.wall_ms for timed in timings], load), _load(load)]


def _noise(walls: list[float], load: float | None) -> Check:
    """An A/A figure: the distance between the medians of two halves of equal parses, next to their
    spread.
    """
    centre = statistics.median(walls)
    spread = 1.4826 * median_absolute_deviation(walls) / centre
    apart = abs(statistics.median(walls[::2]) - statistics.median(walls[1::2])) / centre
    found = (
        f"{len(walls)} parses of one file vary by ±{spread:.1%}. The medians of the odd-numbered"
        f" and the even-numbered parses differ by {apart:.1%}."
    )
    worst = max(spread, apart)
    if worst <= QUIET_SHARE:
        despite = ", although other programs use the CPU" if _is_crowded(load) else ""
        return Check(what="Noise", found=f"{found} The machine is quiet{despite}.")
    if worst <= USABLE_SHARE:
        return Check(
            what="Noise",
            found=f"{found} The machine is quiet enough to measure.",
            advice=(
                f"Differences below {worst:.1%} are not reliable. To reduce the noise, increase"
                " --repeat."
            ),
        )
    advice = "The machine is busy. Close other programs, use --jobs 1, or compare CPU times."
    return Check(what="Noise", found=f"{found} The machine is noisy.", advice=advice)


def _load_average() -> float | None:
    try:
        return os.getloadavg()[0]
    except OSError:
        return None


def _is_crowded(load: float | None) -> bool:
    return load is not None and load > (os.cpu_count() or 1)


def _load(load: float | None) -> Check:
    if load is None:
        return Check(what="Load", found="unknown on this platform")
    advice = (
        "Other programs are using the CPU, so the measured times are too long. Close other"
        " programs."
        if _is_crowded(load)
        else ""
    )
    return Check(
        what="Load",
        found=(
            f"The load average is {load:.1f} on {count(os.cpu_count() or 1, 'core')}. By default,"
            f" dagprof runs {default_jobs()} parses in parallel."
        ),
        advice=advice,
    )
