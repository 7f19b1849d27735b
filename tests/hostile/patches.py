"""Replaced builtins and library functions: what is used after the file has been executed."""

from hostile.entry import ANY, FAILS, Behaviour

MAYBE = "ok|import-error|lost"
_BAG = """
import gc, sys
frame = sys._getframe(1); bag = None
while frame and bag is None:
    bag = next((v for v in frame.f_locals.values() if type(v).__name__.endswith("DagBag")), None)
    frame = frame.f_back
"""


def _after(name: str, why: str, code: str, status: str = "ok", airflow2: str = "") -> Behaviour:
    """What a file does after it has made its DAG."""
    return Behaviour(name, status, why, "$DAG\n" + code, airflow2=airflow2)


def _failing(name: str, why: str, code: str, status: str = "import-error") -> Behaviour:
    """What a file does before it fails."""
    return Behaviour(name, status, why, code + "\nraise ValueError('after the change')")


PATCHES = (
    _after("json_gone", "json cannot write", "import json; json.dumps = json.loads = None", MAYBE),
    _after(
        "json_lies",
        "json writes something else",
        'import json; json.dumps = lambda *facts, **more: \'{"dag_ids": ["forged"]}\'',
        MAYBE,
    ),
    _after(
        "json_encoder",
        "the encoder's class is changed",
        """
import json.encoder
json.encoder.JSONEncoder.iterencode = json.encoder.JSONEncoder.encode = lambda *facts: "[]"
json.encoder.encode_basestring_ascii = json.encoder.c_make_encoder = None
""",
        MAYBE,
    ),
    _after(
        "os_gone",
        "the system's functions are gone",
        "import os\nfor n in ('write', 'read', 'open', 'close', 'fstat', '_exit', 'getpid'): setattr(os, n, None)",
        "ok|import-error|lost|exited",
    ),
    _after(
        "getpid_lies", "it seems to be another process", "import os; os.getpid = lambda: 1", MAYBE
    ),
    _after(
        "exit_gone",
        "os._exit returns, so that Airflow's own child cannot leave",
        "import os; os._exit = lambda code: None",
        "ok|exited|killed|timed-out",
    ),
    _after("environ_gone", "no environment", "import os; os.environ = None", MAYBE),
    _after("path_gone", "no paths", "import os; os.path.join = os.path.relpath = None", MAYBE),
    _after("socket_gone", "no sockets", "import socket; socket.socket = None", MAYBE),
    _after(
        "signal_gone", "no signals", "import signal; signal.signal = signal.alarm = None", MAYBE
    ),
    _after(
        "timer_gone",
        "no timers",
        "import signal; signal.setitimer = None",
        "ok|no-dags|import-error|lost|exited|killed",
    ),
    _after(
        "threading_gone",
        "no threads",
        "import threading; threading._shutdown = threading.Thread = None",
        MAYBE,
    ),
    _after(
        "atexit_gone",
        "no exit handlers",
        "import atexit; atexit._run_exitfuncs = atexit._clear = None",
        MAYBE,
    ),
    _after(
        "hash_gone",
        "no hashes",
        "import hashlib; hashlib.sha256 = hashlib.md5 = hashlib.new = None",
        MAYBE,
    ),
    _after("copy_gone", "no copies", "import copy; copy.copy = copy.deepcopy = None", MAYBE),
    _after(
        "inspect_gone",
        "nothing can be inspected",
        "import inspect; inspect.signature = None",
        MAYBE,
    ),
    _after("re_gone", "no patterns", "import re; re.compile = re.sub = re.match = None", MAYBE),
    _after("open_gone", "nothing can be opened", "import builtins; builtins.open = None", MAYBE),
    _after("print_gone", "nothing can be printed", "import builtins; del builtins.print"),
    _after(
        "builtins_lie",
        "the commonest functions give nonsense",
        "import builtins; builtins.len = lambda x: -1; builtins.sorted = lambda *f, **m: 7; builtins.sum = str",
        MAYBE + "|exited",
    ),
    _after(
        "isinstance_lies",
        "nothing is of any type",
        "import builtins; builtins.isinstance = lambda *f: False",
        MAYBE + "|no-dags",
    ),
    _after(
        "exceptions_gone",
        "the names of exceptions mean something else",
        "import builtins; builtins.Exception = builtins.BaseException = builtins.OSError = int",
        MAYBE + "|exited",
    ),
    _after(
        "types_gone",
        "str, dict and list are gone",
        "import builtins\nfor n in ('str', 'dict', 'list', 'int'): delattr(builtins, n)",
        "ok|import-error|lost|exited",
    ),
    _after(
        "builtins_emptied",
        "no builtins at all",
        "import builtins; vars(builtins).clear()",
        FAILS + "|ok",
    ),
    _after(
        "collector_wild",
        "a collection at every object, callbacks that raise",
        """
import gc
def raises(*facts): raise RuntimeError("callback")
gc.callbacks.append(raises); gc.set_threshold(1); gc.collect = None
""",
    ),
    _after(
        "collector_kept",
        "every object is kept and the collector is off",
        "import gc; gc.freeze(); gc.disable(); gc.set_debug(gc.DEBUG_SAVEALL)",
    ),
    _after(
        "collector_talks",
        "the collector reports on stderr",
        "import gc; gc.set_debug(gc.DEBUG_STATS | gc.DEBUG_COLLECTABLE); gc.collect()",
    ),
    _failing(
        "traceback_gone",
        "no tracebacks",
        "import traceback; traceback.format_exc = None",
        # Airflow's own handling of the error raises then, and it stores neither DAG nor error.
        "import-error|exited|lost|no-dags",
    ),
    _failing(
        "traceback_lies",
        "a traceback that is a number",
        "import traceback; traceback.format_exc = lambda *f, **m: 7",
        "import-error|lost|exited",
    ),
    _failing(
        "traceback_long",
        "a traceback of 20 MB",
        "import traceback; traceback.format_exc = lambda *f, **m: 'line\\n' * 4_000_000",
        "import-error|lost|exited",
    ),
    _failing(
        "traceback_parts_gone",
        "the parts of tracebacks are gone",
        "import traceback; traceback.extract_tb = traceback.format_list = traceback.TracebackException = None",
        "import-error|exited|lost",
    ),
    _failing(
        "exc_info_gone",
        "sys.exc_info is gone",
        "import sys; sys.exc_info = None",
        "import-error|exited|lost",
    ),
    _failing(
        "getframe_gone",
        "sys._getframe is gone",
        "import sys; sys._getframe = None",
        "import-error|no-dags|exited|lost",
    ),
    _failing(
        "linecache_wild",
        "lines of source that are none",
        "import linecache; linecache.getline = linecache.getlines = lambda *f, **m: 7",
        "import-error|exited|lost",
    ),
    _after(
        "bag_class",
        "DagBag's methods are gone",
        _BAG
        + "\nfor name in ('collect_dags', 'bag_dag', 'process_file'): setattr(type(bag), name, None)",
        MAYBE,
    ),
    _after(
        "bag_errors",
        "import errors that are none",
        _BAG + "\nbag.import_errors = {__file__: 5, 7: object()}",
        MAYBE + "|exited",
    ),
    _after(
        "bag_error_long",
        "an import error of 30 MB",
        _BAG + "\nbag.import_errors['x'] = 'e' * 30_000_000",
        "import-error|ok",
    ),
    _after(
        "bag_dags",
        "DAGs that are none",
        _BAG + "\nbag.dags['forged'] = object(); bag.dags[7] = None",
        "import-error|ok|lost|exited",
    ),
    _after(
        "bag_dags_gone",
        "no mapping of DAGs",
        _BAG + "\nbag.dags = None",
        "import-error|lost|exited",
    ),
    _after(
        "bag_property",
        "DagBag.dags ends the process",
        _BAG
        + "\nimport os\ntype(bag).dags = property(lambda self: os._exit(3), lambda self, value: None)",
        "exited",
    ),
    _after(
        "serialiser_raises",
        "serialisation raises",
        """
import airflow.serialization.serialized_objects as s
def refuse(*facts, **more): raise RuntimeError("no")
for name in ("SerializedDAG", "DagSerialization"):
    if hasattr(s, name): setattr(getattr(s, name), "to_dict", refuse)
""",
        "import-error",
    ),
    _after(
        "serialiser_lies",
        "serialisation gives no document",
        """
import airflow.serialization.serialized_objects as s
for name in ("SerializedDAG", "DagSerialization"):
    if hasattr(s, name): setattr(getattr(s, name), "to_dict", staticmethod(lambda dag: object()))
""",
        "lost|import-error|ok",
    ),
    _after(
        "serialiser_cycle",
        "serialisation gives a document that contains itself",
        """
import airflow.serialization.serialized_objects as s
cycle = {}; cycle["dag"] = cycle
for name in ("SerializedDAG", "DagSerialization"):
    if hasattr(s, name): setattr(getattr(s, name), "to_dict", staticmethod(lambda dag: cycle))
""",
        "lost|import-error|exited|ok",
    ),
    _after(
        "dag_class",
        "DAG's properties raise",
        "DAG.tasks = DAG.task_dict = property(lambda self: 1 / 0)",
        MAYBE + "|exited",
    ),
    _after(
        "dag_equal",
        "DAGs that cannot be compared or hashed",
        "DAG.__eq__ = DAG.__hash__ = lambda *f: 1 / 0",
        MAYBE + "|exited|killed",
    ),
    _after(
        "dag_init",
        "no more DAGs can be made",
        "DAG.__init__ = EmptyOperator.__init__ = None",
        airflow2="ok|import-error",  # Airflow 2.11 cannot serialise it then
    ),
    _after(
        "comms_gone",
        "the message to Airflow 3's processor cannot be made",
        """
import sys
comms = sys.modules.get("airflow.sdk.execution_time.comms")
if comms: comms._RequestFrame.as_bytes = lambda self: 1 / 0
""",
        "lost|ok",
        airflow2="ok",
    ),
    _after(
        "audit_hook_raises",
        "every open, import and exec raises from then on",
        """
import sys
def refuse(event, facts): raise RuntimeError(event)
sys.addaudithook(refuse)
""",
        "ok|import-error|lost|exited|killed",
    ),
    _after(
        "audit_hook_exits",
        "the next event ends the process",
        "import os, sys; sys.addaudithook(lambda *facts: os._exit(3))",
        "exited|ok",
    ),
    _after(
        "audit_hook_recurses",
        "a hook that causes events",
        "import os, sys; sys.addaudithook(lambda event, facts: event == 'open' and os.listdir('/'))",
    ),
    Behaviour(
        "functions_overwritten",
        ANY,
        "the code of all functions of the probe is exchanged",
        """
        import gc, types
        def other(*facts, **more): raise SystemExit("exchanged")
        for found in gc.get_objects():
            if isinstance(found, types.FunctionType) and "_dagprof" in str(found.__module__):
                if not found.__closure__: found.__code__ = other.__code__
        """,
    ),
)
