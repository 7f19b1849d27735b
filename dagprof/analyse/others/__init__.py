"""Changes that are not in the plan, because they do not remove code from a parse: look-ups,
preloading, and loops that build DAGs.
"""

from __future__ import annotations

from dagprof.analyse.others.collected import LookupChange, Others, others

__all__ = ["LookupChange", "Others", "others"]
