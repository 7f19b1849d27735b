"""Count which planted faults `dagprof check` finds: a corpus with each fault in five ways.

    python bench/practices_recall.py [--python PATH] [--only CODE ...] [--by family] [--keep FOLDER]

The corpus is ``tests/practices_corpus``. The script writes the files of each family of rules, such
as DP1, to a folder of their own. With --by rule or --by entry, each rule or entry has a folder. The
script checks each folder with all rules. For each rule, the script prints how many faults dagprof
found, the names of the missed ones, and the findings of other rules, which may be right. A fault is
found if the rule has a finding in one of the files of the entry. A finding at another line than the
planted one counts, and the script prints both lines. With --depth quick, the rules DP101 and DP102
and parts of DP103 and DP204 find nothing.
"""

from __future__ import annotations

import argparse
import collections
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import NamedTuple

from common import environment, machine
from practices_corpus import corpus
from practices_corpus.planted import Planted

from dagprof.practices.registry import RULES

# The rows of the acceptance table: the severities, and the least part that must be found.
GOALS = ((("error", "warning"), 0.95), (("hint",), 0.8))
_ANSWER = '["orders", "customers"]'
_SERVER = f"""import http.server
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        self.wfile.write({_ANSWER.encode()!r})
    def log_message(self, *_): pass
server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
print(server.server_port, flush=True)
server.serve_forever()
"""


class Outcome(NamedTuple):
    """What the check found in the files of one entry."""

    entry: Planted
    found: bool
    at_line: bool
    places: list[str]
    others: list[str]


def write(folder: Path, entry: Planted, port: str) -> None:
    """Write the files of an entry."""
    for name, text in entry.files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text.replace("@PORT@", port))


def findings(folder: Path, python: str, home: Path, depth: str) -> list[dict[str, object]]:
    """Check a folder, and return the findings of all rules."""
    output = folder.parent / f"{folder.name}.json"
    command = [sys.executable, "-m", "dagprof", "check", folder.name, "--python", python]
    command += ["--depth", depth]
    command += ["--all", "--quiet", "--fail-on", "never", "--format", f"json={output}"]
    done = subprocess.run(
        command,
        env={**environment(home), "PYTHONPATH": os.environ.get("PYTHONPATH", "")},
        cwd=folder.parent,
        capture_output=True,
        text=True,
        check=False,
    )
    if not output.exists():
        sys.exit(f"{folder}: {done.stdout[-2000:]}{done.stderr[-2000:]}")
    report: dict[str, list[dict[str, object]]] = json.loads(output.read_text())
    return report["findings"]


def outcome(entry: Planted, found: list[dict[str, object]]) -> Outcome:
    """Compare the findings in the files of an entry with the planted fault."""
    places = [
        (str(each["path"]), each["line"])
        for each in found
        if each["code"] == entry.rule and each["path"] in entry.files
    ]
    others = [
        f"{each['code']} {each['path']}:{each['line']}"
        for each in found
        if each["code"] != entry.rule and each["path"] in entry.files
    ]
    at_line = entry.place is None or entry.place in places
    shown = [f"{path}:{line}" for path, line in places]
    return Outcome(entry, bool(places), at_line, shown, others)


def check(
    entries: list[Planted], where: Path, python: str, port: str, by: str, depth: str
) -> list[Outcome]:
    """Write and check all entries, and print each folder when it is done."""
    folders: dict[str, list[Planted]] = collections.defaultdict(list)
    for entry in entries:
        folders[_folder(entry, by)].append(entry)
    home = where / "home"
    home.mkdir(parents=True)
    outcomes = []
    for name, planted in folders.items():
        for entry in planted:
            write(where / name, entry, port)
        found = findings(where / name, python, home, depth)
        here = [outcome(entry, found) for entry in planted]
        outcomes += here
        show(here)
    return outcomes


def _folder(entry: Planted, by: str) -> str:
    """The name of the folder of an entry."""
    names = {"family": entry.rule[:3], "rule": entry.rule}
    return names.get(by) or f"{entry.rule}-{entry.name}".replace("/", "-")


def show(outcomes: list[Outcome]) -> None:
    """Print for each rule what was found."""
    rules: dict[str, list[Outcome]] = collections.defaultdict(list)
    for each in outcomes:
        rules[each.entry.rule].append(each)
    for rule, here in rules.items():
        missed = [each.entry.name for each in here if not each.found]
        names = f"; missed: {', '.join(missed)}" if missed else ""
        print(f"{rule}: {len(here) - len(missed)} of {len(here)}{names}", flush=True)
        for each in here:
            if each.found and not each.at_line and each.entry.place:
                path, line = each.entry.place
                print(f"    {path}:{line} was planted, found: {', '.join(each.places)}")
            if each.others:
                print(f"    {each.entry.name}, other rules: {', '.join(each.others)}", flush=True)


def summary(outcomes: list[Outcome]) -> None:
    """Print the rows of the acceptance table."""
    for group, least in GOALS:
        rows = [each for each in outcomes if RULES[each.entry.rule].severity in group]
        if rows:
            found = sum(each.found for each in rows)
            exact = sum(each.found and each.at_line for each in rows)
            print(
                f"{' and '.join(group)}: {found} of {len(rows)} found ({found / len(rows):.0%},"
                f" goal {least:.0%}); at the planted line: {exact}"
            )


def planted_for(python: str, only: list[str]) -> list[Planted]:
    """Return the entries that the Airflow of ``python`` can parse."""
    code = "import importlib.metadata as m; print(m.version('apache-airflow'))"
    version = subprocess.check_output([python, "-c", code], text=True).strip()
    print(f"Airflow {version}, {machine()}")
    entries = [each for each in corpus() if each.rule.startswith(tuple(only))]
    if int(version.split(".")[0]) >= 3:
        return entries
    kept = [each for each in entries if not any(map(_needs_airflow_3, each.files.values()))]
    return [each for each in kept if each.rule != "DP112"]  # these paths are not deprecated there


def _needs_airflow_3(text: str) -> bool:
    return "airflow.sdk" in text


def main() -> None:
    reader = argparse.ArgumentParser()
    reader.add_argument("--python", default=sys.executable)
    reader.add_argument("--only", nargs="*", default=["DP"])
    reader.add_argument("--by", choices=("family", "rule", "entry"), default="family")
    reader.add_argument("--depth", default="normal")
    reader.add_argument("--keep", type=Path)
    given = reader.parse_args()
    entries = planted_for(given.python, given.only)
    server = subprocess.Popen([sys.executable, "-c", _SERVER], stdout=subprocess.PIPE, text=True)
    try:
        assert server.stdout is not None
        port = server.stdout.readline().strip()
        with tempfile.TemporaryDirectory(prefix="practices-recall-") as name:
            where = given.keep or Path(name)
            outcomes = check(entries, where, given.python, port, given.by, given.depth)
    finally:
        server.kill()
    summary(outcomes)


if __name__ == "__main__":
    main()
