"""Odd sources of DAG files and helpers, read as experiments, gate and reports read them."""

from __future__ import annotations

import functools
import random
from pathlib import Path

from dagprof.ab import codelines
from dagprof.attribution import calls, name_usage, sources
from dagprof.attribution.sourcelines import source_lines
from dagprof.gate import waivers
from fuzzing.mutations import broken

_PIECES = (
    *(
        "import pandas as pd\n",
        "from a.b import c as d, e\n",
        "from . import x\n",
        "from a import *\n",
    ),
    *(
        "class A:\n    import pandas\n    def f(self): return self.pandas\n",
        "x: 'pd.DataFrame' = 1\n",
    ),
    *(
        "def f(a: 'pd.X') -> 'pd.Y': ...\n",
        "cast('pd.X', y)\n",
        "globals()['x'] = 1\n",
        "a.b.c.d\n",
    ),
    *(
        "for n in range(9):\n    if n: import os\n    else: pass\n",
        "__all__ = ['pd']\n",
        "\f\n",
        "x = (\n",
    ),
    *(
        "# dagprof: accept slower until 2030-01-01: why\n",
        "#dagprof: accept x, y until 1\n",
        "\\\n",
    ),
    *(
        "# dagprof: accept slwer until 2030-99-01\n",
        "'''text\n",
        "match x:\n    case 1: y()\n",
        "\0",
    ),
    *(
        "x = f'{a!r:{b}}'\n",
        "async def g(): await h()\n",
        "# -*- coding: utf-16 -*-\n",
        "\ufeff",
        "é = 1\n",
    ),
    *(
        "# dagprof: accept " + "a" * 9_000 + " until 2030-01-01: r\n",
        "# vim: set fileencoding=x :\n",
    ),
)
_DEEP = (
    *("x = a{}\n", ".b"),
    *("x = {}1\n", "-"),
    *("x = {}\n", "(1)+"),
    *("x = {}\n", "["),
    *("x = f{}\n", "()"),
    *("x = a{}\n", "[0]"),
    *("x = {}1\n", "not "),
    *("x = {}1\n", "lambda: "),
    *("{}pass\n", "if x: "),
    *("x = 1{}\n", " if y else 1"),
    *("x = 1{}\n", "+1"),
    *("x = a{}\n", ".b()"),
    *("cast({}1)\n", "cast("),
)


def source_case(chance: random.Random, folder: Path) -> None:
    """A source of odd pieces, of deep expressions, or of bytes."""
    text = "".join(chance.choices(_PIECES, k=chance.choice([1, 3, 8])))
    if chance.random() < 0.3:
        at = 2 * chance.randrange(len(_DEEP) // 2)
        text += _DEEP[at].format(_DEEP[at + 1] * chance.choice([50, 200, 500, 990, 3_000, 20_000]))
    if chance.random() < 0.1:
        text += "class B:\n    if x: pass\n" + "    elif y: import pandas\n" * chance.choice(
            [9, 600, 2_000]
        )
    data = text.encode(chance.choice(["utf-8", "utf-8", "latin-1", "utf-16"]), "replace")
    data = broken(data, chance) if chance.random() < 0.5 else data
    place = folder / "odd.py"
    place.write_bytes(data)
    for read in (*_READERS, functools.partial(waivers.in_source, data.decode("utf-8", "replace"))):
        read(str(place))
    source_lines(data)
    sources.imported_names(data, "a.b")
    codelines.sorted_out({"odd.py": range(1, 9)}, folder)
    place.unlink()


_NAMES = frozenset({"pd", "pandas", "d"})
_READERS = (
    *(
        functools.partial(_each, line=line)
        for line in (1, 2)
        for _each in (
            name_usage.bound_names,
            name_usage.is_reexported,
            name_usage.is_in_class,
            name_usage.modules_at,
        )
    ),
    calls.call_statements,
    functools.partial(name_usage.reads_module, modules=frozenset({"a.b"})),
    functools.partial(name_usage.has_attribute, names=_NAMES),
    functools.partial(name_usage.is_used, names=_NAMES),
    functools.partial(name_usage.is_in_hints, names=_NAMES),
    lambda file: list(name_usage.uses_in(file, {"a.b": _NAMES, "pandas": _NAMES})),
)
