"""Changes a module as soon as it is loaded: at once if it is loaded already, otherwise at the end
of its import.

Waiting for a module imports nothing. An audit event announces each import statement. If the
statement may load a module that is waited for, a finder goes before the other finders. It leaves
again as soon as it has found the module.
"""

from __future__ import annotations

import sys
from types import ModuleType
from typing import TYPE_CHECKING, Any, Callable, Sequence

from ..origin import as_importlib

if TYPE_CHECKING:
    from importlib.machinery import ModuleSpec

    from .events import Arguments, Patch


class LatePatches:
    def __init__(self) -> None:
        self._patches: dict[str, Patch] = {}
        self._roots: set[str] = set()

    def add(self, name: str, patch: Patch) -> None:
        """Call ``patch`` with the module of this name, now or later."""
        module = sys.modules.get(name)
        if module is not None:
            _apply(patch, module)
        else:
            self._patches[name] = patch
            self._roots.add(_root(name))

    def on_import(self, args: Arguments) -> None:
        """An import of a module that is not loaded begins."""
        if _root(args[0]) in self._roots:
            self.catch_up()
            if self not in sys.meta_path:
                sys.meta_path.insert(0, self)

    def catch_up(self) -> None:
        """Patch modules that were loaded in another way than by an import statement."""
        for name in [name for name in self._patches if name in sys.modules]:
            module = sys.modules[name]
            if not getattr(getattr(module, "__spec__", None), "_initializing", False):
                self._finish(name, module)

    def _finish(self, name: str, module: ModuleType) -> None:
        patch = self._patches.pop(name, None)
        self._roots = {_root(waiting) for waiting in self._patches}
        if patch is not None:
            _apply(patch, module)

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Return the spec from the other finders, with a loader that applies the patch."""
        if name not in self._patches:
            return None
        others = [finder for finder in sys.meta_path if finder is not self]
        sys.meta_path[:] = others
        for finder in others:
            find = getattr(finder, "find_spec", None)
            spec: ModuleSpec | None = find(name, path, target) if find is not None else None
            if spec is not None:
                self._watch(spec)
                return spec
        return None

    def _watch(self, spec: ModuleSpec) -> None:
        loader: Any = spec.loader
        name = spec.name
        if not hasattr(loader, "exec_module") or isinstance(loader, type):
            return
        executing = loader.exec_module

        def exec_module(module: ModuleType) -> None:
            executing(module)
            self._finish(name, sys.modules.get(name, module))

        try:
            loader.exec_module = as_importlib(exec_module)
        except AttributeError:  # this module goes unwatched
            return


def _root(name: str) -> str:
    return name.partition(".")[0]


def _apply(patch: Patch, module: ModuleType) -> None:
    try:
        patch(module)
    except Exception:  # a module that differs from what its name suggests
        return


class Watched:
    """Replaces a function of a module. Like a built-in function, it does not become a method in a
    class, and pickles by name.
    """

    def __init__(
        self, ordinary: object, call: Callable[..., object], module: str, name: str
    ) -> None:
        self._call = call
        self.__wrapped__ = ordinary
        self.__doc__ = getattr(ordinary, "__doc__", None)
        self.__module__, self.__name__, self.__qualname__ = module, name, name

    def __call__(self, *args: object, **kwargs: object) -> object:
        return self._call(*args, **kwargs)

    def __reduce__(self) -> str:
        return self.__qualname__


def replace(owner: ModuleType, name: str, call: Callable[..., object]) -> None:
    """Replace a module's function by ``call``."""
    setattr(owner, name, Watched(getattr(owner, name), call, owner.__name__, name))
