"""Check that the gate names the right line for twenty kinds of slow-downs.

The script puts each kind into one DAG file of a folder and runs ``dagprof gate``.

python bench/gate_reasons.py
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from common import BIN, commit, environment, machine

HEAD = "import datetime\nimport time\nfrom airflow import DAG\n"
TAIL = 'with DAG("{name}", start_date=datetime.datetime(2024, 1, 1), schedule=None):\n    pass\n'
OPERATOR = (
    "try:\n    from airflow.providers.standard.operators.empty import EmptyOperator\n"
    "except ImportError:\n    from airflow.operators.empty import EmptyOperator\n"
)
SPIN = "sum(number * number % 7 for number in range(2_500_000))"


class Kind(NamedTuple):
    """A slow-down: the DAG file's lines and helpers before and after.

    ``right`` holds the places that a person would name.
    """

    name: str
    before: str
    after: str
    right: tuple[str, ...]
    helpers: Mapping[str, tuple[str, str]] = {}


def kinds() -> list[Kind]:
    uses = "import {0}\nvalue = {0}.work()\n"
    work = "def work():\n    return 1\n"
    return [
        Kind("import_in_dag", "", "import numpy\n", ("import_in_dag.py:4",)),
        Kind(
            "import_of_heavy_helper",
            "",
            "import frames\n",
            ("import_of_heavy_helper.py:4",),
            {"frames": ("import numpy\n",) * 2},
        ),
        Kind(
            "import_in_helper",
            "import h3\n",
            "import h3\n",
            ("h3.py:2",),
            {"h3": ("x = 1\n", "x = 1\nimport numpy\n")},
        ),
        Kind(
            "import_two_levels_down",
            "import h4\n",
            "import h4\n",
            ("h4b.py:1",),
            {"h4": ("import h4b\n",) * 2, "h4b": ("x = 1\n", "import numpy\nx = 1\n")},
        ),
        Kind("sleep_in_dag", "", "time.sleep(0.2)\n", ("sleep_in_dag.py:4",)),
        Kind(
            "sleep_in_helper",
            "import h6\n",
            "import h6\n",
            ("h6.py:3",),
            {"h6": ("import time\nx = 1\n", "import time\nx = 1\ntime.sleep(0.2)\n")},
        ),
        Kind(
            "sleep_in_function",
            uses.format("h7"),
            uses.format("h7"),
            ("h7.py:3",),
            {
                "h7": (
                    "import time\n" + work,
                    "import time\ndef work():\n    time.sleep(0.2)\n    return 1\n",
                )
            },
        ),
        Kind("loop_in_dag", "", f"total = {SPIN}\n", ("loop_in_dag.py:4",)),
        Kind(
            "loop_in_helper",
            "import h9\n",
            "import h9\n",
            ("h9.py:2",),
            {"h9": ("x = 1\n", f"x = 1\ny = {SPIN}\n")},
        ),
        Kind(
            "loop_in_function",
            uses.format("h10"),
            uses.format("h10"),
            ("h10.py:2",),
            {"h10": (work, f"def work():\n    return {SPIN}\n")},
        ),
        Kind(
            "program_in_dag",
            "import subprocess\n",
            "import subprocess\nsubprocess.run(['sleep', '0.2'])\n",
            ("program_in_dag.py:5",),
        ),
        Kind(
            "program_in_function",
            uses.format("h12"),
            uses.format("h12"),
            ("h12.py:3",),
            {
                "h12": (
                    "import subprocess\n" + work,
                    "import subprocess\ndef work():\n    return subprocess.run(['sleep', '0.2'])\n",
                )
            },
        ),
        Kind(
            "file_in_dag",
            "import json\n",
            "import json\nROWS = [json.load(open(__file__.replace('file_in_dag.py', 'big.json')))"
            " for _ in range(12)]\n",
            ("file_in_dag.py:5",),
        ),
        Kind(
            "more_dags",
            "for number in range(2):\n    globals()[f'm{number}'] = DAG(f'm{number}',"
            " start_date=datetime.datetime(2024, 1, 1), schedule=None)\n",
            "for number in range(250):\n    globals()[f'm{number}'] = DAG(f'm{number}',"
            " start_date=datetime.datetime(2024, 1, 1), schedule=None)\n",
            ("more_dags.py:4", "more_dags.py:5"),
        ),
        Kind(
            "more_tasks",
            OPERATOR
            + "with DAG('t', start_date=datetime.datetime(2024, 1, 1), schedule=None):\n    tasks ="
            " [EmptyOperator(task_id=f't{n}') for n in range(2)]\n",
            OPERATOR
            + "with DAG('t', start_date=datetime.datetime(2024, 1, 1), schedule=None):\n    tasks ="
            " [EmptyOperator(task_id=f't{n}') for n in range(400)]\n",
            ("more_tasks.py:9",),
        ),
        Kind(
            "branch",
            "FLAG = False\nif FLAG:\n    import numpy\n",
            "FLAG = True\nif FLAG:\n    import numpy\n",
            ("branch.py:4", "branch.py:6"),
        ),
        Kind(
            "import_module",
            "import importlib\n",
            "import importlib\nmodule = importlib.import_module('numpy')\n",
            ("import_module.py:5",),
        ),
        Kind(
            "default_argument",
            "def use(table=0):\n    return table\n",
            f"def use(table={SPIN}):\n    return table\n",
            ("default_argument.py:4",),
        ),
        Kind(
            "class_body",
            "class Table:\n    size = 1\n",
            f"class Table:\n    size = {SPIN}\n",
            ("class_body.py:4", "class_body.py:5"),
        ),
        Kind(
            "star_import",
            "from h20 import *\n",
            "from h20 import *\n",
            ("h20.py:2",),
            {"h20": ("x = 1\n", "x = 1\nfrom numpy import *\n")},
        ),
    ]


def write(folder: Path, chosen: list[Kind], *, after: bool) -> None:
    for kind in chosen:
        body = kind.after if after else kind.before
        (folder / f"{kind.name}.py").write_text(HEAD + body + TAIL.format(name=kind.name))
        for name, texts in kind.helpers.items():
            (folder / f"{name}.py").write_text(texts[after])


def main() -> None:
    chosen = kinds()
    with tempfile.TemporaryDirectory(prefix="bench-reasons-") as name:
        folder = Path(name) / "dags"
        folder.mkdir()
        (folder / "big.json").write_text(
            json.dumps([{"key": number, "text": "x" * 20} for number in range(30_000)])
        )
        write(folder, chosen, after=False)
        commit(Path(name))
        write(folder, chosen, after=True)
        env = environment(Path("/nonexistent"))
        del env["AIRFLOW_HOME"]
        command = [
            BIN / "dagprof",
            "gate",
            "dags",
            "--against",
            "HEAD",
            "-q",
            "--time-budget",
            "300s",
        ]
        done = subprocess.run(
            [*command, "--format", "json=verdict.json"], cwd=name, env=env, check=False
        )
        if done.returncode != 1:
            sys.exit(f"dagprof gate ended with {done.returncode}")
        verdict = json.loads((Path(name) / "verdict.json").read_text())
    found = {file["path"].removeprefix("dags/"): file for file in verdict["files"]}
    right = 0
    print(
        f"{machine()}\n\n| slow-down | the right line | named | right | sentence"
        " |\n|---|---|---|---|---|"
    )
    for kind in chosen:
        file = found.get(f"{kind.name}.py", {"reason": "not measured"})
        slower = [each for each in file.get("findings", ()) if each["rule"] == "slower"]
        named = (
            f"{slower[0]['file'].removeprefix('dags/')}:{slower[0]['line']}"
            if slower
            else file.get("outcome", "–")
        )
        right += named in kind.right
        print(
            f"| {kind.name} | {' or '.join(kind.right)} | {named} |"
            f" {'yes' if named in kind.right else 'no'} | {file['reason']} |"
        )
    print(f"\n{right} of {len(chosen)}")


if __name__ == "__main__":
    main()
