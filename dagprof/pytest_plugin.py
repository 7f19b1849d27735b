"""The pytest plugin's options: ``pytest --dagprof dags/`` makes each DAG file a test of its parse.

pytest loads this file in every run of every project that has dagprof installed. The rest of the
plugin is therefore in ``dagprof.pytest_items``, which loads only when the user asks for it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options."""
    group = parser.getgroup("dagprof", "parse times of Airflow DAG files")
    group.addoption(
        "--dagprof",
        dest="dagprof_paths",
        action="append",
        metavar="PATH",
        help=(
            "Add a test for each DAG file below PATH. The test parses the DAG file. Repeat this"
            " option for several paths."
        ),
    )
    group.addoption(
        "--dagprof-budget",
        metavar="DURATION",
        help=(
            "Fail DAG files that take longer than DURATION to parse, such as 500ms or 1.5s"
            " [default: `gate.budget` in the dagprof configuration]."
        ),
    )
    group.addoption(
        "--dagprof-baseline",
        metavar="FILE",
        help=(
            "Fail DAG files that take longer to parse than in FILE, a run file from `dagprof scan`."
        ),
    )


def pytest_configure(config: pytest.Config) -> None:
    """Load the rest of the plugin if there are DAG files to test."""
    if config.getoption("dagprof_paths"):
        from dagprof import pytest_items

        pytest_items.register(config)
