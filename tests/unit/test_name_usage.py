"""Who uses the names that an import statement binds."""

from __future__ import annotations

from pathlib import Path

import pytest

from dagprof.attribution.name_usage import (
    bound_names,
    has_attribute,
    is_in_class,
    is_in_hints,
    is_reexported,
    is_used,
    modules_at,
    reads_module,
    uses_in,
)


def source(folder: Path, text: str, name: str = "a.py") -> str:
    file = folder / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8")
    return str(file)


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("import pandas as pd", {"pd"}),
        ("import google.cloud.storage, os", {"google", "os"}),
        ("from common import (\n    frames,\n    db as base,\n)", {"frames", "base"}),
        ("from common import *", set()),
        ("value = 1", set()),
        ("import (", set()),
    ],
)
def test_the_names_that_a_line_binds(tmp_path: Path, text: str, names: set[str]) -> None:
    assert bound_names(source(tmp_path, text), 1) == names


@pytest.mark.parametrize(
    ("rest", "used"),
    [
        ("def later():\n    return pd.DataFrame()", True),
        ("__all__ = ['pd']", True),
        ("def later(pd):\n    pass", False),
        ("pd = None", False),
        ("", False),
        ("def f(a: 'pd.DataFrame') -> 'list[pd.Series]': ...", True),
        ("def f(a: Optional['pd.DataFrame']): ...", True),
        ("x = cast('pd.DataFrame', y)", True),
        ("T = TypeVar('T', bound='pd.DataFrame')", True),
        ("requirements = ['pd==1.0', 'see pd']", False),
        ("class A:\n    frames = pd", True),
        ("def later(self):\n    return getattr(self, 'pd')", True),
        ("def later(name):\n    return globals()[name]", True),
        ("def later(text):\n    return eval(text)", True),
        ("def later():\n    return vars().get(name)", True),
        ("for name in ('a', 'b'):\n    globals()[name] = make(name)", False),
        ("def later(x):\n    return vars(x)", False),
    ],
)
def test_whether_a_file_uses_a_name(tmp_path: Path, rest: str, used: bool) -> None:
    assert is_used(source(tmp_path, f"import pandas as pd\n{rest}\n"), {"pd"}) is used


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("from helpers.common import *\ndef work():\n    return st.zscore([1])", (3, "st")),
        ("from helpers.common import *\ndef work(st):\n    st = 1", None),
        ("def work():\n    from helpers.common import st", (2, "st")),
        ("import helpers.common as c\ndef work():\n    return c.st.zscore", (3, "st")),
        ("import helpers.common\ndef work():\n    return helpers.common.st", (3, "st")),
        ("from helpers import common\nprint(common.st)", (2, "st")),
        ("from .common import st", (1, "st")),
        ("from . import common\ncommon.st", (2, "st")),
        ("from helpers.common import other\nother.st", None),
        ("common = 1\nst = 2\nprint(st)", None),
        ("common = (", None),
    ],
)
def test_where_another_file_takes_a_name(
    tmp_path: Path, text: str, found: tuple[int, str] | None
) -> None:
    file = source(tmp_path, text, "dag.py")
    uses = [
        use
        for path in (file, str(tmp_path / "gone.py"))
        for _, use in uses_in(path, {"helpers.common": {"st"}})
    ]
    assert [(use.line, use.name) for use in uses] == ([found] if found else [])


@pytest.mark.parametrize(
    ("rest", "in_hints"),
    [
        ("def f(a: pd.DataFrame, *, b: list[pd.Series]) -> pd.Index: ...\nx: pd.Index", True),
        ("async def f() -> pd.Index:\n    c: pd.Series = None", True),
        ("def f(a: pd.DataFrame):\n    return pd.Series(a)", False),
        ("def f(a=pd.NA): ...", False),
        ("x: int = 1", False),
        ("__all__ = ['pd']", False),
    ],
)
def test_names_in_type_hints_only(tmp_path: Path, rest: str, in_hints: bool) -> None:
    head = "import pandas as pd\n"
    assert (
        is_in_hints(source(tmp_path, f"from __future__ import annotations\n{head}{rest}\n"), {"pd"})
        is in_hints
    )
    assert not is_in_hints(
        source(tmp_path, f"from __future__ import division\n{head}{rest}\n"), {"pd"}
    )


@pytest.mark.parametrize(
    ("rest", "in_hints"),
    [
        ("def f(a: 'pd.DataFrame') -> 'pd.Index': ...", True),
        ("def f(a: list['pd.DataFrame']): ...", True),
        ("def f(a: 'pd.DataFrame') -> pd.Index: ...", False),
        ("def f(a: 'pd.DataFrame', text):\n    return eval(text)", False),
    ],
)
def test_hints_in_quotes_are_never_evaluated(tmp_path: Path, rest: str, in_hints: bool) -> None:
    assert is_in_hints(source(tmp_path, f"import pandas as pd\n{rest}\n"), {"pd"}) is in_hints


@pytest.mark.parametrize(
    ("name", "text", "offered"),
    [
        ("common/__init__.py", "from .frames import totals", True),
        ("a.py", "from frames import totals as totals", True),
        ("a.py", "import frames as frames", True),
        ("a.py", "from frames import totals", False),
        ("a.py", "from frames import totals as sums", False),
    ],
)
def test_imports_that_offer_their_names_to_others(
    tmp_path: Path, name: str, text: str, offered: bool
) -> None:
    assert is_reexported(source(tmp_path, text, name), 1) is offered


@pytest.mark.parametrize(
    ("text", "line", "carried"),
    [
        (
            (
                "class Loader:\n    from heavy import client\n    def run(self):\n        return"
                " self.client()"
            ),
            2,
            True,
        ),
        ("class Loader:\n    if True:\n        import client", 3, True),
        ("class Loader:\n    def run(self):\n        import client", 3, False),
        ("import client\nclass Loader: ...", 1, False),
    ],
)
def test_imports_in_the_body_of_a_class(
    tmp_path: Path, text: str, line: int, carried: bool
) -> None:
    file = source(tmp_path, text)
    assert is_in_class(file, line) is carried
    assert has_attribute(file, {"client"}) is ("self.client" in text)


def test_modules_that_a_package_carries(tmp_path: Path) -> None:
    loads = source(
        tmp_path, "import pkg.heavy, os\nfrom pkg.deep import slow\nfrom . import x", "lib.py"
    )
    assert modules_at(loads, 1) == {"pkg.heavy"}
    assert modules_at(loads, 2) == {"pkg.deep", "pkg.deep.slow"}
    assert modules_at(loads, 3) == frozenset()
    reads = source(tmp_path, "import pkg\ndef work():\n    return pkg.heavy.run()", "dag.py")
    assert reads_module(reads, {"pkg.heavy"})
    assert not reads_module(reads, {"pkg.deep", "other.heavy"})
