"""Check the plan on generated repositories, each dominated by another kind of cause.

    python bench/plan_causes.py [--only NAME ...] [--files N] [--python PATH]

For each repository the script scans the DAG folder and compares the first change that dagprof
proposes with the right one: its kind, file and line. Then it makes this change in a copy, scans both
folders in turns and compares the forecast saving, at the machine's speed of now, with the
difference of the parse times.
"""

from __future__ import annotations

import argparse
import fnmatch
import statistics
import subprocess
import sys
import tempfile
import textwrap
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from common import BIN, environment, machine

from dagprof import load
from dagprof.analyse.fleet import Fleet
from dagprof.analyse.others import others
from dagprof.report import others as report_others

DAG = """import datetime

from airflow import DAG
{head}

with DAG("dag_{number}", start_date=datetime.datetime(2024, 1, 1), schedule=None, tags=[{tag}]):
    pass
"""
# Work that takes about so many milliseconds.
WORK = "sum(number * number % 7 for number in range({steps}))"
HEAVY = 700_000


class Repository(NamedTuple):
    """The files of a repository, the place and kind of the right first change, and the same files
    after this change.
    """

    files: dict[str, str]
    place: str
    kind: str
    changed: dict[str, str]


def _dags(count: int, head: str, tag: str = "'x'", **changes: str) -> dict[str, str]:
    return {
        f"dag_{number}.py": DAG.format(head=head, number=number, tag=tag, **changes)
        for number in range(count)
    }


def _helper(
    head: str, helper: str, changed: str, place: str, kind: str, tag: str = "'x'"
) -> Callable[[int], Repository]:
    """A repository whose DAG files import ``common.py``."""

    def build(count: int) -> Repository:
        dags = _dags(count, head, tag)
        return Repository(
            {**dags, "common.py": textwrap.dedent(helper)},
            place,
            kind,
            {"common.py": textwrap.dedent(changed)},
        )

    return build


_BUSY = WORK.format(steps=HEAVY)

KINDS: dict[str, Callable[[int], Repository]] = {
    "import in a helper": _helper(
        "import common",
        "import pandas\n\ndef use():\n    return pandas.DataFrame()\n",
        "def use():\n    import pandas\n    return pandas.DataFrame()\n",
        "common.py:1",
        "change",
    ),
    "import_module in a helper": _helper(
        "import common",
        "import importlib\n\npandas = importlib.import_module('pandas')\n\ndef use():\n    return pandas.DataFrame()\n",
        "import importlib\n\ndef use():\n    return importlib.import_module('pandas').DataFrame()\n",
        "common.py:3",
        "change",
    ),
    "import in a conditional": _helper(
        "import common",
        "import os\n\nif os.sep == '/':\n    import pandas\n\ndef use():\n    return pandas.DataFrame()\n",
        "import os\n\ndef use():\n    import pandas\n    return pandas.DataFrame()\n",
        "common.py:4",
        "change",
    ),
    "import in a function that a call runs": _helper(
        "import common\ncommon.init()",
        "def init():\n    import pandas\n    pandas.options.display.width = 100\n",
        "def init():\n    pass\n",
        "dag_*.py:5",
        "change",
    ),
    "call whose value is unused, in a helper": _helper(
        "import common",
        f"def init():\n    {_BUSY}\n\ninit()\n",
        f"def init():\n    {_BUSY}\n",
        "common.py:4",
        "change",
    ),
    "call in a class body": _helper(
        "import common",
        f"def read():\n    return {_BUSY}\n\nclass Settings:\n    LIMIT = 5\n    VALUE = read()\n",
        "class Settings:\n    LIMIT = 5\n    VALUE = 1\n",
        "common.py:6",
        "change",
    ),
    "call in a decorator": _helper(
        "import common",
        f"def read():\n    {_BUSY}\n    return 5\n\ndef named(value):\n    return lambda function: function\n\n@named(\n    value=read()\n)\ndef use():\n    pass\n",
        "def use():\n    pass\n",
        "common.py:11",
        "change",
    ),
    "call in a default argument": _helper(
        "import common",
        f"def read():\n    {_BUSY}\n    return 5\n\ndef use(value=read()):\n    return value\n",
        "def use(value=5):\n    return value\n",
        "common.py:5",
        "change",
    ),
    "calls in a comprehension": _helper(
        "import common",
        f"def read(key):\n    {WORK.format(steps=HEAVY // 10)}\n    return key\n\nVALUES = {{key: read(key) for key in range(10)}}\n",
        "VALUES = {key: key for key in range(10)}\n",
        "common.py:5",
        "change",
        tag="str(common.VALUES[3])",
    ),
    "call in a conditional": _helper(
        "import common",
        f"import os\n\ndef init():\n    {_BUSY}\n\nif os.sep == '/':\n    init()\n",
        "import os\n",
        "common.py:7",
        "change",
    ),
    "assignment that only tasks use": _helper(
        "import common",
        f"def connect():\n    {_BUSY}\n    return object()\n\nCLIENT = connect()\n\ndef use():\n    return CLIENT\n",
        "def use():\n    return object()\n",
        "common.py:5",
        "change",
    ),
    "assignment that parsing needs": _helper(
        "import common",
        f"def load():\n    {_BUSY}\n    return {{'tag': 'a'}}\n\nCONFIG = load()\n",
        "CONFIG = {'tag': 'a'}\n",
        "common.py:5",
        "change",
        tag="common.CONFIG['tag']",
    ),
    "YAML file": lambda count: _with_data(
        count,
        "import pathlib\n\nimport yaml\n\nCONFIG = yaml.safe_load((pathlib.Path(__file__).parent / 'data.yaml').read_text())\n",
        "CONFIG = {'key0': 'value0'}\n",
        "common.py:5",
        {"data.yaml": "".join(f"key{number}: value{number}\n" for number in range(900))},
        "common.CONFIG['key0']",
    ),
    "CSV file": lambda count: _with_data(
        count,
        "import csv\nimport pathlib\n\nTOTAL = str(sum(int(row['a']) for row in csv.DictReader((pathlib.Path(__file__).parent / 'data.csv').open())))\n",
        "TOTAL = '0'\n",
        "common.py:4",
        {"data.csv": "a,b,c\n" + "".join(f"{n},{n},{n}\n" for n in range(60_000))},
        "common.TOTAL",
    ),
    "program whose output parsing needs": _helper(
        "import common",
        "import subprocess\n\nVERSION = subprocess.check_output(['sh', '-c', 'sleep 0.1; echo 5'], text=True).strip()\n",
        "VERSION = '5'\n",
        "common.py:3",
        "change",
        tag="common.VERSION",
    ),
    "program whose output nothing needs": _helper(
        "import common",
        "import subprocess\n\nsubprocess.run(['sh', '-c', 'sleep 0.1'])\n",
        "",
        "common.py:3",
        "change",
    ),
    "request to a slow server": lambda count: _server(count),  # noqa: PLW0108 - defined below
    "waiting": _helper(
        "import common",
        "import time\n\ntime.sleep(0.1)\n",
        "",
        "common.py:3",
        "change",
    ),
    "one slow DAG file": lambda count: Repository(
        {
            **_dags(count, ""),
            "slow.py": DAG.format(
                head=f"def load():\n    {WORK.format(steps=20 * HEAVY)}\n    return 'a'\n\nVALUE = load()",
                number="slow",
                tag="VALUE",
            ),
        },
        "slow.py:8",
        "change",
        {"slow.py": DAG.format(head="VALUE = 'a'", number="slow", tag="VALUE")},
    ),
    "work in a loop that builds DAGs": lambda count: Repository(
        {
            **_dags(count, ""),
            "loop.py": _LOOP.format(work="value = load(number)", load=WORK.format(steps=HEAVY)),
        },
        "loop.py:10",
        "change",
        {"loop.py": _LOOP.format(work="value = 'a'", load="pass")},
    ),
    "Variables": _helper(
        "import common",
        "try:\n    from airflow.sdk import Variable\nexcept ImportError:\n    from airflow.models import Variable\n\nVALUES = [Variable.get(f'key_{number}', 'a') for number in range(20)]\n",
        "VALUES = []\n",
        "common.py:6",
        "other",
    ),
    "Connections": _helper(
        "import common",
        "try:\n    from airflow.sdk.bases.hook import BaseHook\nexcept ImportError:\n    from airflow.hooks.base import BaseHook\n\nHOSTS = [BaseHook.get_connection(f'conn_{number}').host for number in range(20)]\n",
        "HOSTS = []\n",
        "common.py:6",
        "other",
    ),
    "the same import in every DAG file": lambda count: Repository(
        _dags(count, "import pandas\nNAMES = [pandas.Series([1]).name]"),
        "airflow_local_settings.py",
        "other",
        {},
    ),
    "single name of an import": lambda count: Repository(
        {
            **_dags(count, "import common"),
            "common.py": "from parts import light, slow\n\ndef use():\n    return light, slow\n",
            "parts/__init__.py": "",
            "parts/light.py": "VALUE = 1\n",
            "parts/slow.py": "import pandas\n",
        },
        "common.py:1",
        "change",
        {
            "common.py": "from parts import light\n\ndef use():\n    from parts import slow\n    return light, slow\n"
        },
    ),
}
_LOOP = """import datetime

from airflow import DAG

def load(number):
    {load}
    return 'a'

for number in range(20):
    {work}
    with DAG(f"loop_{{number}}", start_date=datetime.datetime(2024, 1, 1), schedule=None, tags=[value]) as dag:
        globals()[f"dag_{{number}}"] = dag
"""
_SERVER = """import http.server, time
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        time.sleep(0.1)
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"a")
    def log_message(self, *_): pass
server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
print(server.server_port, flush=True)
server.serve_forever()
"""


def _with_data(
    count: int, helper: str, changed: str, place: str, data: dict[str, str], tag: str
) -> Repository:
    return Repository(
        {**_dags(count, "import common", tag), "common.py": helper, **data},
        place,
        "change",
        {"common.py": changed},
    )


def _server(count: int) -> Repository:
    process = subprocess.Popen([sys.executable, "-c", _SERVER], stdout=subprocess.PIPE, text=True)
    _servers.append(process)
    assert process.stdout is not None
    port = process.stdout.readline().strip()
    helper = f"import urllib.request\n\nTAG = urllib.request.urlopen('http://127.0.0.1:{port}/').read().decode()\n"
    return Repository(
        {**_dags(count, "import common", "common.TAG"), "common.py": helper},
        "common.py:3",
        "change",
        {"common.py": "TAG = 'a'\n"},
    )


_servers: list[subprocess.Popen[str]] = []


def _scan(folder: Path, python: str, depth: str, home: Path) -> Path:
    output = folder.parent / f"out-{depth}"
    command = [
        BIN / "dagprof",
        "scan",
        folder,
        "--depth",
        depth,
        "--python",
        python,
        "--output-dir",
        output,
        "--quiet",
    ]
    subprocess.run(
        [str(part) for part in command],
        env={**environment(home), "AIRFLOW_HOME": str(home)},
        stdout=subprocess.DEVNULL,
        check=False,
    )
    return output / "run.json"


def first_change(run_file: Path) -> tuple[str, str, float, str]:
    """The place, the kind, the saving in ms and the evidence of the first proposed change."""
    run = load(run_file)
    plan = Fleet(run).plan()
    found: list[tuple[float, str, str, str]] = []
    if plan.steps:
        step = plan.steps[0]
        found.append((step.adds_ms, str(step.changes[0].place), "change", step.evidence))
    row = next(iter(report_others.rows(run, others(run, plan))), None)
    if row is not None and row.ms:
        found.append((row.ms, row.where, "other", row.evidence))
    if not found:
        return "nothing", "", 0.0, ""
    ms, place, kind, evidence = max(found)
    # A change of the code is the first one if preloading saves about as much.
    if (
        kind == "other"
        and place == "airflow_local_settings.py"
        and len(found) > 1
        and found[0][0] >= 0.8 * ms
    ):
        ms, place, kind, evidence = found[0]
    return place, kind, ms, evidence


def main() -> None:
    reader = argparse.ArgumentParser()
    reader.add_argument("--only", nargs="*", default=[])
    reader.add_argument("--files", type=int, default=20)
    reader.add_argument("--turns", type=int, default=3)
    reader.add_argument("--python", default=sys.executable)
    given = reader.parse_args()
    print(machine())
    right = close = total = 0
    for name, build in KINDS.items():
        if given.only and not any(each in name for each in given.only):
            continue
        with tempfile.TemporaryDirectory(prefix="plan-causes-") as where:
            folder, home = Path(where) / "dags", Path(where) / "home"
            home.mkdir()
            repository = build(given.files)
            write(folder, repository.files)
            found = _scan(folder, given.python, "normal", home)
            place, kind, forecast, evidence = first_change(found)
            is_right = fnmatch.fnmatch(place, repository.place) and kind == repository.kind
            real = float("nan")
            if repository.changed and kind == "change":
                changed = Path(where) / "changed"
                write(changed, {**repository.files, **repository.changed})
                turns = [
                    [
                        load(_scan(each, given.python, "quick", home)).total_own_ms
                        for each in (folder, changed)
                    ]
                    for _ in range(given.turns)
                ]
                real = statistics.median(before - after for before, after in turns)
                # The machine may have changed its speed since the forecast.
                forecast *= (
                    statistics.median(before for before, _ in turns) / load(found).total_own_ms
                )
            is_close = abs(real - forecast) <= max(10.0 * given.files, 0.1 * abs(real))
            total += 1
            right += is_right
            close += is_close
            print(
                f"{'ok ' if is_right else 'NO '} {name}: {place} {kind} {evidence}, expected {repository.place}; forecast {forecast:.0f} ms, real {real:.0f} ms{'' if is_close else ' (not close)'}",
                flush=True,
            )
    for process in _servers:
        process.kill()
    print(f"first change right: {right} of {total}; saving close: {close} of {total}")


def write(folder: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


if __name__ == "__main__":
    main()
