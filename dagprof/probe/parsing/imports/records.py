"""The records of the import tracer, which follow one another in flat lists.

Each constant ``…_FIELDS`` is the length of one record.
"""

from __future__ import annotations

OUTSIDE = -1

# A load: name, place of the load around it, ns, ns of the loads in it, line and name of the
# importer, running line.
LOAD_FIELDS = 7
ELAPSED, INSIDE = 2, 3
# A hit, which is a statement that a module ran: line, whether ``exec`` ran the code, namespace,
# name, fromlist, level.
HIT_FIELDS = 6
# A call, which is a statement that a function ran: line, namespace, name, fromlist, level, place of
# the load under way, its running line, whether it is in a function.
CALL_FIELDS = 8
