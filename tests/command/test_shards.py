"""``dagprof scan --shard`` and ``dagprof merge``: one scan in several parts."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from support import TARGET, call, dag, write

from dagprof.model import Run
from dagprof.store import runs

FILES = {
    "slow.py": dag("slow", "import time\ntime.sleep(0.2)\n"),
    "fast_a.py": dag("fast_a"),
    "fast_b.py": dag("fast_b"),
    "helped.py": dag("helped", "import helper\n"),
    "helper.py": "import time\ntime.sleep(0.1)\n",
}


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("shards")
    write(folder / "dags", FILES)
    for name, more in (
        ("whole", ()),
        ("1", ("--shard", "1/2", "--shard-by", "whole/run.json")),
        ("2", ("--shard", "2/2", "--shard-by", "whole/run.json")),
    ):
        done = scan(folder, name, *more)
        assert done.returncode == 0, done.stderr
    return folder


def scan(folder: Path, name: str, *more: str) -> subprocess.CompletedProcess[str]:
    return call("scan", "dags", "--python", TARGET, "-q", "-o", name, *more, cwd=folder)


def merge(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return call("merge", *arguments, "-o", "merged", cwd=folder)


def paths(run: Run) -> set[str]:
    return {file.path for file in run.files}


def test_shards_are_split_by_cost_and_join_to_the_whole(place: Path) -> None:
    whole, one, two = (runs.load(place / name / "run.json") for name in ("whole", "1", "2"))
    assert (
        paths(one) | paths(two)
        == paths(whole)
        == {"slow.py", "fast_a.py", "fast_b.py", "helped.py"}
    )
    assert not paths(one) & paths(two)
    assert ("slow.py" in paths(one)) != ("helped.py" in paths(one))
    done = merge(place, "1/run.json", "2/run.json")
    assert done.returncode == 0, done.stderr
    assert "helper.py" in done.stdout
    merged = runs.load(place / "merged" / "run.json")
    assert paths(merged) == paths(whole)
    # The times are those of the first shard's machine, which may change its speed meanwhile.
    now = {file.path: file.own_ms for file in merged.files}
    assert all(now[file.path] == file.own_ms for file in one.files)
    factors = [now[file.path] / file.own_ms for file in two.files]
    assert factors == pytest.approx([factors[0]] * len(factors), rel=0.01)
    assert (place / "merged" / "report.html").stat().st_size > 10_000


def test_a_missing_shard_is_one_sentence(place: Path) -> None:
    done = merge(place, "1/run.json")
    assert (done.returncode, done.stderr) == (
        2,
        (
            "dagprof: Shard 2 is missing. Give the run files of all shards, or use --partial to merge"
            " only the given shards.\n"
        ),
    )
    assert merge(place, "1/run.json", "--partial").returncode == 0
    done = call("merge", "1/run.json", "2/run.json", "-o", "2", cwd=place)
    assert (done.returncode, done.stderr) == (
        2,
        (
            "dagprof: The merged run would overwrite 2/run.json. Choose another folder with"
            " --output-dir.\n"
        ),
    )


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("--shard", "3/2"), "is not a shard"),
        (("--shard", "1/9"), "DAG files cannot be split into 9 shards. Use at most 4 shards."),
        (("--shard-by", "whole/run.json"), "--shard-by requires --shard."),
        (("--shard", "1/2", "--shard-by", "gone.json"), "Cannot read 'gone.json'"),
        (
            ("--shard", "1/2", "--shard-by", "1/run.json", "-o", "1"),
            "The scan would overwrite 1/run.json, which the other shards need.",
        ),
    ],
)
def test_bad_input_gets_one_clear_sentence(
    place: Path, arguments: tuple[str, ...], says: str
) -> None:
    done = scan(place, "bad", *arguments)
    assert done.returncode == 2
    assert says in " ".join(done.stderr.split())
    assert "Traceback" not in done.stderr


def test_a_shard_is_compared_with_its_part_of_the_baseline(place: Path) -> None:
    more = ("--shard", "1/2", "--shard-by", "whole/run.json", "--baseline", "whole/run.json")
    done = call("scan", "dags", "--python", TARGET, "-o", "again", *more, cwd=place)
    assert done.returncode == 0, done.stderr
    assert ", 0 removed" in " ".join(done.stdout.split())
