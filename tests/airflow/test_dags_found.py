"""Which DAGs a file gives: some in some parses only, some created and lost, some in another file
too.
"""

from __future__ import annotations

from support import Scan, dag, result

from dagprof.model import EXISTENCE, FileResult, Status
from dagprof.report import figures

COMES_AND_GOES = """
    import datetime, os, pathlib
    from airflow import DAG

    seen = pathlib.Path({folder!r}, "{name}")
    number = int(seen.read_text()) + 1 if seen.exists() else 0
    seen.write_text(str(number))
    for name in {names}:
        with DAG(name, start_date=datetime.datetime(2024, 1, 1), schedule=None):
            pass
"""


def codes(file: FileResult) -> set[str]:
    return {doubt.code for doubt in file.doubts}


def test_dags_that_are_there_in_some_parses_only_are_unstable(
    scan: Scan, tmp_path_factory: object
) -> None:
    folder = str(tmp_path_factory.mktemp("seen"))  # type: ignore[attr-defined]
    run = scan(
        {
            "fewer.py": COMES_AND_GOES.format(
                folder=folder, name="fewer", names="['orders', 'items'][: 1 + number % 2]"
            ),
            "none.py": COMES_AND_GOES.format(
                folder=folder, name="none", names="['prices'][: number % 2]"
            ),
            "random.py": COMES_AND_GOES.format(
                folder=folder, name="random", names="[f'dag_{number}']"
            ),
            "steady.py": dag("steady"),
        },
        repeat=4,
    )
    found = {
        file.path: [each.dag_id for each in file.instabilities if each.field == EXISTENCE]
        for file in run.files
    }
    assert found["fewer.py"] == ["items"]
    assert found["none.py"] == ["prices"]
    assert len(found["random.py"]) >= 4
    assert found["steady.py"] == []
    fewer = result(run, "fewer.py")
    assert {fewer.instabilities[0].first, fewer.instabilities[0].second} == {"there", "missing"}
    assert "DAG items exists only in some parses" in figures.unstable(fewer)


def test_a_dag_that_was_created_and_lost_is_named(scan: Scan) -> None:
    lost = """
        import datetime
        from airflow import DAG

        def build():
            dag = DAG("lost", start_date=datetime.datetime(2024, 1, 1), schedule=None)
            return dag

        build()
    """
    kept = lost.replace("build()\n    ", "kept = build()\n    ").replace('"lost"', '"kept"')
    run = scan(
        {"lost.py": lost, "kept.py": kept, "empty.py": "# airflow dag\n", "with.py": dag("with_")},
        repeat=2,
    )
    file = result(run, "lost.py")
    assert file.status is Status.NO_DAGS
    assert [(each.dag_id, each.line) for each in file.lost_dags] == [("lost", 6)]
    assert "lost-dag" in codes(file)
    assert file.why_no_dags == "Airflow does not find DAG lost, which line 6 creates"
    for path in ("kept.py", "empty.py", "with.py"):
        assert result(run, path).lost_dags == ()


def test_files_with_the_same_dag_name_each_other(scan: Scan) -> None:
    run = scan({"a.py": dag("same"), "b.py": dag("same"), "c.py": dag("other")})
    notes = {
        file.path: [doubt.text for doubt in file.doubts if doubt.code == "same-dag-id"]
        for file in run.files
    }
    assert "DAG same is also defined in b.py" in notes["a.py"][0]
    assert "DAG same is also defined in a.py" in notes["b.py"][0]
    assert notes["c.py"] == []
