"""How Sphinx builds the site: ``tox -e docs``. Every warning is an error there, so a broken link
fails the build.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sphinx.application import Sphinx

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

import dagprof  # noqa: E402  (found by the line above)

# Users write `dagprof.frames.files_frame`, so the reference does too; Autodoc alone would name the
# file that defines it.
for name in ("comparison", "frames"):
    module = getattr(dagprof, name)
    sys.modules[f"dagprof.{name}"] = module
    for member in vars(module).values():
        if f"{getattr(member, '__module__', '')}.".startswith(f"{module.__name__}."):
            member.__module__ = f"dagprof.{name}"

project = "dagprof"
author = "the dagprof maintainers"
copyright = "the dagprof maintainers"  # noqa: A001  (Sphinx's name for it)
release = version = dagprof.__version__

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx_click"]
exclude_patterns = ["_build", "images/README.md"]  # a note for those who take the pictures
nitpicky = True

# The pages are read on GitHub too: anchors of headings are GitHub's.
myst_heading_anchors = 3
# In option help and docstrings, text in single backticks is code.
default_role = "code"
smartquotes = False  # options begin with two hyphens

autodoc_member_order = "bysource"
autodoc_typehints_format = "short"
python_use_unqualified_type_names = True
# Types in signatures may have no page here: those of the standard library, of pandas, and our own
# that no user needs.
nitpick_ignore_regex = [("py:class", ".*")]

html_theme = "furo"
html_title = f"dagprof {version}"
html_show_copyright = False


def without_factories(*event: Any) -> tuple[str, str] | None:
    """Autodoc's event for a signature: msgspec shows a default that a function makes as text
    that is not Python.
    """
    signature, returns = event[-2:]
    return (signature.replace("<factory>", "..."), returns) if signature else None


def setup(app: Sphinx) -> None:
    """Connect what stands above."""
    app.connect("autodoc-process-signature", without_factories)
