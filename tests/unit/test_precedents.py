"""What other DAG files already do through the same line of a helper is a note; what a file does
itself is a finding.
"""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec
import pytest

from dagprof.ab import precedents
from dagprof.config.policy import Policy, Rule, Waiver
from dagprof.gate.decide import Compared, Demand, decide
from dagprof.gate.rooted import rooted
from dagprof.gate.verdict import FileVerdict, Verdict
from dagprof.model import (
    Edge,
    Effect,
    Failure,
    FileResult,
    Loads,
    Measured,
    Module,
    Origin,
    Place,
    Run,
    SkippedFile,
    SkipReason,
)
from unit.builders import HELPED, MODULES, access, environment, file, loads, run, trace

TODAY = datetime.date(2026, 5, 1)
FRAMES = "common/frames.py"
PLAIN = loads((0, -1, 1_000, 1_000, -1, 4))


def effect(kind: str, what: str, path: str = f"/dags/{FRAMES}", line: int = 3) -> Effect:
    return Effect(kind=kind, what=what, file=path, line=line)


def times(ms: float) -> tuple[float, ...]:
    return tuple(ms + n / 10 for n in range(9))


def parsed(path: str, loaded: Loads = PLAIN, **changes: Any) -> FileResult:
    return file(path, *times(200), trace=trace(200, loaded), **changes)


def judged(
    base: Sequence[FileResult],
    head: Sequence[FileResult],
    others: Sequence[FileResult] = (),
    **changes: Any,
) -> Verdict:
    compared = Compared(
        base=run(*base),
        head=run(*head),
        base_name="main",
        head_name="now",
        **{"others": run(*others) if others else None, **changes},
    )
    return decide(compared, Demand(today=TODAY, policy=Policy(new_modules=2)), "9.9")


def told(*args: Any, **changes: Any) -> FileVerdict:
    return next(each for each in judged(*args, **changes).files if each.path == "new.py")


DOES = [
    (
        {"effects": (effect("process", "ldconfig -p"),)},
        Rule.NEW_PROCESS,
        "starts a program during parsing (ldconfig -p)",
    ),
    (
        {"effects": (effect("dns", "example.org"),)},
        Rule.NEW_NETWORK,
        "uses the network during parsing (example.org)",
    ),
    (
        {"effects": (effect("database", "SELECT a"),)},
        Rule.NEW_DATABASE,
        "queries a database during parsing (SELECT a)",
    ),
    (
        {"accesses": (access("key", file=f"/dags/{FRAMES}"),)},
        Rule.NEW_VARIABLE,
        "reads the Variable 'key' in every parse",
    ),
    (
        {"accesses": (access("db", kind="connection", file=f"/dags/{FRAMES}"),)},
        Rule.NEW_CONNECTION,
        "reads the Connection 'db' in every parse",
    ),
]


@pytest.mark.parametrize(
    ("does", "rule", "text"), DOES, ids=lambda value: value.value if isinstance(value, Rule) else ""
)
def test_what_others_do_through_the_same_line_is_a_note(
    does: dict[str, Any], rule: Rule, text: str
) -> None:
    new, others = parsed("new.py", **does), [parsed("b.py", **does), parsed("c.py", **does)]
    alone = told([], [new])
    assert [each.rule for each in alone.findings] == [rule]
    assert alone.notes == ()
    found = told([], [new], others)
    assert found.findings == ()
    assert found.notes == (
        f"new.py {text}. {FRAMES}:3 already causes this effect in 2 other DAG files",
    )
    # A changed file that begins to use the helper is no other; nor is a file that was measured on
    # both sides.
    changed = told([parsed("new.py", loads())], [new], others[:1])
    assert changed.findings == ()
    assert changed.notes[-1].endswith(f". {FRAMES}:3 already causes this effect in b.py")
    assert told([others[0]], [new, others[0]]).notes == changed.notes[-1:]


@pytest.mark.parametrize(
    "other",
    [
        effect("process", "ldconfig -p", line=4),
        effect("process", "ldconfig -v"),
        effect("dns", "ldconfig -p"),
        effect("process", "ldconfig -p", "/dags/common/other.py"),
        effect("process", "ldconfig -p", "/dags/b.py"),
    ],
    ids=["another line", "another program", "another kind", "another helper", "its own line"],
)
def test_what_only_looks_alike_is_new(other: Effect) -> None:
    new = parsed("new.py", effects=(effect("process", "ldconfig -p"),))
    assert [each.rule for each in told([], [new], [parsed("b.py", effects=(other,))]).findings] == [
        Rule.NEW_PROCESS
    ]


def test_a_line_of_the_dag_file_is_its_own_doing() -> None:
    mine = (effect("process", "ls", "/dags/new.py"),)
    assert told([], [parsed("new.py", effects=mine)], [parsed("b.py", effects=mine)]).findings


def test_lines_of_a_changed_helper_may_have_moved() -> None:
    new, other = (
        parsed("new.py", effects=(effect("process", "ls", line=7),)),
        effect("process", "ls", line=3),
    )
    assert told([], [new], [parsed("b.py", effects=(other,))]).findings
    assert told([], [new], [parsed("b.py", effects=(other,))], changed_lines={FRAMES: (1,)}).notes


def test_files_that_were_left_out_are_not_counted() -> None:
    new, other = (parsed(path, effects=(effect("process", "ls"),)) for path in ("new.py", "b.py"))
    (note,) = told([], [new], [other], more_others=True).notes
    assert note.endswith(f". {FRAMES}:3 already causes this effect in at least 1 other DAG file")


def test_packages_that_a_helper_brings_to_others_too_are_notes() -> None:
    """frames loads pandas at its line 1; b.py has pandas from its own line first, and asks for
    it there as well.
    """
    new, other = parsed("new.py", HELPED), parsed("b.py", HELPED)
    assert [each.rule for each in told([], [new]).findings] == [Rule.NEW_PACKAGE]
    found = told([], [new], [other])
    assert found.findings == ()
    assert (
        f"new.py is new and loads pandas. {FRAMES}:1 already causes this effect in b.py"
        in found.notes
    )
    assert any(
        "ms on imports at common/frames.py:1. b.py already loads the same modules through this line"
        in note
        for note in found.notes
    )
    first = msgspec.structs.replace(
        other,
        trace=trace(
            200,
            msgspec.structs.replace(
                loads((1, -1, 80_000, 80_000, -1, 2), (0, -1, 9, 9, -1, 3)), imports=(0, 1)
            ),
            edges=(Edge(line=2, target=1), Edge(line=3, target=0)),
        ),
    )
    sets = ((), (Edge(line=1, target=1),))
    compared = Compared(
        base=run(), head=run(new), base_name="a", head_name="b", others=run(first, import_sets=sets)
    )
    (verdict,) = decide(compared, Demand(today=TODAY)).files
    assert verdict.notes[-1].startswith("new.py is new and loads pandas")


def test_modules_that_a_helper_brings_to_others_too_are_not_counted() -> None:
    base, head = parsed("new.py", loads()), parsed("new.py", HELPED)
    assert {each.rule for each in told([base], [head]).findings} >= {Rule.NEW_MODULES}
    found = told([base], [head], [parsed("b.py", HELPED)])
    assert not {each.rule for each in found.findings} & {Rule.NEW_MODULES, Rule.NEW_PACKAGE}


def test_advice_is_about_the_import_where_a_library_does_it() -> None:
    """Line 1 of the helper imports pandas; nobody can start in a task what pandas starts when it
    is imported.
    """
    by_import, by_call = (
        parsed("new.py", HELPED, effects=(effect("process", "ldconfig", line=n),)) for n in (1, 2)
    )
    (found,) = (each for each in told([], [by_import]).findings if each.rule is Rule.NEW_PROCESS)
    assert (
        found.message
        == f"new.py starts a program during parsing (ldconfig). The import at {FRAMES}:1 is the cause. Move this import into the functions that use the imported code"
    )
    (found,) = (each for each in told([], [by_call]).findings if each.rule is Rule.NEW_PROCESS)
    assert found.message.endswith("(ldconfig). Start the program in a task")
    airflows = (
        *MODULES[:1],
        Module(name="airflow.x", file="/site/airflow/x.py", origin=Origin.DISTRIBUTION),
        *MODULES[2:],
    )
    compared = Compared(
        base=run(), head=run(by_import, modules=airflows), base_name="a", head_name="b"
    )
    messages = [each.message for each in decide(compared, Demand(today=TODAY)).all_findings]
    assert (
        f"new.py starts a program during parsing (ldconfig). The import at {FRAMES}:1 is the cause"
        in messages
    )


# Which files are traced for that.


def test_few_files_that_use_many_helpers_are_traced() -> None:
    one, two, three = Path("/one.py"), Path("/two.py"), Path("/three.py")
    users = {one: {"a", "b", "c", "d"}, two: {"d", "e"}, three: {"f"}}
    names, is_sample = precedents.chosen(users, lambda helper: users[helper], traced=())
    assert names[0] == "d"
    assert {*names} >= {"d", "e", "f"}
    assert len(users[one] & {*names}) == precedents.EACH
    assert is_sample
    names, is_sample = precedents.chosen([two], lambda helper: users[helper], traced=("d",))
    assert (names, is_sample) == (["e"], False)
    many = {Path(f"/{n}.py"): {f"d{n}"} for n in range(50)}
    assert (
        len(precedents.chosen(many, lambda helper: many[helper], traced=())[0]) == precedents.MOST
    )


def test_helpers_that_a_file_begins_to_use(tmp_path: Path) -> None:
    for name in ("x.py", "y.py", "new.py"):
        (tmp_path / name).touch()
    x, y, gone = (str(tmp_path / name) for name in ("x.py", "y.py", "gone.py"))
    modules = tuple(Module(name=path, file=path) for path in (x, y, gone))
    new = file(
        "new.py",
        effects=(effect("process", "ls", y), effect("process", "ls", str(tmp_path / "new.py"))),
    )

    def begun(head: Measured, base: Measured | None) -> set[Path]:
        return precedents.begun(head, base, tmp_path, lambda path: path)

    assert begun(Measured(result=new, modules=modules), None) == {Path(x), Path(y)}
    before = Measured(result=file("new.py"), modules=modules)
    assert begun(Measured(result=new, modules=modules), before) == {Path(y)}
    assert begun(before, before) == set()


# Paths from the root of the repository.


def test_a_run_seen_from_the_root_of_the_repository() -> None:
    failure = Failure(type="E", message="", file="/repo/dags/a.py", line=1)
    outside = effect("process", "ls", "/repo/plugins/p.py")
    whole = run(
        file(
            "a.py",
            effects=(effect("file-read", "x.json", "/repo/dags/a.py"), outside),
            failures=(failure,),
        ),
        root="/repo/dags",
        modules=(
            Module(name="c", file="/repo/dags/c.py"),
            Module(name="p", file="/repo/plugins/p.py"),
        ),
        skipped=(SkippedFile(path="s.py", reason=SkipReason.IGNORED),),
    )
    moved = rooted(whole, "/repo", "dags/")
    (one,) = moved.files
    assert (moved.root, one.path, moved.skipped[0].path) == ("/repo", "dags/a.py", "dags/s.py")
    assert [each.what for each in one.effects] == ["dags/x.json", "ls"]
    assert rooted(whole, "/repo/dags", "") is whole
    elsewhere = rooted(msgspec.structs.replace(whole, root="/ci/7/dags"), "/repo", "dags/")
    assert elsewhere.files[0].path == "dags/a.py"


def test_findings_in_helpers_outside_the_bundle_have_paths_from_the_root_and_limits_still_match() -> (
    None
):
    new = parsed("new.py", effects=(effect("process", "ls", "/repo/plugins/p.py"),))
    head, base = (
        rooted(run(*files, root="/repo/dags"), "/repo", "dags/") for files in ((new,), ())
    )
    compared = Compared(base=base, head=head, base_name="a", head_name="b")
    (found,) = decide(compared, Demand(today=TODAY, prefix="dags/")).all_findings
    assert (found.path, found.file, found.line) == ("dags/new.py", "plugins/p.py", 3)
    for files, folders in (
        ("new.py", ""),
        ("dags/*.py", "dags"),
        ("plugins/p.py", "dags"),
        ("dags/new.py", ""),
    ):
        waiver = Waiver(files=(files,), rule=Rule.NEW_PROCESS, reason="r", until=TODAY)
        demand = Demand(today=TODAY, prefix="dags/", folders=folders, waivers=(waiver,))
        (found,) = decide(compared, demand).all_findings
        assert found.waived, (files, folders)


# Reasons at lines that changed, and what was imported before the parse.


def without_pre_import(**changes: Any) -> str:
    """The helper's line 1 loads pandas now: the DAG processor imported it before, for other
    files' sake.
    """
    there = environment(pre_imported=("pandas",))
    edges = msgspec.structs.replace(PLAIN, imports=(1,))
    base = file("a.py", *times(100), trace=trace(100, edges, edges=(Edge(line=4, target=0),)))
    loaded = loads((0, -1, 1_000, 301_000, -1, 4), (1, 0, 300_000, 300_000, 0, 1))
    head = file("a.py", *times(400), trace=trace(400, loaded))
    compared = Compared(
        base=run(base, import_sets=((), (Edge(line=1, target=1),)), environment=there),
        head=run(head, environment=environment()),
        base_name="a",
        head_name="b",
        **changes,
    )
    (found,) = (
        each
        for each in decide(compared, Demand(today=TODAY)).all_findings
        if each.rule is Rule.SLOWER
    )
    assert (found.file, found.line) == ("a.py", 0)
    return found.message.partition(", because ")[2]


def test_what_is_no_longer_pre_imported_is_the_reason_and_no_line() -> None:
    text = without_pre_import(changed_lines={"a.py": (2,)})
    assert (
        text
        == f"{Place(file=FRAMES, line=1)} now loads `pandas` in every parse. Before the change, the DAG processor loaded pandas before it forked, because a DAG file imported pandas"
    )


def test_runs_are_what_they_were(tmp_path: Path) -> None:
    whole: Run = run(file("a.py"))
    assert rooted(whole, str(tmp_path), "") == whole


def test_what_airflow_loads_while_it_takes_a_new_file_in_is_not_the_files_doing() -> None:
    """Serialising, for example: no statement of the user's code is on the way."""
    (verdict,) = judged([], [parsed("new.py", loads((1, -1, 9_000, 9_000, -2, 0)))]).files
    assert verdict.findings == ()
