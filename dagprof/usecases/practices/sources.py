"""Reads the sources that the rules look at."""

from __future__ import annotations

import hashlib
import io
import tokenize
from collections.abc import Iterable, Mapping
from itertools import islice
from pathlib import Path

from dagprof.attribution.candidates import shown_path
from dagprof.measure import texts
from dagprof.model import Origin, Run

_MOST_FILES = 20_000
_LEFT_OUT = ("__pycache__", "node_modules", "site-packages", "dist-packages")


def of_files(run: Run, more: Iterable[str]) -> dict[str, str]:
    """The texts of the DAG files of a Run, and of ``more`` Python files below its folder."""
    root = Path(run.root)
    wanted = [*(file.path for file in run.files), *more]
    files = [root / path for path in dict.fromkeys(wanted) if path.endswith(".py")]
    return _decoded(run, texts.sources([], files))


def sources(run: Run) -> dict[str, str]:
    """The texts of the Python files in the folder of a Run, and of the user's other modules that
    the DAG files load, by the path that findings show. A DAG file that changed since the scan is
    left out.
    """
    root = Path(run.root)
    measured = {file.path: file.sha256 for file in run.files}
    mine = [
        Path(module.file)
        for module in run.modules
        if module.origin is Origin.USER and module.file.endswith(".py")
    ]
    files = [root / path for path in measured if path.endswith(".py")]
    # With single files, or a part of the folder, nobody asked for the other files.
    is_whole = run.paths == (".",) and "shard" not in run.settings
    others = islice(texts.files(root, (".py",), _LEFT_OUT), _MOST_FILES) if is_whole else ()
    return _decoded(run, texts.sources([], [*files, *mine, *others]))


def _decoded(run: Run, data_of: Mapping[str, bytes]) -> dict[str, str]:
    measured = {file.path: file.sha256 for file in run.files}
    found = {}
    for path, data in data_of.items():
        shown = shown_path(path, run.root)
        expected = measured.get(shown, "")
        if not data or expected not in ("", hashlib.sha256(data).hexdigest()):
            continue
        text = data.decode(_encoding(data), "replace")
        found[shown] = text.replace("\r\n", "\n").replace("\r", "\n")
    return found


def _encoding(data: bytes) -> str:
    """The encoding that a source declares."""
    try:
        return tokenize.detect_encoding(io.BytesIO(data).readline)[0]
    except (SyntaxError, LookupError, UnicodeDecodeError):
        return "utf-8"
