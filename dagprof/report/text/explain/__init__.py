"""The terminal output about one file: the source with times in the margin, the imports, effects,
experiments and changes.
"""

from __future__ import annotations

from dagprof.report.text.explain.explanation import Explanation
from dagprof.report.text.explain.sections import render

__all__ = ["Explanation", "render"]
