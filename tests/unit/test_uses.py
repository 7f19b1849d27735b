"""Who uses the names that an import statement binds."""

from __future__ import annotations

from pathlib import Path

import pytest

from dagprof.attribution.uses import bound_names, is_in_hints, is_used, uses_in


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
def test_where_another_file_takes_a_name(tmp_path: Path, text: str, found: tuple[int, str] | None) -> None:
    file = source(tmp_path, text, "dag.py")
    uses = [use for path in (file, str(tmp_path / "gone.py")) for _, use in uses_in(path, {"helpers.common": {"st"}})]
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
    assert is_in_hints(source(tmp_path, f"from __future__ import annotations\n{head}{rest}\n"), {"pd"}) is in_hints
    assert not is_in_hints(source(tmp_path, f"from __future__ import division\n{head}{rest}\n"), {"pd"})
