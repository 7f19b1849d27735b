"""Variables, Connections, the environment, and Airflow's own objects beside DAGs."""

from hostile.entry import ANY, FAILS, Behaviour

VARIABLE = "from SDK import Variable\n"
HOOK = "from SDK import BaseHook\n"
# A made-up answer may be behind the failure.
NEEDS = "import-error|needs-answer"
ASKS = f"ok|{NEEDS}"


def _asks(name: str, status: str, why: str, code: str, airflow2: str = "") -> Behaviour:
    return Behaviour(name, status, why, VARIABLE + HOOK + code, airflow2=airflow2)


LOOKUPS = (
    _asks("key_empty", ASKS, "an empty name", "Variable.get('')"),
    _asks("key_none", ASKS, "no name", "Variable.get(None)"),
    _asks("key_number", ASKS, "a number", "Variable.get(7)"),
    _asks("key_object", NEEDS, "an object", "Variable.get(object())", airflow2=ASKS),
    _asks("key_long", ASKS, "a name of 1 MB", "Variable.get('k' * 1_000_000)"),
    _asks(
        "key_odd",
        ASKS,
        "HTML, escapes, line ends",
        "Variable.get('<script>\\n::error::\\x1b[2J\\u202e')",
    ),
    _asks("key_surrogate", ASKS + "|lost", "no UTF-8", "Variable.get('\\udcff')"),
    _asks("key_nul", ASKS, "a NUL, which no environment holds", "Variable.get('a\\0b')"),
    _asks(
        "key_subclass",
        ASKS,
        "a text that misbehaves",
        "Variable.get(type('S', (str,), {'__str__': lambda s: 1 / 0, 'upper': lambda s: 7})('k'))",
    ),
    _asks(
        "default_object",
        "ok",
        "a default that is an object",
        "Variable.get('k', default=object())",
        airflow2="import-error",
    ),
    _asks(
        "many_lookups",
        "ok",
        "3,000 different names",
        "for number in range(3000): Variable.get(f'key_{number}')",
    ),
    _asks(
        "same_lookup",
        "ok",
        "20,000 times the same name",
        "for number in range(5000): Variable.get('same')",
    ),
    _asks(
        "variable_set",
        "ok|import-error",
        "values that are set",
        "Variable.set('a', '<b>' * 10_000); Variable.set('b', 7)",
    ),
    _asks(
        "variable_set_huge",
        "ok|import-error",
        "a value of 5 MB",
        "Variable.set('a', 'v' * 5_000_000); Variable.get('a')",
    ),
    _asks(
        "variable_set_odd",
        "ok|import-error|lost",
        "values that are no text",
        "Variable.set('a', object()); Variable.get('a')",
    ),
    _asks(
        "variable_json",
        "ok",
        "a mapping that answers everything",
        "d = Variable.get('a', deserialize_json=True); [d['x']['y'] for _ in range(2000)]",
    ),
    _asks(
        "variable_json_loop",
        "ok|needs-answer|import-error|timed-out|out-of-memory",
        "goes through a made-up mapping until it ends",
        "list(Variable.get('a', deserialize_json=True)); [x for x in Variable.get('b', deserialize_json=True)['x']]",
    ),
    _asks(
        "variable_in_thread",
        "ok",
        "asks in a thread",
        "import threading; t = threading.Thread(target=Variable.get, args=('a',)); t.start(); t.join()",
    ),
    _asks(
        "variable_in_copy",
        "ok",
        "asks in a copy of the process",
        "import os\nif os.fork() == 0:\n    Variable.get('a'); os._exit(0)\nos.wait()",
    ),
    _asks(
        "variable_class",
        "ok|import-error|lost",
        "the class is changed",
        "Variable.get = None; Variable.__init__ = None",
    ),
    _asks(
        "fails_by_answer",
        "needs-answer",
        "fails with any text that is no name of a colour",
        "{'red': 1}[Variable.get('colour')]",
    ),
    _asks(
        "exits_by_answer",
        "exited|needs-answer",
        "ends with a made-up answer",
        "import os\nif Variable.get('colour') != 'red': os._exit(3)",
    ),
    _asks(
        "hangs_by_answer",
        "timed-out",
        "hangs with a made-up answer",
        "import time\nif Variable.get('colour') != 'red': time.sleep(600)",
    ),
    _asks(
        "differs_by_answer",
        NEEDS + "|exited|timed-out",
        "each answer hurts in another way",
        "import os, time\nv = Variable.get('x')\nif v == '2': os.kill(os.getpid(), 9)\nif 'http' in v: time.sleep(600)\nif v.startswith('2024'): b = b'x' * (1 << 30)\nraise ValueError(v)",
    ),
    _asks(
        "connection_odd",
        ASKS + "|lost",
        "odd names of Connections",
        "for key in ('', '<b>\\n::error::', 'a\\0b', '\\x1b[2J'): BaseHook.get_connection(key)",
    ),
    _asks(
        "connection_object",
        NEEDS,
        "a name that is an object",
        "BaseHook.get_connection(object())",
        airflow2=ASKS,
    ),
    _asks(
        "connection_stub",
        "ok",
        "everything of a made-up Connection",
        "c = BaseHook.get_connection('a'); c.get_uri(); c.extra_dejson; c.get_password() if hasattr(c, 'get_password') else 0; repr(c)",
    ),
    Behaviour(
        "connection_made",
        "ok|import-error",
        "Connections from odd URIs",
        "from SDK import Connection\nfor uri in ('x', '://', 'a://b:c@[::1', 'a://' + 'b' * 100_000):\n    try: Connection(conn_id='c', uri=uri)\n    except Exception: pass",
    ),
    Behaviour(
        "environment_many",
        "ok",
        "20,000 names that are not set",
        "import os\nfor number in range(20_000): os.environ.get(f'NO_SUCH_{number}')",
    ),
    Behaviour(
        "environment_odd",
        "ok",
        "odd names",
        "import os\nfor key in ('', 'a\\nb', '<b>', '\\udcff', 'x' * 100_000): os.environ.get(key); os.getenv(key)",
    ),
    Behaviour(
        "environment_needed",
        "needs-answer|import-error",
        "fails without a variable",
        "import os\nint(os.environ['HOSTILE_\\x1b[2J<b>'])",
    ),
    Behaviour(
        "supervisor_odd",
        "ok|import-error",
        "odd messages to Airflow 3's supervisor",
        """
        import sys
        runner = sys.modules.get("airflow.sdk.execution_time.task_runner")
        comms = getattr(runner, "SUPERVISOR_COMMS", None)
        for message in (object(), None, 7, "x"):
            try: comms.send(message)
            except Exception: pass
        """,
    ),
    Behaviour(
        "supervisor_gone",
        "ok|import-error|needs-answer",
        "Airflow 3's supervisor is gone before a lookup",
        """
        import sys
        runner = sys.modules.get("airflow.sdk.execution_time.task_runner")
        if runner is not None: runner.SUPERVISOR_COMMS = None
        from SDK import Variable
        Variable.get("a", "b") if False else None
        """,
    ),
    Behaviour(
        "answers_replaced",
        ANY,
        "what answers lookups is exchanged in memory",
        """
        import gc
        for found in gc.get_objects():
            if type(found).__module__.startswith("_dagprof") and type(found).__name__ == "Answers":
                vars(found).clear()
        """,
    ),
    Behaviour(
        "session",
        "ok|import-error",
        "a session of the metadata database",
        "from airflow import settings\nsession = settings.Session(); session.execute",
    ),
    Behaviour(
        "orm_disposed",
        "ok|import-error|lost",
        "the database's engine is thrown away",
        "from airflow import settings\nsettings.engine = settings.Session = None",
    ),
    Behaviour(
        "policy_raises",
        "import-error",
        "a policy that raises",
        "from airflow import settings\ndef refuse(*f): raise RuntimeError('policy')\nsettings.dag_policy = settings.task_policy = refuse",
        airflow2="import-error",
    ),
    Behaviour(
        "policy_exits",
        "exited",
        "a policy that ends the process",
        "import os\nfrom airflow import settings\nsettings.dag_policy = lambda dag: os._exit(5)",
    ),
    Behaviour(
        "policy_hangs",
        "timed-out",
        "a policy that does not return",
        "import time\nfrom airflow import settings\nsettings.dag_policy = lambda dag: time.sleep(600)",
    ),
    Behaviour(
        "time_limit_of_airflow",
        "ok",
        "Airflow's time-out is no number",
        "from airflow import settings\nsettings.get_dagbag_import_timeout = lambda path: 'never'",
    ),
    Behaviour(
        "masker_raises",
        "ok|import-error|lost",
        "what masks secrets in Airflow's log raises",
        """
        import sys
        for name in list(sys.modules):
            if name.endswith("secrets_masker"):
                for attribute in ("redact", "mask_secret", "should_hide_value_for_key"):
                    setattr(sys.modules[name], attribute, None)
        """,
    ),
    Behaviour(
        "listener_raises",
        "ok|import-error|lost",
        "a listener that is none",
        "from airflow.listeners.listener import get_listener_manager\nget_listener_manager().add_listener(object())",
    ),
    Behaviour(
        "plugins_changed",
        "ok|import-error",
        "plugins that are none",
        "import airflow.plugins_manager as p\nfor n in list(vars(p)):\n    if n in ('plugins', 'timetable_classes', 'macros_modules'): setattr(p, n, 7)",
    ),
    Behaviour(
        "runs_tasks",
        FAILS + "|ok",
        "runs Airflow's command line while it is parsed",
        "from airflow.__main__ import main\nimport sys; sys.argv = ['airflow', 'no-such-command']\nmain()",
    ),
)
