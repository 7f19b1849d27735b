"""Over all files: what each change in one place would save, the plan of changes, and the floor.

A change takes one import statement of the user's code out of what runs at parse time. What a set of
changes saves in a file is what the import graph says is saved without all of them; where
experiments timed parses without exactly that, the proved figure stands instead. Statements that an
experiment showed to be needed are never proposed. All times are without waiting for a processor,
which no change gives back.
"""

from __future__ import annotations

from dagprof.analyse.fleet.fleet import Fleet
from dagprof.analyse.fleet.values import Change, Plan, Step
from dagprof.analyse.fleet.view import FileView

__all__ = ["Change", "FileView", "Fleet", "Plan", "Step"]
