"""Finds the imports in Python source text without executing the text. dagprof uses these imports to
find the DAG files that a changed module can reach, and the packages that many DAG files share.

The search finds too many files rather than too few. A traced parse then shows which files really
load the change.
"""

from __future__ import annotations

import ast
import functools
import re
import sys
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from pathlib import PurePath

# Ways in which a file can load Python code that its text does not name, and ways to find files to
# read.
_DYNAMIC = re.compile(
    rb"\b(?:import_module|import_string|__import__|exec|eval|runpy|pkgutil|importlib|locate)\b"
)
_LISTING = re.compile(rb"\b(?:i?glob|rglob|iterdir|listdir|scandir|walk)\b")

# Ways in which code can notice or change how packages are loaded: it looks at the loaded modules,
# changes where imports come from or what packages read while they are imported, or imports them in
# another thread or process.
_NOTICING = re.compile(
    rb"\bsys\s*\.\s*(?:modules|meta_path|path|path_hooks|path_importer_cache)\b|__subclasses__\b"
    rb"|\bfrom\s+sys\s+import\b|\bimport\s+sys\s+as\b|\b(?:vars|getattr|setattr)\(\s*sys\b"
    rb"|\b(?:setrecursionlimit|addsitedir|load_dotenv|putenv|fork|forkpty|multiprocessing)\b"
    rb"|\benviron\s*(?:\[[^\]\n]*\]\s*(?:=(?!=)|\|=)|\|=|\.\s*(?:update|setdefault|pop|clear)\b)"
    rb"|\b(?:builtins|__builtins__)\b|\b__import__\s*="
    rb"|\b(?:Thread|Timer|ThreadPool|ThreadPoolExecutor|ProcessPoolExecutor|start_new_thread"
    rb"|to_thread|run_in_executor)\b"
)

_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)


def module_names(path: PurePath, roots: Iterable[PurePath]) -> tuple[str, ...]:
    """The names under which other files can import a file. There is one name for each folder of
    ``roots`` above the file.
    """
    names = []
    for root in roots:
        if path.is_relative_to(root):
            parts = path.relative_to(root).with_suffix("").parts
            parts = parts[:-1] if parts and parts[-1] == "__init__" else parts
            if parts:
                names.append(".".join(parts))
    return tuple(names)


def imported_names(source: bytes, importer: str, *, is_package: bool = False) -> set[str]:
    """All dotted names that a source text may import, including their parent packages. Empty if the
    text is not Python.
    """
    nodes = ast.walk(_tree(source))
    return {name for node in nodes for name in _names_in(node, importer, is_package)}


def _tree(source: bytes) -> ast.Module:
    """The syntax tree of a text; an empty one if the text is not Python."""
    try:
        return ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return ast.Module(body=[], type_ignores=[])


def _names_in(node: ast.AST, importer: str, is_package: bool) -> set[str]:
    """All dotted names that a node may import, including their parent packages; empty if it is no
    import statement.
    """
    found: set[str] = set()
    if isinstance(node, ast.Import):
        found.update(alias.name for alias in node.names)
    elif isinstance(node, ast.ImportFrom):
        base = absolute_name(node, importer, is_package)
        found |= {base} - {""}
        found.update(f"{base}.{alias.name}" if base else alias.name for alias in node.names)
    return {above for name in found for above in _with_packages(name)}


def absolute_name(node: ast.ImportFrom, importer: str, is_package: bool) -> str:
    """The module that a ``from`` import names, also if its name is relative to ``importer``."""
    if not node.level:
        return node.module or ""
    parts = importer.split(".")
    up = node.level - (1 if is_package else 0)
    kept = parts[: len(parts) - up] if up else parts
    return ".".join([*kept, *([node.module] if node.module else [])])


def _with_packages(name: str) -> Iterable[str]:
    parts = name.split(".")
    return (".".join(parts[:length]) for length in range(1, len(parts) + 1))


class Reach:
    """Finds the files that a set of changed files can reach.

    ``sources`` holds the text of all Python files of one version, by path. ``modules`` holds the
    import names of each file. ``entries`` are the DAG files. dagprof assumes that other files
    import DAG files only by name.
    """

    def __init__(
        self,
        sources: Mapping[str, bytes],
        modules: Mapping[str, Sequence[str]],
        entries: Collection[str] = (),
    ) -> None:
        self._sources, self._modules, self._entries = sources, modules, entries
        self._imports: dict[str, set[str]] = {}

    def of(self, changed: Iterable[str]) -> set[str]:
        """The changed paths, and all paths that import a changed path directly or through other
        files.

        If a helper changed, the result includes files with dynamic imports. If a file that is not
        Python changed, the result includes the files whose text contains the name, the folder or
        the suffix of the file. If any file except DAG files changed, the result includes the files
        that list folders.
        """
        changed = set(changed)
        reached, waiting = set(changed), [path for path in changed if path.endswith(".py")]
        others = [path for path in changed if not path.endswith(".py")]
        seeds = {path for path, text in self._sources.items() if _mentions(text, others)}
        if any(path not in self._entries for path in waiting):
            seeds |= {path for path, text in self._sources.items() if _DYNAMIC.search(text)}
        if any(path not in self._entries for path in changed):
            seeds |= {path for path, text in self._sources.items() if _LISTING.search(text)}
        return self.importing(reached | seeds, waiting + list(seeds - reached))

    def importing(self, paths: Iterable[str], waiting: Iterable[str] | None = None) -> set[str]:
        """These paths, and all paths that import one of ``waiting`` by name, directly or through
        other files. By default, ``waiting`` is all of these paths.
        """
        reached = set(paths)
        waiting = list(reached if waiting is None else waiting)
        while waiting:
            wanted = {name for path in waiting for name in self._modules.get(path, ())}
            waiting = [path for path in self._importers(wanted) if path not in reached]
            reached.update(waiting)
        return reached

    def ways(self, paths: Iterable[str], reached: Collection[str]) -> list[frozenset[str]]:
        """For each of ``paths``, the modules among ``reached`` that its text imports by name."""
        names = {name for path in reached for name in self._modules.get(path, ())}
        return [frozenset(self.imports_of(path) & names) for path in paths]

    def forget(self, path: str) -> None:
        """Read a source again when it is next needed, because its text in ``sources`` changed."""
        self._imports.pop(path, None)

    def _importers(self, names: set[str]) -> Iterable[str]:
        words = [name.rpartition(".")[2].encode(errors="surrogateescape") for name in names]
        for path, text in self._sources.items():
            if any(word in text for word in words) and self.imports_of(path) & names:
                yield path

    def imports_of(self, path: str) -> set[str]:
        """All dotted names that a source may import, including their parent packages."""
        if path not in self._imports:
            is_package = path.endswith("/__init__.py")
            names = self._modules.get(path) or ("",)
            self._imports[path] = {
                found
                for name in names
                for found in imported_names(self._sources[path], name, is_package=is_package)
            }
        return self._imports[path]


def _mentions(text: bytes, paths: Iterable[str]) -> bool:
    """Whether a source text contains the name of a file, its folder in quotes or in a path, or its
    suffix.
    """
    for path in map(PurePath, paths):
        if path.name.encode(errors="surrogateescape") in text:
            return True
        folder = re.escape(path.parent.name.encode(errors="surrogateescape"))
        if folder and re.search(rb"[\"'/]" + folder + rb"[\"'/]", text):
            return True
        if path.suffix and re.search(
            re.escape(path.suffix.encode(errors="surrogateescape")) + rb"[\"']", text
        ):
            return True
    return False


def installed_imports(
    sources: Mapping[str, bytes],
    modules: Mapping[str, Sequence[str]],
    entries: Sequence[str],
) -> dict[str, frozenset[str]]:
    """For each of the DAG files ``entries``, the dotted names that the file and its helpers import
    from installed distributions at their top level. A name may be one in a module.

    ``sources`` holds the text of all Python files of the user by path, ``modules`` the names under
    which each of them can be imported.
    """
    paths = {name: path for path, names in modules.items() for name in names if path in sources}

    @functools.cache  # most files of a large PYTHONPATH are no helpers of DAG files
    def imported(path: str) -> set[str]:
        return _top_level(sources[path], modules.get(path, ()), path) if path in sources else set()

    others = {name.partition(".")[0] for name in paths} | sys.stdlib_module_names
    return {
        entry: frozenset(
            name
            for name in _reached(entry, imported, paths)
            if name.partition(".")[0] not in others
        )
        for entry in entries
    }


def noticing(
    sources: Mapping[str, bytes],
    modules: Mapping[str, Sequence[str]],
    entries: Sequence[str],
) -> set[str]:
    """The DAG files among ``entries`` whose text, or the text of a helper, can notice or change how
    packages are loaded. The arguments are as in ``installed_imports``.
    """
    seeds = {path for path, text in sources.items() if _NOTICING.search(text)}
    return Reach(sources, modules).importing(seeds) & {*entries}


def shared_imports(imports: Iterable[Collection[str]], least: int) -> list[str]:
    """The names that at least ``least`` DAG files import, sorted, so that packages come before
    their modules. ``imports`` has the names of each file.
    """
    counts = Counter(name for names in imports for name in names)
    return sorted(name for name, count in counts.items() if count >= least)


def _reached(entry: str, imported: Callable[[str], set[str]], paths: Mapping[str, str]) -> set[str]:
    """The names that a DAG file and its helpers import, except the helpers."""
    seen, waiting, found = {entry}, [entry], set[str]()
    while waiting:
        for name in imported(waiting.pop()):
            path = paths.get(name)
            if path is None:
                found.add(name)
            elif path not in seen:
                seen.add(path)
                waiting.append(path)
    return found


def _top_level(text: bytes, names: Sequence[str], path: str) -> set[str]:
    importer, is_package = (names or ("",))[0], path.endswith("/__init__.py")
    nodes = _executed(_tree(text))
    return {name for node in nodes for name in _names_in(node, importer, is_package)}


def _executed(tree: ast.AST) -> Iterator[ast.AST]:
    """The nodes that run when the module is imported: none in functions, and none for types."""
    waiting: list[ast.AST] = [tree]
    while waiting:
        node = waiting.pop()
        yield node
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test):
            waiting.extend(node.orelse)
        elif not isinstance(node, _FUNCTIONS):
            waiting.extend(ast.iter_child_nodes(node))
