"""Measure the size of the report, the time to render it, and the time until a browser shows it.

python bench/page.py [RUN.json ...]

Without arguments the script uses a scan of Airflow's example DAGs, a generated Run of 1,000 files,
and one of 10,000 files, ten of which load 3,000 modules. A generated Run is made, not measured,
because scanning 10,000 files would take hours. One process renders the report and reads the Run
from its file, like ``dagprof report``; the memory figure is its peak resident memory.
"""

from __future__ import annotations

import random
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from common import airflow_examples, environment, machine

import dagprof
from dagprof.model import (
    Edge,
    FileResult,
    Loads,
    Module,
    Origin,
    Run,
    Samples,
    Statement,
    Status,
    Trace,
)
from dagprof.store import runs

LARGEST = 3000
OPENINGS = 7


def generated(files: int, largest: int, template: Run) -> Run:
    """Make files that load a few of 400 installed modules in a tree and some user helpers.

    ``largest`` of them load many of 3,000 modules.
    """
    chance = random.Random(7)
    modules = [
        Module(name=f"helpers.part{n}", file=f"/dags/helpers/part{n}.py") for n in range(200)
    ]
    modules += [
        Module(
            name=f"package{n // 100}.part{n}",
            origin=Origin.DISTRIBUTION,
            distribution=f"package{n // 100}",
        )
        for n in range(LARGEST)
    ]
    results = [
        _file(number, LARGEST if number < largest else chance.randint(5, 60), chance)
        for number in range(files)
    ]
    values = {
        name: getattr(template, name)
        for name in ("schema_version", "dagprof_version", "created_at", "environment")
    }
    return Run(
        **values,
        root="/dags",
        wall_s=1.0,
        settings=template.settings,
        files=tuple(results),
        modules=tuple(modules),
        import_sets=((),),
    )


def _file(number: int, size: int, chance: random.Random) -> FileResult:
    helper = chance.randrange(200)
    chosen = [helper, *(200 + place for place in chance.sample(range(LARGEST), size - 1))]
    parent = [
        -1,
        *(chance.choice((0, place - 1, chance.randrange(place))) for place in range(1, size)),
    ]
    own = [int(chance.expovariate(1 / 400)) for _ in chosen]
    total = own[:]
    for place in range(size - 1, 0, -1):
        total[parent[place]] += total[place]
    loads = Loads(
        module=tuple(chosen),
        parent=tuple(parent),
        self_us=tuple(own),
        cumulative_us=tuple(total),
        importer=tuple(-1 if above < 0 else chosen[above] for above in parent),
        line=tuple(chance.randint(1, 60) for _ in chosen),
        caller_line=(0,) * size,
        imports=(0,) * size,
    )
    ms = total[0] / 1000
    wall = tuple(round(ms + 20 + chance.expovariate(1 / 5), 3) for _ in range(4))
    statements = tuple(
        Statement(
            -1,
            line,
            line,
            "expr",
            f"statement_{line} = work({line})",
            int(chance.expovariate(1 / 300)),
            90,
            1,
        )
        for line in range(3, 15)
    )
    nothing = (0.0,) * 4
    samples = Samples(
        wall, wall, nothing, nothing, nothing, wall, nothing, nothing, wall, (9.0,) * 4, (900,) * 4
    )
    return FileResult(
        path=f"team{number % 40}/area{number % 7}/dag_{number}.py",
        status=Status.OK,
        dag_ids=(f"dag_{number}",),
        task_count=number % 30,
        samples=samples,
        trace=Trace(ms + 20, 1.0, 0.0, loads, (Edge(1, helper),), statements),
    )


# The command in a process that reports its own peak.
# ru_maxrss also counts the memory of the process before it became this program.
REPORT = """
import sys
from dagprof.cli import main
code = main(["report", sys.argv[1], "-o", sys.argv[2]])
print(open("/proc/self/status").read().partition("VmHWM:")[2].split()[0])
sys.exit(code)
"""


def rendered(source: Path, target: Path) -> tuple[float, float]:
    """Return the seconds and the peak MiB of ``dagprof report``."""
    began = time.perf_counter()
    command = [sys.executable, "-c", REPORT, str(source), str(target)]
    done = subprocess.run(
        command, capture_output=True, text=True, check=True, env=environment(target.parent)
    )
    return time.perf_counter() - began, int(done.stdout.split()[-1]) / 1024


def opened(page_file: Path) -> tuple[list[float], list[float]]:
    """Return the milliseconds from the navigation to the first table row, and from a click to a
    file's icicle.
    """
    from playwright.sync_api import sync_playwright

    first, view = [], []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox"]
        )
        for number in range(OPENINGS + 1):
            page = browser.new_page(viewport={"width": 1280, "height": 900})
            page.goto(page_file.as_uri(), wait_until="commit")
            page.wait_for_selector("#file-table tbody tr")
            began = page.evaluate(
                "() => new Promise(done => requestAnimationFrame(() => setTimeout(() =>"
                " done(performance.now()))))"
            )
            took = page.evaluate("""async () => {
                const began = performance.now();
                document.querySelector('#file-table tbody a').click();
                while (!document.querySelector('.icicle g')) await new Promise(done => requestAnimationFrame(done));
                return performance.now() - began;
            }""")
            if number:
                first.append(began)
                view.append(took)
            page.close()
        browser.close()
    return first, view


def main(given: list[str]) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        sources = {source: Path(source) for source in given}
        if not sources:
            real = dagprof.scan(airflow_examples())
            many = {
                "1,000 generated": (1000, 0),
                "10,000 generated, ten of them with 3,000 modules": (10_000, 10),
            }
            runs.save(real, folder / "real.json")
            sources = {f"{len(real.files)} real files": folder / "real.json"}
            for number, (title, (files, largest)) in enumerate(many.items()):
                sources[title] = folder / f"{number}.json"
                runs.save(generated(files, largest, real), sources[title])
        print(f"{machine()}; medians of {OPENINGS}\n")
        print(
            "| Run | run.json | rendering | memory | page | first rows | opening a file"
            " |\n|---|---|---|---|---|---|---|"
        )
        for title, source in sources.items():
            target = folder / "page.html"
            seconds, peak = rendered(source, target)
            first, view = opened(target)
            print(
                f"| {title} | {source.stat().st_size / 1e6:.1f} MB | {seconds:.1f} s | {peak:.0f}"
                f" MiB | {target.stat().st_size / 1e6:.2f} MB | {statistics.median(first):.0f} ms"
                f" ({min(first):.0f}-{max(first):.0f}) | {statistics.median(view):.0f} ms"
                f" ({min(view):.0f}-{max(view):.0f}) |"
            )


if __name__ == "__main__":
    main(sys.argv[1:])
