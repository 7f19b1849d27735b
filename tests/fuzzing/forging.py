"""DAG files and plugins that reach into the probe and change what it sends."""

from __future__ import annotations

import textwrap

from support import dag

# ``facts`` is what the child sends: in the first frame what it found, in the second how it ended.
# ``mode`` is that of the parse. What the code leaves in ``facts`` is sent instead; text in ``sent``
# is sent as it is.
_FILE = """
import json, sys

frame = sys._getframe()
while not (frame.f_code.co_name == "run" and "request" in frame.f_locals):
    frame = frame.f_back
pipe, mode = frame.f_locals["pipe"], frame.f_locals["request"]["mode"]
ordinary = pipe.send

def changed(frame):
    facts, sent = json.loads(frame), None
    if mode == {mode!r} and ("ending" in facts) == {is_ending!r}:
{change}
    return (json.dumps(facts) if sent is None else sent).encode("ascii")

pipe.send = lambda *frames: ordinary(*map(changed, frames))
"""

# Another value at the place with this number, counted over all of the answer, or no value there.
ANYWHERE = """
def places(value, at=()):
    yield at
    if isinstance(value, dict):
        for key in sorted(value):
            yield from places(value[key], (*at, key))
    elif isinstance(value, list):
        for key in range(min(2, len(value))):
            yield from places(value[key], (*at, key))

deep = []
for _ in range(900):
    deep = [deep]
values = [None, True, -1, 7, 10**9, 2**70, -0.5, float("nan"), float("inf"), 10**4000, "", "x",
          "\\udcff", "s" * 100_000, [], [[]], [1, 2], {{}}, {{"a": 1}}, deep]
found = [place for place in places(facts) if place]
*around, last = found[{place} % len(found)]
holder = facts
for key in around:
    holder = holder[key]
number = {value} % (len(values) + 1)
if number == len(values):
    del holder[last]
else:
    holder[last] = values[number]
"""

_PLUGIN = """
import sys

channel = sys.modules["_dagprof_probe.channel"].Channel
ordinary = channel.send

def send(self, facts):
    facts = dict(facts)
    if {field!r} in facts:
{change}
    ordinary(self, facts)

channel.send = send
"""


def forging_file(name: str, mode: str, change: str, *, is_ending: bool = False) -> str:
    """A DAG file that changes one answer of a parse in one mode."""
    code = textwrap.indent(textwrap.dedent(change).strip(), " " * 8)
    return dag(name, _FILE.format(mode=mode, is_ending=is_ending, change=code))


def forging_plugin(field: str, change: str) -> str:
    """A plugin that changes the messages of the process that forks which have a field."""
    code = textwrap.indent(textwrap.dedent(change).strip(), " " * 8)
    return _PLUGIN.format(field=field, change=code)
