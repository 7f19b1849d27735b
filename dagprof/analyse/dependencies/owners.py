"""The owner of an imported name: the standard library, a distribution, the user, or nobody."""

from __future__ import annotations

import enum
from collections.abc import Iterable
from typing import NamedTuple

from dagprof.analyse.dependencies.closure import normalised
from dagprof.analyse.distributions import distribution_of
from dagprof.link.messages.installed import Installed, InstalledRow, OwnerRow
from dagprof.model import Origin, Run

# Packages that many distributions share. A module below them belongs to none of those that only
# define the package.
_SHARED = ("airflow.providers", "google", "google.cloud", "azure", "opentelemetry")
_PROVIDERS = "airflow.providers."


class Belongs(str, enum.Enum):
    """To whom a name belongs."""

    STANDARD = "standard library"
    DISTRIBUTION = "distribution"
    USER = "user"
    NOBODY = "nobody"


class Owner(NamedTuple):
    """The owner of a name. ``distribution`` is empty unless the owner is a distribution.
    ``moved_to`` is the path in a provider that replaces the name.
    """

    belongs: Belongs
    distribution: str = ""
    moved_to: str = ""


def owner(name: str, module: str, found: OwnerRow | None, *, may_be_users: bool) -> Owner:
    """The owner of an imported name. ``module`` is the part of the name that must be a module,
    ``found`` the answer of the target interpreter.
    """
    if found is not None and found.is_standard:
        return Owner(Belongs.STANDARD)
    moved = found.moved_to if found is not None else ""
    if moved:
        name, module = moved, moved.rpartition(".")[0]
    if found is not None and found.distributions and _covers(found, name, module):
        return Owner(Belongs.DISTRIBUTION, found.distributions[0], moved)
    return Owner(Belongs.USER if may_be_users and not moved else Belongs.NOBODY, moved_to=moved)


def _covers(found: OwnerRow, name: str, module: str) -> bool:
    """Whether the distribution defines the module itself, and not only a package around it that
    many distributions share.
    """
    if len(found.module) >= len(module):
        return True
    if name.startswith(_PROVIDERS):
        # Part of a provider: at least ``airflow.providers.x``, and defined by one distribution.
        return found.module.startswith(_PROVIDERS) and len(found.distributions) == 1
    return found.module not in _SHARED and len(found.distributions) == 1


def of_run(run: Run, names: Iterable[str]) -> Installed:
    """What a Run knows about installed distributions, for a target interpreter that no longer
    exists: names and versions without sizes and requirements, and the owners of loaded modules.
    """
    versions = run.environment.distributions
    known = {normalised(name): name for name in versions}
    owners: dict[str, set[str]] = {}
    for module in run.modules:
        if module.distribution:
            owners.setdefault(module.name, set()).add(module.distribution)
            owners.setdefault(module.name.partition(".")[0], set()).add(module.distribution)
    standard = {
        module.name.partition(".")[0] for module in run.modules if module.origin is Origin.STDLIB
    }
    return Installed(
        distributions=tuple(
            InstalledRow(name=name, version=version) for name, version in versions.items()
        ),
        owners={name: _in_run(name, owners, standard, known) for name in names},
        python=run.environment.python_version,
    )


def _in_run(
    name: str, owners: dict[str, set[str]], standard: set[str], known: dict[str, str]
) -> OwnerRow:
    import sys

    top = name.partition(".")[0]
    if top in standard or top in sys.stdlib_module_names:
        return OwnerRow(module=name, is_standard=True)
    guess = known.get(normalised(distribution_of(name)))
    parts = name.split(".")
    for length in range(len(parts), 0, -1):
        module = ".".join(parts[:length])
        if length == 1 and guess is not None:
            return OwnerRow(module=name, distributions=(guess,))
        if module in owners:
            return OwnerRow(module=module, distributions=tuple(sorted(owners[module])))
    return OwnerRow()
