"""The user's lines behind loads."""

from __future__ import annotations

from dagprof.analyse.loads import Lead, leads, outermost
from dagprof.model import Loads

HELPER, PANDAS, NUMPY, SENTRY, OPENAI = range(5)
ARE_USERS = [True, False, False, False, False]
# module, parent, importer, line, caller line
ROWS = (
    (HELPER, -1, -1, 2, 2),  # import helper
    (PANDAS, 0, HELPER, 1, 1),  # import pandas, in the helper
    (NUMPY, 1, PANDAS, 9, 9),
    (SENTRY, 0, HELPER, 3, 3),
    (OPENAI, -1, SENTRY, 70, 5),  # sentry_sdk.init(), in the DAG file
    (PANDAS, 4, OPENAI, 4, 4),
    (OPENAI, 0, SENTRY, 70, 8),  # sentry_sdk.init(), in the helper
    (NUMPY, -1, -2, 0, 0),  # nothing known
)
MODULE, PARENT, IMPORTER, LINE, CALLER = zip(*ROWS, strict=True)
LOADS = Loads(
    module=MODULE,
    parent=PARENT,
    self_us=(1,) * len(ROWS),
    cumulative_us=(1,) * len(ROWS),
    importer=IMPORTER,
    line=LINE,
    caller_line=CALLER,
    imports=(0,) * len(ROWS),
)


def test_each_load_has_the_users_line_that_leads_there() -> None:
    assert leads(LOADS, ARE_USERS) == [
        Lead(-1, 2, is_indirect=False),
        Lead(HELPER, 1, is_indirect=False),
        Lead(HELPER, 1, is_indirect=False),
        Lead(HELPER, 3, is_indirect=False),
        Lead(-1, 5, is_indirect=True),
        Lead(-1, 5, is_indirect=True),
        Lead(HELPER, 8, is_indirect=True),
        Lead(-1, 0, is_indirect=True),
    ]


def test_a_load_inside_its_own_group_is_not_outermost() -> None:
    keys = ["helper", "pandas", "pandas", "sentry", "openai"]
    assert outermost(LOADS, keys) == [True, True, False, True, True, True, True, True]
