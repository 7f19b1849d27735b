"""Plant 150 secrets in 12 ways and 80 look-alikes in DAG files, measure them with the commands, and
look for each in everything that is written and printed.

    secrets_corpus.py [--seed N] [--keep FOLDER] [--python PATH]

The secrets are made up from the seed. A secret leaks if an output holds it, its other spellings, or
ten characters of it. The source of DAG files is not masked by design, so it is left out with
``--source none``.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple
from urllib.parse import quote

from common import machine
from planted import planted
from secrets_planted import COMMANDS, CONNECTIONS, ENVIRONMENT, LOOK_ALIKES, TEXTS, VARIABLES

DAG = """
import datetime
from airflow import DAG
with DAG("{name}", start_date=datetime.datetime(2024, 1, 1), schedule=None):
    pass
"""
READ = "import json, pathlib\nTEXTS = json.loads(pathlib.Path({file!r}).read_text())\n"
# How a DAG file shows the texts that it reads.
SHOWING = {
    "stdout": "for text in TEXTS:\n    print(text)\n",
    "log": "import logging\nfor text in TEXTS:\n    logging.getLogger('x').warning('%s', text)\n",
    "exception": "raise RuntimeError('\\n'.join(TEXTS))\n",
    "cause": (
        "try:\n    raise ValueError('\\n'.join(TEXTS))\nexcept ValueError as error:\n"
        "    raise RuntimeError('the second') from error\n"
    ),
    "warning": "import warnings\nfor text in TEXTS:\n    warnings.warn(text, stacklevel=1)\n",
    # Of each of the first DAGs some fields that differ are shown.
    "unstable": (
        "import datetime, random\nfrom airflow import DAG\nfor start in range(0, len(TEXTS), 4):\n"
        "    some = {f'field{n}': f'{random.random()} {text}' for n, text in"
        " enumerate(TEXTS[start:start + 4])}\n"
        "    globals()[f'd{start}'] = DAG(f'd{start}', schedule=None, default_args=some,\n"
        "        start_date=datetime.datetime(2024, 1, 1))\n"
    ),
    "argv": "import subprocess\nfor text in TEXTS:\n    subprocess.run(['true', *text])\n",
    "shell": (
        "import os, shlex\nfor text in TEXTS:\n    os.system('true; ' + shlex.join(['true', *text]))\n"
    ),
    "environment": (
        "import base64, os, urllib.parse\nfor name in TEXTS:\n    value = os.environ[name]\n"
        "    print(name, value, repr(value), urllib.parse.quote(value, safe=''))\n"
        "    print(base64.b64encode(f'ada:{value}'.encode()).decode())\n"
    ),
    "connections": (
        "try:\n    from airflow.sdk import BaseHook\nexcept ImportError:\n"
        "    from airflow.hooks.base import BaseHook\n"
        "for name in TEXTS:\n    found = BaseHook.get_connection(name)\n"
        "    print(name, found.password, found.login, found.host, found.extra, found.extra_dejson)\n"
        "    print(found.get_uri())\n"
    ),
    "variables": (
        "from airflow.models import Variable\nfor name in TEXTS:\n    print(Variable.get(name))\n"
    ),
}
# These show texts; the last one has them in its own source.
TEXT_WAYS = ("stdout", "log", "exception", "cause", "warning", "unstable", "statement")
WHOLE = 150
LONGEST_STATEMENT = 120
WINDOW = 10


class Plan(NamedTuple):
    """What each file shows, and the secrets in it: way and secret."""

    files: Mapping[str, object]
    secrets: Sequence[tuple[str, str]]
    environment: Mapping[str, str]
    connections: Mapping[str, object]
    variables: Mapping[str, object]


def plan(seed: int) -> Plan:
    """All that is planted, with the secrets of one seed."""
    secrets: list[tuple[str, str]] = []

    def made(way: str, value: object, name: str = "") -> object:
        if isinstance(value, str):
            found = planted(value, f"{seed} {way} {name}")
            secrets.extend((way, secret) for secret in found.secrets[:1])
            return found.text
        if isinstance(value, Mapping):
            return {key: made(way, inner, f"{name}.{key}") for key, inner in value.items()}
        return [made(way, inner, f"{name}.{place}") for place, inner in enumerate(value)]  # type: ignore[arg-type]

    files: dict[str, object] = {"argv": made("argv", COMMANDS), "shell": made("shell", COMMANDS)}
    environment = made("environment", ENVIRONMENT)
    connections = made("connections", CONNECTIONS)
    variables = made("variables", VARIABLES)
    shown: dict[str, list[object]] = {way: [] for way in TEXT_WAYS}
    more = WHOLE - len(secrets) - len(TEXTS)
    for number, text in enumerate([*TEXTS, *TEXTS[:more]]):
        way = TEXT_WAYS[(number + number // len(TEXTS)) % len(TEXT_WAYS)]
        if way == "statement" and len(planted(text, 0).text) > LONGEST_STATEMENT:
            way = "stdout"
        shown[way].append(made(way, text, str(number)))
    files |= shown
    files |= {
        "environment": list(ENVIRONMENT),
        "connections": list(CONNECTIONS),
        "variables": list(VARIABLES),
    }
    return Plan(files, secrets, environment, connections, variables)  # type: ignore[arg-type]


def write(folder: Path, found: Plan) -> None:
    """A DAG folder with one file for each way, and the files of answers beside it."""
    (folder / "dags").mkdir()
    (folder / "data").mkdir()
    for way, texts in found.files.items():
        data = folder / "data" / f"{way}.json"
        data.write_text(json.dumps(texts))
        if way == "statement":
            source = "".join(f"x{n} = {text!r}\n" for n, text in enumerate(texts))  # type: ignore[arg-type]
        else:
            source = READ.format(file=str(data)) + SHOWING[way]
        name = "" if way in ("exception", "cause", "unstable") else DAG.format(name=way)
        (folder / "dags" / f"{way}.py").write_text(f"# airflow dag\n{source}{name}")
    looks = "".join(f"print({text!r})\n" for text in LOOK_ALIKES)
    (folder / "dags" / "looks.py").write_text(f"# airflow dag\n{looks}{DAG.format(name='looks')}")
    (folder / "connections.json").write_text(json.dumps(found.connections))
    (folder / "variables.json").write_text(json.dumps(found.variables))


def outputs(folder: Path, found: Plan, python: str) -> Iterator[tuple[str, str]]:
    """Run the commands; the name and text of everything that they print and write."""
    given = ("--variables", "variables.json", "--connections", "connections.json")
    common = (*given, "--no-project", "--python", python)
    harmless = folder / "harmless"
    (harmless / "dags").mkdir(parents=True)
    for file in (folder / "dags").iterdir():
        (harmless / "dags" / file.name).write_text(DAG.format(name=file.stem))
    formats = ("json", "sarif", "junit", "gitlab", "github", "markdown", "html")
    calls = {
        "scan": (
            *("scan", "dags", *common, "--depth", "full", "--stacks-from", "1"),
            *("--source", "none", "-o", "out"),
        ),
        "markdown": ("report", "out/run.json", "--format", "markdown", "-o", "-"),
        "html": ("report", "out/run.json", "--source", "none", "-o", "out/again.html"),
        "baseline": ("scan", str(harmless / "dags"), *common, "--save-baseline", "base.json"),
        "gate": (
            *("gate", "dags", *common, "--baseline", "base.json", "-o", "gate"),
            *(f"--format={name}=gate/out.{name}" for name in formats),
        ),
        "compare": ("compare", "out/run.json", "gate/gate-head.json"),
        **{
            f"explain {way}": (
                *("explain", f"dags/{way}.py", "--run", "out/run.json"),
                *("--speedscope", f"out/{way}.speedscope"),
            )
            for way in found.files
        },
    }
    environment = {**os.environ, **found.environment, "GITHUB_ACTIONS": "true", "COLUMNS": "200"}
    environment["GITHUB_STEP_SUMMARY"] = str(folder / "out" / "summary.md")
    for name, arguments in calls.items():
        done = subprocess.run(
            [sys.executable, "-m", "dagprof", *arguments],
            cwd=folder,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode not in (0, 1):
            print(f"{name} ended with {done.returncode}: {done.stderr[-500:]}", file=sys.stderr)
        # The source that ``explain`` shows is not masked by design.
        source = "" if name == "explain statement" else done.stdout
        yield f"{name} printed", source + done.stderr
    for place in ("out", "gate", "reports"):
        for file in sorted((folder / place).rglob("*")):
            if file.is_file():
                yield str(file.relative_to(folder)), file.read_text(errors="replace")


def spellings(secret: str) -> set[str]:
    """What counts as the secret: itself, in a URL, in JSON, and each part of ten characters."""
    parts = {secret[place : place + WINDOW] for place in range(max(1, len(secret) - WINDOW + 1))}
    return {secret, quote(secret, safe=""), json.dumps(secret)[1:-1], *parts}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seed", type=int, default=int(time.time()))
    parser.add_argument("--keep", type=Path)
    parser.add_argument("--python", default=sys.executable)
    arguments = parser.parse_args()
    found = plan(arguments.seed)
    with tempfile.TemporaryDirectory(prefix="secrets-") as name:
        folder = arguments.keep or Path(name)
        folder.mkdir(parents=True, exist_ok=True)
        write(folder, found)
        written = list(outputs(folder, found, arguments.python))
    leaks: dict[tuple[str, str], list[str]] = {}
    for output, text in written:
        for way, secret in found.secrets:
            if any(spelling in text for spelling in spellings(secret)):
                leaks.setdefault((way, secret), []).append(output)
    run = json.loads(next(text for output, text in written if output == "out/run.json"))
    shown = next(file for file in run["files"] if file["path"] == "looks.py")["stdout"]["text"]
    masked = [text for text in LOOK_ALIKES if text not in shown.splitlines()]
    print(f"seed {arguments.seed}; {machine()}")
    print(f"{len(found.secrets)} secrets in {len(found.files)} ways, {len(written)} outputs")
    print(f"leaked: {len(leaks)}")
    for (way, secret), places in leaks.items():
        print(f"  {way}: {secret} in {', '.join(places[:4])}")
    print(f"look-alikes masked: {len(masked)} of {len(LOOK_ALIKES)}")
    for text in masked:
        print(f"  {text}")


if __name__ == "__main__":
    main()
