"""DAGs with odd ids, fields, sizes and structures."""

from hostile.entry import Behaviour

ERROR = "import-error"


def _field(name: str, status: str, why: str, fields: str, airflow2: str = "") -> Behaviour:
    """A DAG with these fields and one task."""
    code = f"with DAG('hostile_{name}', **dict({fields})):\n    EmptyOperator(task_id='t')"
    return Behaviour(name, status, why, code, airflow2=airflow2)


def _dag_id(name: str, status: str, why: str, dag_id: str) -> Behaviour:
    """A DAG with this expression as its id."""
    return Behaviour(name, status, why, f"with DAG({dag_id}, schedule=None): pass")


DAGS = (
    _dag_id("id_number", ERROR, "an id that is a number", "7"),
    _dag_id("id_empty", "ok|import-error", "an empty id", "''"),
    _dag_id("id_long", ERROR, "an id of 1 MB", "'x' * 1_000_000"),
    _dag_id("id_html", ERROR, "an id with HTML", "'<script>alert(1)</script>'"),
    _dag_id("id_escapes", ERROR, "an id with escapes", "'\\x1b[2J\\n::error::'"),
    _dag_id(
        "id_letters", "ok", "letters of other scripts", "'\u0434\u0430\u0433_\u6771\u4eac_\u0661'"
    ),
    _dag_id("id_right_to_left", ERROR, "a mark that turns the direction of text", "'abc\u202edef'"),
    _dag_id("id_surrogate", "import-error|lost", "no UTF-8", "'x\\udcff'"),
    _dag_id("id_dots", "ok", "dots and hyphens", "'..-..-.'"),
    _dag_id(
        "id_subclass",
        "ok|import-error|lost",
        "a text that misbehaves",
        "type('S', (str,), {'__eq__': lambda s, o: 1 / 0, '__hash__': lambda s: 5})('sub')",
    ),
    Behaviour(
        "id_of_clean_file",
        "ok",
        "the id of another file's DAG",
        "with DAG('clean_first', schedule=None): EmptyOperator(task_id='mine')",
    ),
    Behaviour("same_id_twice", "ok", "one id, two DAGs", "$DAG\n$DAG"),
    Behaviour(
        "id_changes",
        "ok|import-error|lost",
        "an id that differs each time",
        """
        import itertools
        numbers = itertools.count()
        class Changing(DAG):
            dag_id = property(lambda self: f"changing_{next(numbers)}", lambda self, value: None)
        with Changing("changing", schedule=None): pass
        """,
    ),
    _field("schedule_text", ERROR, "no cron expression", "schedule='every <b>now</b> and then'"),
    _field("schedule_object", ERROR, "no schedule", "schedule=object()"),
    _field(
        "schedule_huge",
        "ok|import-error",
        "the longest interval",
        "schedule=__import__('datetime').timedelta.max",
    ),
    _field(
        "schedule_negative",
        "ok|import-error",
        "an interval of -1 day",
        "schedule=__import__('datetime').timedelta(-1)",
    ),
    _field(
        "start_last",
        "ok|import-error",
        "the last moment",
        "schedule=None, start_date=__import__('datetime').datetime.max",
    ),
    _field(
        "start_first",
        "ok|import-error",
        "the first moment",
        "schedule=None, start_date=__import__('datetime').datetime.min",
    ),
    _field("start_text", ERROR, "a date that is a text", "schedule=None, start_date='yesterday'"),
    _field(
        "description_html",
        "ok",
        "HTML, escapes, commands",
        "schedule=None, description='<script>x</script>\\x1b[2J\\n::error::x'",
    ),
    _field("description_surrogate", "lost", "no UTF-8", "schedule=None, description='\\udcff'"),
    _field(
        "description_number", "ok|import-error|lost", "a number", "schedule=None, description=7"
    ),
    _field(
        "display_name",
        "ok",
        "a name with HTML",
        "schedule=None, dag_display_name='<b>\\u202e\\x1b[2J'",
    ),
    _field(
        "tags_odd",
        "ok|import-error|lost",
        "tags that are no text",
        "schedule=None, tags=[7, None, ('a',)]",
    ),
    _field(
        "tags_long", ERROR, "a tag of 100,000 characters", "schedule=None, tags=['t' * 100_000]"
    ),
    _field(
        "tags_many", "ok", "10,000 tags", "schedule=None, tags=[f't{n}' for n in range(10_000)]"
    ),
    _field(
        "owner_number",
        "import-error|ok|lost",
        "an owner that is a number",
        "schedule=None, default_args={'owner': 7}",
    ),
    _field(
        "owner_html",
        "ok",
        "an owner with HTML",
        "schedule=None, default_args={'owner': '<b>\\n::error::'}",
    ),
    _field(
        "document_number",
        "ok|import-error|lost",
        "a document that is a number",
        "schedule=None, doc_md=7",
    ),
    _field(
        "params_object",
        "import-error|ok",
        "a parameter that is an object",
        "schedule=None, params={'p': object()}",
    ),
    _field(
        "params_number",
        "lost",
        "a number beyond 64 bits",
        "schedule=None, params={'p': 2**70}",
        airflow2="ok",
    ),
    _field(
        "params_not_finite",
        "ok|import-error|lost",
        "NaN and infinity",
        "schedule=None, params={'p': float('nan'), 'q': float('inf')}",
    ),
    _field(
        "params_bytes", "import-error|ok|lost", "bytes", "schedule=None, params={'p': b'\\xff'}"
    ),
    _field(
        "params_surrogate",
        "lost",
        "no UTF-8",
        "schedule=None, params={'p': '\\ud800'}",
        airflow2="ok",
    ),
    _field(
        "params_keys",
        "ok|import-error|lost",
        "keys that are no text",
        "schedule=None, params={7: 1, None: 2}",
    ),
    _field(
        "params_cycle",
        ERROR,
        "a list that contains itself",
        "schedule=None, params={'p': (lambda x: x.append(x) or x)([])}",
    ),
    _field(
        "default_cycle",
        "ok|import-error",
        "a mapping that contains itself",
        "schedule=None, default_args=(lambda d: d.update(d=d) or d)({})",
    ),
    _field(
        "runs_text",
        "import-error|ok|lost",
        "a number that is a text",
        "schedule=None, max_active_runs='many'",
    ),
    _field(
        "runs_negative",
        "ok|import-error",
        "a negative number",
        "schedule=None, max_active_runs=-5, max_active_tasks=-1",
    ),
    _field(
        "callback_odd",
        "ok|import-error",
        "a callback that cannot be called",
        "schedule=None, on_failure_callback='<b>'",
    ),
    _field(
        "callback_lambda",
        "ok",
        "callbacks without a name",
        "schedule=None, on_success_callback=[lambda c: 1 / 0] * 100",
    ),
    _field(
        "macros_odd",
        "ok|import-error",
        "macros that are anything",
        "schedule=None, user_defined_macros={'m': object(), 7: open}",
    ),
    _field(
        "template_path",
        "ok|import-error",
        "paths of templates",
        "schedule=None, template_searchpath=['/proc/self/mem', '\\udcff']",
    ),
    _field(
        "access_odd",
        "ok|import-error|lost",
        "rights of roles",
        "schedule=None, access_control={'<b>': {'can_fly'}}",
    ),
    _field(
        "end_before_start",
        "ok|import-error",
        "ends first",
        "schedule='@daily', start_date=__import__('datetime').datetime(2024, 1, 2), end_date=__import__('datetime').datetime(2023, 1, 1)",
    ),
    Behaviour(
        "many_dags",
        "ok",
        "600 DAGs",
        "for number in range(600):\n    globals()[f'd{number}'] = DAG(f'many_{number}', schedule=None)",
    ),
    Behaviour(
        "many_tasks",
        "ok",
        "1,500 tasks, each after the one before",
        """
        with DAG("hostile_many_tasks", schedule=None):
            before = None
            for number in range(1500):
                one = EmptyOperator(task_id=f"t{number}")
                if before: before >> one
                before = one
        """,
        airflow2="ok|import-error",
    ),
    Behaviour(
        "many_edges",
        "ok",
        "150 tasks before 150 tasks",
        """
        with DAG("hostile_many_edges", schedule=None):
            first = [EmptyOperator(task_id=f"a{n}") for n in range(150)]
            for n in range(150): first >> EmptyOperator(task_id=f"b{n}")
        """,
    ),
    Behaviour(
        "cycle",
        ERROR,
        "two tasks before each other",
        "with DAG('hostile_cycle', schedule=None):\n    a, b = EmptyOperator(task_id='a'), EmptyOperator(task_id='b')\n    a >> b >> a",
    ),
    Behaviour(
        "self_cycle",
        ERROR,
        "a task before itself",
        "with DAG('hostile_self_cycle', schedule=None):\n    a = EmptyOperator(task_id='a')\n    a >> a",
    ),
    Behaviour(
        "same_task_twice",
        ERROR,
        "two tasks of one name",
        "with DAG('hostile_same_task', schedule=None):\n    EmptyOperator(task_id='a'), EmptyOperator(task_id='a')",
    ),
    Behaviour(
        "deep_groups",
        "ok|import-error|lost",
        "40 groups in each other",
        """
        import contextlib
        from SDK import TaskGroup
        with contextlib.ExitStack() as stack:
            stack.enter_context(DAG("hostile_deep_groups", schedule=None))
            for number in range(40): stack.enter_context(TaskGroup(f"g{number}", prefix_group_id=False))
            EmptyOperator(task_id="t")
        """,
    ),
    Behaviour(
        "group_of_itself",
        "ok|import-error|lost|out-of-memory|timed-out",
        "a group that is its own child",
        """
        from SDK import TaskGroup
        with DAG("hostile_group_of_itself", schedule=None):
            with TaskGroup("g") as group: EmptyOperator(task_id="t")
            group.children["again"] = group
        """,
    ),
    Behaviour(
        "open_context",
        "ok",
        "a DAG that is never left",
        "DAG('hostile_open_context', schedule=None).__enter__()\nEmptyOperator(task_id='t')\n$DAG",
    ),
    Behaviour(
        "dag_not_kept",
        "no-dags",
        "a DAG that nothing keeps",
        "def make(): DAG('hostile_not_kept', schedule=None)\nmake()",
    ),
    Behaviour(
        "one_kept_one_broken",
        ERROR,
        "one DAG is good, the other has a cycle",
        "$DAG\nwith DAG('hostile_broken', schedule=None):\n    a = EmptyOperator(task_id='a')\n    a >> a",
    ),
    Behaviour(
        "file_in_dag",
        "ok|import-error|lost",
        "a DAG that says it is elsewhere",
        "with DAG('hostile_elsewhere', schedule=None) as d: pass\nd.fileloc = '/etc/passwd\\n<b>'",
    ),
    Behaviour(
        "bag_in_file",
        "no-dags|ok",
        "parses its own folder while it is parsed",
        """
import os
if not os.environ.get("HOSTILE_INSIDE"):
    os.environ["HOSTILE_INSIDE"] = "1"
    try: from airflow.dag_processing.dagbag import DagBag
    except ImportError: from airflow.models.dagbag import DagBag
    clean = os.path.join(os.path.dirname(os.path.abspath(__file__)), "aa_clean.py")
    try: DagBag(clean)
    except TypeError: DagBag(clean, include_examples=False)
""",
    ),
)
