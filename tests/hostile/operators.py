"""Operators, timetables and other objects that Airflow asks while it collects and serialises DAGs."""

from hostile.entry import Behaviour

ERROR = "import-error"
SOME = "ok|import-error|lost"


def _operator(
    name: str, status: str, why: str, body: str, arguments: str = "", airflow2: str = ""
) -> Behaviour:
    """A DAG with one task of a class with this body."""
    code = f"""
from SDK import BaseOperator
class Hostile(BaseOperator):
    {body}
with DAG("hostile_{name}", schedule=None):
    Hostile(task_id="t"{arguments})
"""
    return Behaviour(name, status, why, code, airflow2=airflow2)


def _task(name: str, status: str, why: str, arguments: str, airflow2: str = "") -> Behaviour:
    """A DAG with one task with these arguments."""
    code = f"""
with DAG("hostile_{name}", schedule=None):
    EmptyOperator(**{{"task_id": "t", **dict({arguments})}})
"""
    return Behaviour(name, status, why, code, airflow2=airflow2)


def _global(name: str, status: str, why: str, body: str, airflow2: str = "") -> Behaviour:
    """A global object of a class with this body: Airflow asks each whether it is a DAG."""
    return Behaviour(name, status, why, f"class Odd:\n    {body}\nodd = Odd()", airflow2=airflow2)


OPERATORS = (
    _operator(
        "field_raises",
        ERROR,
        "a templated field that raises when it is read",
        "template_fields = ('field',)\n    field = property(lambda self: 1 / 0, lambda self, value: None)",
        airflow2=SOME,
    ),
    _operator(
        "field_exits",
        "exited",
        "a templated field that ends the process",
        "template_fields = ('field',)\n    field = property(lambda self: __import__('os')._exit(6))",
    ),
    _operator(
        "field_raises_exit",
        "exited|import-error|lost",
        "a templated field that raises SystemExit",
        "template_fields = ('field',)\n    field = property(lambda self: __import__('sys').exit(6))",
    ),
    _operator(
        "field_hangs",
        "timed-out",
        "a templated field that does not come",
        "template_fields = ('field',)\n    field = property(lambda self: __import__('time').sleep(600))",
    ),
    _operator(
        "field_missing",
        SOME,
        "a templated field that is not there",
        "template_fields = ('no_such',)",
    ),
    _operator("fields_odd", SOME, "fields that are no tuple of texts", "template_fields = 7"),
    _operator(
        "field_hostile_text",
        SOME,
        "a field whose text ends the process",
        "template_fields = ('field',)\n    field = type('T', (), {'__str__': lambda s: 1 / 0, '__repr__': lambda s: 1 / 0})()",
    ),
    _operator(
        "field_huge",
        "ok",
        "a field of 5 MB",
        "template_fields = ('field',)\n    field = 'x' * 5_000_000",
    ),
    _operator(
        "field_recurses",
        SOME,
        "a field of 2,000 lists in each other",
        "template_fields = ('field',)\n    field = []\n    for _ in range(2000): field = [field]",
    ),
    _operator(
        "field_contains_itself",
        SOME,
        "a field that contains itself",
        "template_fields = ('field',)\n    field = []\n    field.append(field)",
    ),
    _operator(
        "getattr_raises",
        SOME,
        "attributes that are not there raise RuntimeError",
        "def __getattr__(self, name): raise RuntimeError(name)",
    ),
    _operator(
        "eq_raises",
        SOME,
        "tasks that cannot be compared",
        "def __eq__(self, other): raise RuntimeError('eq')\n    __hash__ = None",
    ),
    _operator(
        "class_name",
        "ok",
        "the class has an odd name",
        "pass\nHostile.__name__ = Hostile.__qualname__ = '<b>\\x1b[2J'",
    ),
    _operator("module_name", SOME, "the class has an odd module", "__module__ = 7"),
    _operator(
        "colours",
        "ok",
        "colours that are none",
        "ui_color = '\"><script>'; ui_fgcolor = 'url(//x)'",
    ),
    _operator(
        "links_odd", SOME, "links that are none", "operator_extra_links = (object(), 7, None)"
    ),
    _operator(
        "init_hangs",
        "timed-out",
        "a constructor that does not return",
        "def __init__(self, **more):\n        import time; time.sleep(600)",
    ),
    _operator(
        "init_without_super",
        "import-error|ok|no-dags",
        "a constructor that does nothing",
        "def __init__(self, **more): pass",
    ),
    _task("task_id_number", ERROR, "an id that is a number", "task_id=7"),
    _task("task_id_html", ERROR, "an id with HTML", "task_id='<b>x</b>'"),
    _task("task_id_long", ERROR, "an id of 300 characters", "task_id='t' * 300"),
    _task("trigger_rule", ERROR, "no such rule", "trigger_rule='when_pigs_fly'"),
    _task("retries_text", "import-error|ok", "retries that are a text", "retries='many'"),
    _task(
        "retries_huge",
        "lost|ok",
        "more retries than 64 bits",
        "retries=2**70",
        airflow2="ok|import-error",
    ),
    _task("pool_odd", SOME, "a pool that is a number", "pool=7"),
    _task("weight_odd", "import-error|ok|lost", "a weight that is none", "priority_weight='heavy'"),
    _task("weight_rule", ERROR, "no such rule", "weight_rule='no.such.rule'"),
    _task(
        "executor_config",
        SOME,
        "an object for the executor",
        "executor_config={'k': object(), 7: lambda: 0}",
    ),
    _task(
        "task_documents",
        "ok",
        "documents with HTML",
        "doc_md='</script><script>alert(1)</script>' * 99",
    ),
    _task(
        "task_callbacks",
        "ok|import-error",
        "callbacks that are none",
        "on_failure_callback=7, on_retry_callback='<b>'",
    ),
    _task("outlets_odd", SOME, "outlets that are none", "outlets=[7, object()]"),
    _task("unknown_argument", ERROR, "no such argument", "no_such_argument=1"),
    Behaviour(
        "mapped_widely",
        "ok",
        "a task mapped over 20,000 values",
        """
        from SDK import task
        with DAG("hostile_mapped_widely", schedule=None):
            @task
            def one(value): return value
            one.expand(value=list(range(20_000)))
        """,
    ),
    Behaviour(
        "mapped_odd",
        SOME,
        "a task mapped over objects",
        """
        from SDK import task
        with DAG("hostile_mapped_odd", schedule=None):
            @task
            def one(value): return value
            one.expand(value=[object(), 2**70, b"\\xff"])
        """,
    ),
    Behaviour(
        "timetable_raises",
        "import-error",
        "a timetable that nobody has registered, and that raises",
        """
        from airflow.timetables.base import Timetable
        class Hostile(Timetable):
            def serialize(self): raise RuntimeError("no")
            summary = description = property(lambda self: 1 / 0)
        with DAG("hostile_timetable", schedule=Hostile()): pass
        """,
    ),
    Behaviour(
        "timetable_hangs",
        "timed-out|import-error",
        "a timetable that does not answer",
        """
        import time
        from airflow.timetables.base import Timetable
        class Hostile(Timetable):
            summary = property(lambda self: time.sleep(600))
            def serialize(self): time.sleep(600)
            def validate(self): time.sleep(600)
        with DAG("hostile_timetable_hangs", schedule=Hostile()): pass
        """,
    ),
    Behaviour(
        "default_arguments_exit",
        "exited|import-error",
        "a default argument ends the process when it is copied",
        """
        import os
        class Odd:
            def __deepcopy__(self, memo): os._exit(7)
            __copy__ = lambda self: os._exit(7)
        with DAG("hostile_default", schedule=None, default_args={"params": {"x": Odd()}}):
            EmptyOperator(task_id="t")
        """,
        airflow2="exited|import-error",
    ),
    _global(
        "class_raises",
        "import-error|no-dags",
        "__class__ raises",
        "__class__ = property(lambda self: 1 / 0)",
        "no-dags",
    ),
    _global(
        "class_lies",
        "import-error|no-dags|lost|exited",
        "__class__ says it is a DAG",
        "__class__ = DAG",
    ),
    _global(
        "class_exits",
        "exited",
        "__class__ ends the process",
        "__class__ = property(lambda self: __import__('os')._exit(4))",
    ),
    _global(
        "class_hangs",
        "timed-out",
        "__class__ does not come",
        "__class__ = property(lambda self: __import__('time').sleep(600))",
    ),
    _global(
        "attribute_raises",
        "ok|import-error|no-dags",
        "every attribute raises",
        "def __getattribute__(self, name): raise RuntimeError(name)",
    ),
    Behaviour(
        "many_globals",
        "ok",
        "200,000 globals",
        "globals().update({f'g{n}': n for n in range(200_000)})",
    ),
    Behaviour(
        "dag_subclass",
        ERROR,
        "a DAG whose tasks raise",
        """
        class Hostile(DAG):
            tasks = property(lambda self: 1 / 0)
        with Hostile("hostile_subclass", schedule=None): pass
        """,
        airflow2="import-error|killed|exited",
    ),
    Behaviour(
        "dag_validates",
        "exited",
        "a DAG whose check ends the process",
        """
        import os
        class Hostile(DAG):
            def validate(self): os._exit(3)
        with Hostile("hostile_validates", schedule=None): pass
        """,
    ),
    Behaviour(
        "dag_hash",
        "import-error|exited|killed",
        "a DAG that has no hash",
        """
        class Hostile(DAG):
            def __hash__(self): raise RuntimeError("hash")
        with Hostile("hostile_hash", schedule=None) as d: pass
        """,
    ),
    Behaviour(
        "decorated",
        "ok",
        "a DAG made by decorators, with HTML in its documents",
        """
        from SDK import dag
        from SDK import task
        @dag(schedule=None)
        def hostile_decorated():
            "<script>alert(1)</script>"
            @task
            def t(x='<b>'): "\\x1b[2J"
            t()
        hostile_decorated()
        """,
    ),
)
