"""A file whose code logs an exception and goes on: the report shows that exception."""

from __future__ import annotations

import subprocess

import pytest
from support import TARGET, Scan, dag, result

from dagprof.model import Status
from dagprof.report import notes

# As libraries that build DAGs from YAML files do.
FACTORY = """
import logging
def build(text):
    try:
        return load(text)
    except Exception:
        logging.getLogger("some.factory").exception("cannot load %s", text)
def load(text):
    raise ValueError("bad\\n  document \\x1b[31m " + text + LONG)
LONG = ""
"""
OWN = """
# airflow dag
import logging
try:
    dict()['key']
except KeyError:
    logging.getLogger('x').{level}('no', exc_info=True)
"""


def logged(run: object, path: str) -> list[str]:
    return [each.text for each in result(run, path).doubts if each.code == "logged-exception"]  # type: ignore[arg-type]


def test_the_last_logged_exception_is_the_reason_for_missing_dags(scan: Scan) -> None:
    use = "from factory import build\n# airflow dag\n"
    run = scan(
        {
            "factory.py": FACTORY,
            "none.py": use + 'build("a")\nbuild("b")\n',
            "fewer.py": use + 'build("c")\n' + dag("fewer"),
            "fine.py": dag("fine"),
            "long.py": use + 'build("x" * 100_000)\n',
            "own.py": OWN.format(level="error"),
            "quiet.py": OWN.format(level="warning"),
            "fails.py": use + 'build("d")\nraise RuntimeError("own")\n' + dag("fails"),
        }
    )
    assert result(run, "none.py").status is Status.NO_DAGS
    (none,) = logged(run, "none.py")
    assert none == (
        "factory.py:9 logs an exception and continues: ValueError: bad document \x1b[31m b (logger"
        " some.factory). This is the last of 2 logged exceptions. The file defines no DAG."
    )
    (fewer,) = logged(run, "fewer.py")
    assert fewer.endswith("The file may define fewer DAGs than intended.")
    (own,) = logged(run, "own.py")
    assert own.startswith("Line 5 logs an exception and continues: KeyError: 'key' (logger x).")
    assert len(logged(run, "long.py")[0]) < 500
    assert not logged(run, "fine.py")
    assert not logged(run, "quiet.py")
    assert not logged(run, "fails.py")
    summary = notes.of_summary(run, 120)
    assert any(line.startswith("none.py: factory.py:9 logs an exception") for line in summary)
    assert not any("\x1b" in line for line in summary)


def test_a_broken_file_of_a_library_is_shown_at_the_users_line(scan: Scan) -> None:
    if subprocess.run(
        [TARGET, "-c", "import dagfactory"], check=False, capture_output=True
    ).returncode:
        pytest.skip("dag-factory is not installed")
    run = scan(
        {
            "a.py": (
                "# airflow dag\nfrom pathlib import Path\nfrom dagfactory import load_yaml_dags\n"
                'load_yaml_dags(globals_dict=globals(), dags_folder=str(Path(__file__).parent / "y"))\n'
            ),
            "y/broken.yml": "one:\n  default_args: {owner: x\n  tasks: [\n",
        }
    )
    (text,) = logged(run, "a.py")
    assert text.startswith("Line 4 logs an exception and continues: ParserError: while parsing")
