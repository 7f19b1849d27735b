"""The sample of DAG files that stands for all files that a change may affect."""

from __future__ import annotations

from dagprof.ab.choice import choice_text, choose


def reached(count: int, *ways: str, prefix: str = "") -> dict[str, set[str]]:
    return {f"{prefix}{number:03}.py": set(ways) for number in range(count)}


def test_few_files_are_all_measured() -> None:
    found = {"changed.py": set[str](), **reached(5, "common.db")}
    choice = choose(found, {"changed.py"}, 40)
    assert choice.own == ("changed.py",)
    assert choice.others == tuple(sorted(reached(5)))
    assert choice.wanted == 5


def test_without_a_limit_all_files_are_measured() -> None:
    choice = choose(reached(300, "common.db"), (), None)
    assert choice.wanted == len(choice.others) == 300


def test_a_sample_holds_every_way_to_the_change() -> None:
    found = {
        **reached(200, "common.db", prefix="many"),
        **reached(30, "common.tables", prefix="some"),
        **reached(2, "common.db", "common.tables", prefix="both"),
        **reached(50, prefix="unknown"),
    }
    choice = choose(found, (), 10)
    first = choice.others[: choice.wanted]
    assert len(first) == 10
    assert {name.rstrip("0123456789.py") for name in first[:3]} == {"man", "some", "both"}
    assert not any(name.startswith("unknown") for name in first)
    assert sorted(choice.others) == sorted(found)


def test_the_sample_is_the_same_each_time_and_not_the_first_names() -> None:
    found = reached(300, "common.db")
    chosen = choose(found, (), 40).others[:40]
    assert choose(dict(reversed(found.items())), (), 40).others[:40] == chosen
    assert chosen != tuple(sorted(found))[:40]


def test_files_that_changed_themselves_are_measured_beyond_the_limit() -> None:
    found = reached(100, "common.db")
    own = sorted(found)[:50]
    choice = choose(found, own, 40)
    assert choice.own == tuple(own)
    assert choice.wanted == 20  # they need not use what the others use
    assert len(choice.others) == 50


def test_the_note_gives_both_numbers_and_the_reason() -> None:
    assert choice_text(260, 40, ran_out=False) == (
        "The change may affect 300 unchanged DAG files. dagprof measured 40 of these files, and"
        " measures the same files in each run. The verdict also applies to the files that dagprof"
        " did not measure."
    )
    assert "raise --time-budget. The verdict also applies" in choice_text(293, 7, ran_out=True)
    assert "applies" not in choice_text(300, 0, ran_out=True)
