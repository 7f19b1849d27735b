"""A folder of 40 DAG files whose import costs and shared modules are known by construction.

Every module waits a fixed time when it is imported, because other load does not disturb waiting.
Directives at the ends of lines state what running the line does: ``waits 30`` (ms), ``loads a a.b``
(an import statement, and the modules in order), ``in name`` (is in a function, runs only when
called), ``calls name``, ``needed`` (the file fails without it). ``Folder`` follows these directives
line by line, like an interpreter. So it knows the time of a parse with and without any statements.
``Folder.write`` can really remove statements. This file contains no import graph.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path
from typing import NamedTuple

Where = tuple[str, int]
_WAIT = re.compile(r"time\.sleep\(.*\)  # waits (\d+)")

DAG = """
import datetime
from airflow import DAG
with DAG("{name}", start_date=datetime.datetime(2024, 1, 1), schedule=None):
    pass
"""


class Line(NamedTuple):
    """One line of source and its effects. ``function`` is empty for code that runs at import."""

    text: str
    waits_ms: int = 0
    loads: tuple[str, ...] = ()
    function: str = ""
    calls: str = ""
    is_needed: bool = False


class Joint(NamedTuple):
    """Statements whose joint saving differs from the sum of their single savings."""

    path: str
    statements: tuple[Where, Where]
    saving_ms: int


class Folder:
    """Sources by relative path. Paths in ``dag_files`` are DAG files, all others are helpers."""

    def __init__(self, sources: Mapping[str, str], dag_files: Iterable[str]) -> None:
        self.dag_files = tuple(dag_files)
        self.lines = {
            path: [_line(text) for text in source.splitlines()] for path, source in sources.items()
        }
        self.paths = {_module_name(path): path for path in sources if path not in self.dag_files}
        self.functions = {
            line.function: (path, number)
            for path, lines in self.lines.items()
            for number, line in enumerate(lines, 1)
            if line.function
        }

    def write(self, root: Path, without: Collection[Where] = ()) -> Path:
        """Write all files; the statements of ``without`` become ``pass``."""
        for path, lines in self.lines.items():
            texts = [
                _passed(line.text) if (path, number) in without else line.text
                for number, line in enumerate(lines, 1)
            ]
            file = root / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text("\n".join(texts) + "\n", encoding="utf-8")
        return root

    def parse_ms(self, path: str, without: Collection[Where] = ()) -> int:
        """How long the imports of one DAG file wait."""
        return self._parse(path, without).ms

    def saving_ms(self, path: str, without: Collection[Where]) -> int:
        """The true saving in one file of removing these statements together."""
        return self.parse_ms(path) - self.parse_ms(path, without)

    def fleet_ms(self, without: Collection[Where]) -> int:
        """The true saving over all files."""
        return sum(self.saving_ms(path, without) for path in self.dag_files)

    def statements(self, path: str) -> dict[Where, int]:
        """The import statements of all files that one file's parse does not need, each with its
        true saving in that parse.
        """
        return {
            (file, number): self.saving_ms(path, {(file, number)})
            for file in sorted({path, *self._parse(path, ()).paths})
            for number, line in enumerate(self.lines[file], 1)
            if line.loads and not line.is_needed
        }

    def joints(self, path: str) -> list[Joint]:
        """Pairs of statements in one file whose savings depend on each other."""
        alone = self.statements(path)
        pairs = [(pair, self.saving_ms(path, pair)) for pair in itertools.combinations(alone, 2)]
        return [Joint(path, (a, b), both) for (a, b), both in pairs if both != alone[a] + alone[b]]

    def _parse(self, path: str, without: Collection[Where]) -> _Parse:
        parse = _Parse(self, without)
        parse.execute(path)
        return parse


class _Parse:
    """Follows the directives as an interpreter follows the code."""

    def __init__(self, folder: Folder, without: Collection[Where]) -> None:
        self._folder, self._without = folder, without
        self._loaded: set[str] = set()
        self.ms = 0

    @property
    def paths(self) -> set[str]:
        """The helpers that were executed."""
        return {self._folder.paths[name] for name in self._loaded}

    def execute(self, path: str) -> None:
        for number, line in enumerate(self._folder.lines[path], 1):
            if not line.function:
                self._run(path, number)

    def _run(self, path: str, number: int) -> None:
        if (path, number) in self._without:
            return
        line = self._folder.lines[path][number - 1]
        self.ms += line.waits_ms
        for name in line.loads:
            self._load(name)
        if line.calls:
            self._run(*self._folder.functions[line.calls])

    def _load(self, name: str) -> None:
        parts = name.split(".")
        for count in range(1, len(parts) + 1):
            module = ".".join(parts[:count])
            if module not in self._loaded:
                self._loaded.add(module)
                self.execute(self._folder.paths[module])


def _line(text: str) -> Line:
    values: dict[str, str] = {}
    for directive in text.partition("  # ")[2].split(";"):
        word, _, rest = directive.strip().partition(" ")
        values[word] = rest
    return Line(
        text=text,
        waits_ms=int(values.get("waits", 0)),
        loads=tuple(values.get("loads", "").split()),
        function=values.get("in", ""),
        calls=values.get("calls", ""),
        is_needed="needed" in values,
    )


def _passed(text: str) -> str:
    return text[: len(text) - len(text.lstrip())] + "pass"


def _module_name(path: str) -> str:
    return path[: -len(".py")].replace("/", ".").replace(".__init__", "")


def _library(waits_ms: int, *lines: str) -> str:
    """A module that exports ``value``, runs some lines, and waits."""
    return "\n".join(["import time", "value = 1", *lines, _wait(waits_ms)])


def _wait(waits_ms: int) -> str:
    return f"time.sleep({waits_ms / 1000})  # waits {waits_ms}"


HELPERS = {
    "lib_a.py": _library(40),
    "lib_b.py": _library(30),
    "lib_c.py": _library(60),
    "lib_d.py": _library(25),
    "lib_e.py": _library(50),
    "chain_a.py": _library(15, "import chain_b  # loads chain_b"),
    "chain_b.py": _library(20, "from chain_c import value  # loads chain_c"),
    "chain_c.py": _library(30, "import lib_a  # loads lib_a"),
    "left.py": _library(20, "import bottom  # loads bottom"),
    "right.py": _library(30, "from bottom import value as other  # loads bottom"),
    "bottom.py": _library(50),
    "shared/__init__.py": "",
    "shared/frames.py": _library(
        10, "import lib_c  # loads lib_c", "from lib_b import value  # loads lib_b"
    ),
    "shared/dates.py": _library(15, "from lib_b import value  # loads lib_b"),
    "shared/all_of_it.py": _library(
        10,
        "from shared import frames  # loads shared shared.frames",
        "from . import dates  # loads shared shared.dates",
    ),
    "ring_a.py": _library(20, "import ring_b  # loads ring_b"),
    "ring_b.py": _library(30, "import ring_c  # loads ring_c"),
    "ring_c.py": _library(40, "import ring_a  # loads ring_a"),
    "builder.py": _library(
        15,
        "def build():",
        "    import lib_e  # in build; loads lib_e",
    ),
    "registry.py": _library(
        10,
        "import importlib",
        "for name in ('lib_a', 'lib_d'):",
        "    importlib.import_module(name)  # loads lib_a lib_d",
    ),
    "finder.py": _library(
        10,
        "import importlib",
        "def find(name):",
        "    return importlib.import_module(name)  # in find; loads lib_c",
    ),
    "stars/__init__.py": _library(15, "__all__ = ['one', 'two']"),
    "stars/one.py": _library(25, "from lib_d import *  # loads lib_d"),
    "stars/two.py": _library(35),
    "facade/__init__.py": _library(
        10,
        "from facade.core import value  # loads facade facade.core",
        "from .extra import value as other  # loads facade facade.extra",
    ),
    "facade/core.py": _library(20, "import lib_b  # loads lib_b"),
    "facade/extra.py": _library(30, "from lib_e import value  # loads lib_e"),
    "facade/small.py": _library(20),
    "lazy/__init__.py": _library(
        10,
        "def __getattr__(name):",
        "    if name != 'thing': raise AttributeError(name)",
        "    from lazy import heavy  # in lazy; loads lazy lazy.heavy",
        "    return 1",
    ),
    "lazy/heavy.py": _library(45),
    "uses_lazy.py": _library(15, "from lazy import thing  # loads lazy; calls lazy"),
}

# The statements of DAG files, by kind.
FILES: dict[str, tuple[str, ...]] = {
    "chain": (
        "import chain_a  # loads chain_a",
        "import chain_a  # loads chain_a\nimport chain_c  # loads chain_c",
        (
            "import chain_b  # loads chain_b\nimport chain_a  # loads chain_a\nimport lib_a  #"
            " loads lib_a"
        ),
    ),
    "diamond": (
        "import left  # loads left\nimport right  # loads right",
        "import left  # loads left\nimport lib_d  # loads lib_d",
        "import right  # loads right\nimport left  # loads left\nimport bottom  # loads bottom",
    ),
    "shared": (
        "from shared import frames  # loads shared shared.frames",
        "from shared.frames import value  # loads shared.frames\nimport lib_c  # loads lib_c",
        "from shared import dates, frames  # loads shared shared.dates shared.frames",
        "import shared.frames  # loads shared.frames\nimport shared.dates  # loads shared.dates",
        "from shared.all_of_it import value  # loads shared.all_of_it",
        (
            "from shared.all_of_it import value  # loads shared.all_of_it\nfrom shared import dates"
            "  # loads shared shared.dates"
        ),
    ),
    "cycle": (
        "import ring_a  # loads ring_a",
        "import ring_b  # loads ring_b\nimport ring_a  # loads ring_a",
        "import ring_c  # loads ring_c\nimport lib_b  # loads lib_b",
        (
            "import ring_a  # loads ring_a\nimport ring_b  # loads ring_b\nimport ring_c  # loads"
            " ring_c"
        ),
    ),
    "conditional": (
        "FLAG = True\nif FLAG:\n    import lib_c  # loads lib_c\nelse:\n    import lib_a",
        (
            "try:\n    import lib_a  # loads lib_a\nexcept ImportError:\n    lib_a = None\nimport"
            " lib_b  # loads lib_b"
        ),
        (
            "try:\n    import not_there\nexcept ImportError:\n    import lib_d as not_there  #"
            " loads lib_d"
        ),
        (
            "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import lib_e\nimport lib_d  #"
            " loads lib_d"
        ),
    ),
    "function": (
        "def build():\n    import lib_e  # in build_here; loads lib_e\nbuild()  # calls build_here",
        "from builder import build  # loads builder; needed\nbuild()  # calls build",
        (
            "from builder import build  # loads builder; needed\nimport lib_e  # loads"
            " lib_e\nbuild()  # calls build"
        ),
        "def never():\n    import lib_a  # in never; loads lib_a\nimport builder  # loads builder",
    ),
    "import_module": (
        "import importlib\nimportlib.import_module('lib_c')  # loads lib_c",
        "import registry  # loads registry\nimport lib_d  # loads lib_d",
        "import finder  # loads finder; needed\nfinder.find('lib_c')  # calls find",
        (
            "from importlib import import_module\nfor name in ('lib_a', 'lib_b'):\n"
            "    import_module(name)  # loads lib_a lib_b\nimport registry  # loads registry"
        ),
    ),
    "star": (
        "from stars import *  # loads stars stars.one stars.two",
        (
            "from stars import *  # loads stars stars.one stars.two\nfrom stars.two import value  #"
            " loads stars.two"
        ),
        "from stars.one import *  # loads stars.one\nfrom lib_d import *  # loads lib_d",
    ),
    "reexport": (
        "from facade import value  # loads facade",
        "from facade.small import value  # loads facade.small",
        (
            "from facade import value  # loads facade\nfrom facade.small import value  # loads"
            " facade.small"
        ),
        "from facade.core import value  # loads facade.core\nimport lib_e  # loads lib_e",
    ),
    "lazy": (
        "from lazy import thing  # loads lazy; calls lazy",
        "import uses_lazy  # loads uses_lazy",
        "import uses_lazy  # loads uses_lazy\nfrom lazy import thing  # loads lazy; calls lazy",
    ),
    "mixed": (
        "import lib_a, lib_b  # loads lib_a lib_b\nimport registry  # loads registry",
        (
            "class Settings:\n    import lib_c  # loads lib_c\nfrom shared.frames import value  #"
            " loads shared.frames"
        ),
    ),
}


def folder(factor: int = 1) -> Folder:
    """The 40 files and their helpers; ``factor`` makes all waits longer."""
    sources = {
        f"{kind}_{number}.py": text + DAG.format(name=f"{kind}_{number}")
        for kind, texts in FILES.items()
        for number, text in enumerate(texts, 1)
    }
    helpers = {
        path: _WAIT.sub(lambda found: _wait(factor * int(found[1])), text)
        for path, text in HELPERS.items()
    }
    return Folder({**helpers, **sources}, sources)
