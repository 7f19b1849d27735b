"""A real Chromium, and reports to open in it."""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from browser.pages import LOADED, OpenPage
from playwright.sync_api import (
    Browser,
    BrowserContext,
    Dialog,
    Page,
    Request,
    expect,
    sync_playwright,
)
from unit.builders import MODULES, file, loads, run, statement, trace

from dagprof.analyse.comparison import compare
from dagprof.analyse.fleet import Fleet
from dagprof.gate import scanned
from dagprof.judge import runs
from dagprof.model import (
    Access,
    Doubt,
    Edge,
    Effect,
    Experiment,
    Failure,
    Instability,
    Module,
    Need,
    Origin,
    Output,
    Place,
    Run,
    Stack,
    Status,
)
from dagprof.report import html

SOURCE = (
    'import common.frames\nimport json\n\nrows = fetch()\nwith DAG("d"):\n    pass\n'
    + "# a remark\n" * 120
    + "END = 1\n"
)

KNOWN = (*MODULES, Module(name="datetime", origin=Origin.STDLIB))

# CI parses DAG files beside the browser.
expect.set_options(timeout=20_000)


def chromium() -> str:
    """Debian's package is called chromium; .ci/run installs it. Elsewhere these tests are
    skipped by name without it.
    """
    found = (
        os.environ.get("DAGPROF_TEST_CHROMIUM")
        or shutil.which("chromium")
        or shutil.which("google-chrome")
    )
    if not found and not os.environ.get("CI"):
        pytest.skip(
            "no Chromium on PATH; install Debian's package chromium, or name one in"
            " DAGPROF_TEST_CHROMIUM"
        )
    assert found, "no Chromium on PATH"
    return found


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=chromium(), args=["--no-sandbox"])
        yield launched
        launched.close()


class Watched:
    """What a page did that it should not: messages on the console, errors, requests, dialogs."""

    def __init__(self, page: Page) -> None:
        self.seen: list[str] = []
        page.on("console", lambda message: self._saw(f"console {message.type}: {message.text}"))
        page.on("pageerror", lambda error: self._saw(f"error: {error}"))
        page.on("dialog", self._dismiss)
        page.on("request", self._asked)

    def _saw(self, what: str) -> None:
        self.seen.append(what)

    def _asked(self, request: Request) -> None:
        if not request.url.startswith("file:"):
            self._saw(f"request: {request.url}")

    def _dismiss(self, dialog: Dialog) -> None:
        self._saw(f"dialog: {dialog.message}")
        dialog.dismiss()


@pytest.fixture
def open_page(browser: Browser, tmp_path: Path) -> Iterator[OpenPage]:
    """Opens a report's text at a view; afterwards nothing may have been on the console and
    nothing asked of the network.
    """
    contexts: list[tuple[BrowserContext, Watched]] = []

    def opened(text: str, view: str = "", **options: Any) -> Page:
        name = hashlib.sha256(text.encode()).hexdigest()[:12]
        place = tmp_path / f"{name}.html"
        place.write_text(text, encoding="utf-8")
        context = browser.new_context(**{"viewport": {"width": 1280, "height": 900}, **options})
        page = context.new_page()
        contexts.append((context, Watched(page)))
        page.goto(f"{place.as_uri()}#/{view}")
        if options.get("java_script_enabled", True):
            page.wait_for_selector("body[data-shown]")
        return page

    yield opened
    for context, watched in contexts:
        context.close()
        assert watched.seen == []


@pytest.fixture
def shown(tmp_path: Path) -> Run:
    """Three files: a slow one with everything that a view can show, a quick one, and one that
    fails.
    """
    root = tmp_path / "dags"
    root.mkdir()
    (root / "slow.py").write_text(SOURCE)
    stack = Stack(
        function="<module>",
        file=str(root / "slow.py"),
        line=1,
        wall_ms=900,
        children=(
            Stack(
                function="<statement>",
                file=str(root / "slow.py"),
                line=4,
                wall_ms=800,
                children=(Stack(function="fetch", file="/site/client.py", line=12, wall_ms=790),),
            ),
        ),
    )
    slow = file(
        "slow.py",
        1500,
        1510,
        1490,
        sha256=hashlib.sha256(SOURCE.encode()).hexdigest(),
        size_bytes=len(SOURCE),
        trace=trace(
            1500,
            LOADED,
            [
                statement(1, 81_000, text="import common.frames"),
                statement(4, 900_000, 100_000, text="rows = fetch()"),
            ],
            edges=(Edge(1, 0), Edge(2, 4), Edge(2, 5)),
        ),
        stack=stack,
        effects=(
            Effect(
                kind="http",
                what="GET example.org:443",
                file=str(root / "slow.py"),
                line=4,
                wall_us=700_000,
            ),
        ),
        accesses=(
            Access(
                kind="variable",
                key="bucket",
                operation="get",
                answered_by="stub",
                file=str(root / "slow.py"),
                line=4,
            ),
        ),
        experiments=(
            Experiment(
                without=(Place(file="slow.py", line=1),),
                need=Need.NOT_NEEDED,
                saving_ms=(300.0, 310.0, 320.0),
                cautions=("environment variable X",),
            ),
        ),
        instabilities=(Instability(dag_id="d", field="start_date", first="1", second="2"),),
        doubts=(Doubt(code="stubbed", text="A stub answered."),),
    )
    quick = file("folder/quick.py", 20, 21, 22, trace=trace(20, loads((4, -1, 900, 900, -1, 2))))
    bad = file(
        "bad.py",
        10,
        10,
        10,
        status=Status.IMPORT_ERROR,
        failures=(
            Failure(type="KeyError", message="'x'", line=7, traceback="bad.py line 7\nKeyError"),
        ),
        stderr=Output(text="warned", total_bytes=6),
        dag_ids=(),
    )
    return run(slow, quick, bad, root=str(root), modules=KNOWN)


@pytest.fixture
def before(shown: Run) -> Run:
    """The same folder earlier: the slow file was quick, loaded json at once and something else
    besides.
    """
    earlier = file(
        "slow.py",
        700,
        720,
        710,
        trace=trace(700, loads((1, -1, 300_000, 330_000, -1, 1), (3, 0, 30_000, 30_000, 1, 7))),
    )
    return run(earlier, shown.files[1], file("gone.py", 50, 50, 50), root=shown.root)


@pytest.fixture
def report(shown: Run, before: Run) -> str:
    compared = compare(before, shown)
    asked = scanned.demand("20%", "50ms")
    verdict = scanned.decide(shown, before, runs.judge(before, shown, asked.timing), asked)
    return html.render(
        shown, fleet=Fleet(shown), comparison=compared, baseline=before, verdict=verdict
    )
