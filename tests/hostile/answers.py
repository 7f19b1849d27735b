"""What a file can do to the answer that the probe gives about it: as found in the frames above it."""

from hostile.entry import ANY, FAILS, Behaviour

_FRAMES = """
import sys
frames = []
frame = sys._getframe(1)
while frame:
    frames.append(frame); frame = frame.f_back
def of_probe(name):
    for frame in frames:
        if "_dagprof" in str(frame.f_globals.get("__name__")) and name in frame.f_globals:
            yield frame.f_globals
"""
# Changes what the child writes, where it writes facts.
_FORGE = (
    _FRAMES
    + """
for found in of_probe("_dumps"):
    ordinary = found["_dumps"]
    def forged(facts, *more, ordinary=ordinary, **others):
        if isinstance(facts, dict) and "failures" in facts:
            {}
        return ordinary(facts, *more, **others)
    found["_dumps"] = forged
"""
)


def _forges(name: str, why: str, change: str) -> Behaviour:
    """Changes the answer; whatever is made of it is right as long as it is a row of this file."""
    return Behaviour(f"forges_{name}", ANY, why, _FORGE.format(change))


ANSWERS = (
    _forges("accesses", "rows that are too short", "facts['accesses'] = [[1, 2]]"),
    _forges("dag_ids", "ids that are none", "facts['dag_ids'] = [7, None, {}]"),
    _forges(
        "many_dag_ids", "a million ids", "facts['dag_ids'] = [str(n) for n in range(1_000_000)]"
    ),
    _forges(
        "html_ids",
        "ids with HTML and escapes",
        "facts['dag_ids'] = ['<script>\\\\x1b[2J\\\\n::error::']",
    ),
    _forges(
        "negative_times",
        "times below zero",
        "facts.get('sample', {}).update(wall_ms=-5.0, load_ms=-1e9)",
    ),
    _forges(
        "infinite_times",
        "times that are not finite",
        "facts.get('sample', {}).update(wall_ms=float('inf'), cpu_ms=float('nan'))",
    ),
    _forges(
        "huge_times",
        "times beyond all numbers",
        "facts.get('sample', {}).update(wall_ms=1e308, cpu_ms=10**400)",
    ),
    _forges("text_times", "times that are texts", "facts.get('sample', {}).update(wall_ms='7')"),
    _forges("no_failures", "failures that are none", "facts['failures'] = 7"),
    _forges(
        "odd_failures",
        "failures with places that no file has",
        "facts['failures'] = [{'type': 'x', 'message': 'y', 'traceback': '', 'cause': '', 'file': '/\\\\0', 'line': -10**30}]",
    ),
    _forges("task_count", "a number of tasks beyond 64 bits", "facts['task_count'] = 2**70"),
    _forges("nothing", "an empty answer", "facts.clear()"),
    _forges("deep", "lists in each other 100,000 times", "return '[' * 100_000 + ']' * 100_000"),
    _forges("not_json", "no JSON", "return '{\\\"failures\\\": '"),
    _forges("long", "an answer of 200 MB", "return '\\\"' + 'x' * 200_000_000 + '\\\"'"),
    _forges(
        "trace",
        "a trace whose tables contradict each other",
        "facts['trace'] = {'modules': [['m', 'f', 'user']], 'edges': [[1, 99, 0, 99, 0, 0, 0]], 'loads': [[5, 5]], 'statements': [[3, 1, 1, 'x', 'y', 1, 1, 1, 0, 0, 0, '']]}",
    ),
    _forges(
        "effects",
        "effects of unknown kinds",
        "facts['effects'] = [['no-such-kind', '<b>', 'f', -1, 'x', {}]] * 3",
    ),
    _forges("digests", "digests that are none", "facts['digests'] = {'a': 7, 'b': ['x']}"),
    Behaviour(
        "answers_twice",
        FAILS + "|ok",
        "answers itself before the probe does",
        """
        import json, os
        for number in range(3, 64):
            try:
                if "pipe" not in os.readlink(f"/proc/self/fd/{number}"): continue
            except OSError: continue
            for text in ('{"failures": [], "dag_ids": ["forged"]}', '{"ending": {}}'):
                os.write(number, b"%d\\n%s" % (len(text), text.encode()))
        """,
    ),
    *(
        Behaviour(
            f"frame_{name}",
            FAILS,
            why,
            f"""
import os
for number in range(3, 64):
    try:
        if "pipe" in os.readlink(f"/proc/self/fd/{{number}}"): os.write(number, {text})
    except OSError: pass
os._exit(0)
""",
        )
        for name, why, text in (
            ("negative", "a frame of negative length", "b'-5\\nabc'"),
            ("huge", "a frame that never ends", "b'999999999999999999\\nabc'"),
            ("not_a_number", "a length that is none", "b'seven\\n{}'"),
            ("odd_digits", "digits of another script", "'\u0661\u0662\\n'.encode() + b'x' * 12"),
            ("many_empty", "a thousand empty frames", "b'0\\n' * 1000"),
            ("wrong_type", "a frame with a list", "b'2\\n[]2\\n[]'"),
            ("nothing", "line ends only", "b'\\n' * 100"),
        )
    ),
    Behaviour(
        "request_changed",
        ANY,
        "what the child was asked for is changed",
        _FRAMES
        + """
for frame in frames:
    request = frame.f_locals.get("request")
    if isinstance(request, dict):
        request.update(mode="no-such-mode", file="/etc/passwd", list_modules=7, contents=7, without=7)
""",
    ),
    Behaviour(
        "redaction_gone",
        ANY,
        "what masks secrets raises",
        _FRAMES
        + """
for frame in frames:
    for value in frame.f_locals.values():
        if type(value).__name__ in ("Surroundings", "Child"):
            for name in list(vars(value)): setattr(value, name, None)
""",
    ),
    Behaviour(
        "writes_to_neighbours_control",
        "ok",
        "writes into descriptors that the parse may have inherited from the processes above",
        """
        import os, stat
        for number in range(3, 64):
            try:
                if stat.S_ISSOCK(os.fstat(number).st_mode): os.write(number, b'{"op": "stop"}\\n' * 9)
            except OSError: pass
        """,
    ),
)
