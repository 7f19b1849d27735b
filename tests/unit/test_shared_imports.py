"""Which packages many DAG files import, by the text of their sources."""

from __future__ import annotations

from pathlib import Path

import pytest

from dagprof.attribution.sources import installed_imports, noticing, shared_imports
from dagprof.link.messages.zygote import Costs
from dagprof.measure.before.composing import doubt, measured_again, to_check
from dagprof.measure.before.layers import Survey, loading_ns, varied, widest
from dagprof.measure.before.scales import Scales, weighted_median
from dagprof.measure.crew import Layer
from dagprof.model import COMPOSED, Composed, Layers
from dagprof.passes import doubts
from dagprof.report import notes
from unit.builders import file, run


def shared(least: int = 1, /, **texts: str) -> list[str]:
    """The names that at least ``least`` DAG files import. Helpers have names with ``h_``."""
    sources = {f"/dags/{name}.py": text.encode() for name, text in texts.items()}
    modules = {path: (path[6:-3],) for path in sources}
    entries = [path for path in sources if not path.startswith("/dags/h_")]
    return shared_imports(installed_imports(sources, modules, entries).values(), least)


def test_names_of_enough_files_count() -> None:
    texts = {"a": "import one, two.three\n", "b": "from two import four\n", "c": "import two\n"}
    assert shared(2, **texts) == ["two"]
    assert shared(1, **texts) == ["one", "two", "two.four", "two.three"]


def test_helpers_lead_to_packages() -> None:
    texts = {"a": "import h_one\n", "b": "from h_one import x\n", "h_one": "import h_two\n"}
    assert shared(2, **texts, h_two="import heavy\nimport h_one\n") == ["heavy"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("def f():\n    import heavy\n", []),
        ("f = lambda: __import__('heavy')\n", []),
        ("class A:\n    import heavy\n", ["heavy"]),
        ("try:\n    import heavy\nexcept ImportError:\n    import light\n", ["heavy", "light"]),
        ("if TYPE_CHECKING:\n    import heavy\nelse:\n    import light\n", ["light"]),
        ("import typing\nif typing.TYPE_CHECKING:\n    import heavy\n", []),
        ("import os, json.decoder\n", []),
        ("import heavy\nthis is no Python\n", []),
        ("import a\n", []),  # the file itself
        ("", []),
    ],
)
def test_only_what_runs_at_import_counts(text: str, expected: list[str]) -> None:
    assert shared(1, a=text) == expected


def layers(*checked: tuple[float, float]) -> Layers:
    rows = tuple(
        Composed(path=f"{number}.py", composed_ms=composed, measured_ms=measured)
        for number, (composed, measured) in enumerate(checked)
    )
    names = ("boto3", "google.cloud.bigquery", "google.cloud.storage", "numpy", "pandas")
    return Layers(names=names, modules=900, wall_ms=1000, files=40, checked=rows)


def test_the_note_compares_composed_with_measured_times() -> None:
    text = doubt(layers((103, 100), (99, 100), (500, 400)), 60).text
    assert text.startswith("dagprof composed 40 of 60 parse times from two parts: ")
    assert "(boto3, google, numpy and 1 more)" in text
    assert "differ from the times in isolation by 3.0% (median) and at most 25.0%" in text
    assert "differ" not in doubt(layers(), 60).text
    assert "differ" not in doubt(layers((5, 0)), 60).text


def test_all_notes_on_composed_times_have_the_code_that_reports_leave_out() -> None:
    composed = file("a.py", 100, composed_ms=60)
    (note,) = doubts.composed(composed)
    assert note.code == doubt(layers(), 60).code == COMPOSED
    noted = file("a.py", 100, composed_ms=60, doubts=(note,))
    assert notes.of_summary(run(noted), 100) == notes.of_summary(run(composed), 100)
    assert measured_again(noted, noted.samples).doubts == ()


def survey(own_ns: dict[str, int], reach: dict[str, set[str]]) -> Survey:
    costs = Costs(cpu_share=1.0, own_ns=own_ns, collections={}, took_ns=[])
    names = sorted({name for names in reach.values() for name in names})
    return Survey(
        Layer(tuple(names), costs),
        100.0,
        (),
        {Path(path): frozenset(names) for path, names in reach.items()},
    )


def test_the_files_that_load_most_of_the_layer_are_measured_both_ways() -> None:
    own_ns = {"one": 5, "one.part": 95, "two": 60, "three": 50, "twofold": 1000}
    reach = {
        "a.py": {"two"},
        "b.py": {"one", "two"},
        "c.py": {"three"},
        "d.py": {"one"},
        "e.py": set[str](),
    }
    found = survey(own_ns, reach)
    files = [Path(path) for path in reach]
    chosen = widest(found, files, 3)
    assert chosen == [Path("b.py"), Path("c.py"), Path("d.py")]
    assert widest(found, files, 9) == [Path(f"{name}.py") for name in "bcda"]
    assert widest(found, [Path("unknown.py")], 2) == []


def test_wide_files_are_checked_and_others_by_chance() -> None:
    own_ns = {f"m{number}": number + 1 for number in range(200)}
    found = survey(own_ns, {f"{number}.py": {f"m{number}"} for number in range(200)})
    files = {f"{number}.py": Path(f"{number}.py") for number in range(200)}
    chosen = to_check(found, {**files, "none.py": Path("none.py")})
    assert len(chosen) == len(set(chosen)) == 10
    assert sorted(chosen[::2]) == [f"{number}.py" for number in range(195, 200)]
    assert "none.py" not in chosen
    backwards = to_check(found, dict(reversed(files.items())))
    assert sorted(backwards) == sorted(chosen)
    assert to_check(found, {}) == []
    assert loading_ns(found)[Path("7.py")] == 8


@pytest.mark.parametrize(
    ("pairs", "expected"),
    [
        ([(5.0, 1.1)], 1.1),
        ([(5.0, 1.0), (5.0, 1.2)], 1.1),
        ([(500.0, 1.05), (400.0, 1.1), (20.0, -0.5), (20.0, -0.4), (20.0, -0.3)], 1.05),
        ([(1.0, 3.0), (1.0, 1.0), (1.0, 2.0)], 2.0),
    ],
)
def test_files_that_load_most_decide_the_scale(
    pairs: list[tuple[float, float]], expected: float
) -> None:
    assert weighted_median(pairs) == pytest.approx(expected)
    assert weighted_median(pairs[::-1]) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("text", "is_aside"),
    [
        ("import sys\nfound = 'a' in sys.modules\n", True),
        ("import sys as s\n", True),
        ("from sys import modules\n", True),
        ("sys.path.append('x')\n", True),
        ("os.environ['A'] = 'b'\n", True),
        ("os.environ.setdefault('A', 'b')\n", True),
        ("os.environ |= {}\n", True),
        ("threading.Thread(target=f)\n", True),
        ("with ThreadPoolExecutor() as pool: pass\n", True),
        ("import h_one\n", True),
        ("import h_two\n", False),
        ("print(os.environ['A'] == 'b', os.environ.get('A'), os.path, sys.argv)\n", False),
        ("from package.modules import threads\n", False),
    ],
)
def test_files_that_can_notice_loaded_packages_are_found(text: str, is_aside: bool) -> None:
    texts = {"a": text, "h_one": "import sys; sys.modules\n", "h_two": "import json\n"}
    sources = {f"/dags/{name}.py": each.encode() for name, each in texts.items()}
    modules = {path: (path[6:-3],) for path in sources}
    assert noticing(sources, modules, ["/dags/a.py"]) == ({"/dags/a.py"} if is_aside else set())


def test_files_of_other_imports_take_turns_and_the_most_frequent_come_first() -> None:
    imports = {
        Path("a.py"): frozenset({"one"}),
        Path("b.py"): frozenset({"two"}),
        Path("c.py"): frozenset({"two"}),
        Path("d.py"): frozenset({"two"}),
        Path("e.py"): frozenset({"one"}),
    }
    found = varied([*imports, Path("unknown.py")], imports)
    assert [path.stem for path in found.files] == ["b", "a", "unknown", "c", "e", "d"]
    assert {path.stem for path in found.first} == {"a", "b", "unknown"}


def test_packages_that_cannot_be_shared_count_for_the_order() -> None:
    found = survey({"one": 50_000_000, "two": 90_000_000}, {"a.py": {"one"}, "b.py": {"two"}})
    assert loading_ns(found) == {Path("a.py"): 50_000_000, Path("b.py"): 90_000_000}
    found = found._replace(beside={Path("a.py"): 1})
    assert loading_ns(found)[Path("a.py")] > loading_ns(found)[Path("b.py")]


def test_a_file_gets_the_scale_of_the_files_that_import_the_same() -> None:
    costs = {"pandas": 300, "boto3": 100, "numpy": 200}
    reach = {
        Path("pandas_1"): {"pandas"},
        Path("pandas_2"): {"pandas"},
        Path("boto_1"): {"boto3"},
        Path("boto_2"): {"boto3"},
        Path("numpy"): {"numpy"},
    }
    scales = Scales(costs, reach)
    assert scales.of(Path("pandas_2")) == scales.overall() == 1.0
    scales.add(Path("pandas_1"), 300.0, 360.0)
    scales.add(Path("boto_1"), 100.0, 90.0)
    assert len(scales) == 2
    assert scales.overall() == 1.2  # pandas takes longer, so it decides
    assert scales.of(Path("pandas_2")) == pytest.approx(1.2)
    assert scales.of(Path("boto_2")) == pytest.approx((0.9 + 0.5 * 1.2) / 1.5)
    assert scales.of(Path("numpy")) == pytest.approx(1.2)
    assert scales.of(Path("unknown")) == pytest.approx(1.2)


def test_a_file_of_the_sample_can_be_left_out_of_its_own_scale() -> None:
    reach = {Path(name): {"pandas"} for name in "abc"}
    scales = Scales({"pandas": 300}, reach)
    scales.add(Path("a"), 100.0, 150.0)
    scales.add(Path("b"), 100.0, 100.0)
    assert scales.of(Path("a"), without=Path("a")) == 1.0
    assert scales.of(Path("b"), without=Path("b")) == 1.5
    assert scales.of(Path("c")) == pytest.approx(1.25)


def test_one_disturbed_file_of_the_sample_does_not_change_the_scale() -> None:
    reach = {Path(name): {"pandas"} for name in "abcd"}
    scales = Scales({"pandas": 300}, reach)
    for name, ms in (("a", 101.0), ("b", 400.0), ("c", 101.0)):
        scales.add(Path(name), 100.0, ms)
    assert scales.of(Path("d")) == pytest.approx(1.01)
