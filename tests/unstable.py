"""Sources of DAGs that are not the same in each parse, with the condition that changes them."""

from __future__ import annotations

from typing import NamedTuple

from dagprof.model import Condition


class Source(NamedTuple):
    """An expression for ``params={"value": …}`` with the statements before it, or a whole ``code``
    with the field that differs.
    """

    condition: Condition
    value: str = ""
    before: str = ""
    code: str = ""
    field: str = "params"


_DAY, _HOST, _USER = Condition.DAY, Condition.HOST, Condition.USER
# Differs in each parse: found by the repeats, under no particular condition.
_EACH = Condition.NONE

SOURCES: dict[str, Source] = {
    "date_today": Source(_DAY, "str(datetime.date.today())"),
    "now_by_day": Source(_DAY, "f'{datetime.datetime.now():%Y-%m-%d}'"),
    "utcnow_by_day": Source(
        _DAY, "datetime.datetime.now(datetime.timezone.utc).strftime('%Y%m%d')"
    ),
    "time_strftime": Source(_DAY, "time.strftime('%Y-%m-%d')", "import time"),
    "time_localtime": Source(_DAY, "time.localtime().tm_yday", "import time"),
    "time_gmtime": Source(_DAY, "time.gmtime()[2]", "import time"),
    "time_asctime": Source(_DAY, "time.asctime()[:10]", "import time"),
    "days_since": Source(_DAY, "int(time.time() // 86400)", "import time"),
    "time_ns": Source(_DAY, "time.time_ns() // 86_400_000_000_000", "import time"),
    "pendulum_today": Source(_DAY, "pendulum.today('UTC').to_date_string()", "import pendulum"),
    "pendulum_yesterday": Source(
        _DAY, "pendulum.yesterday('UTC').to_date_string()", "import pendulum"
    ),
    "airflow_utcnow": Source(
        _DAY, "timezone.utcnow().date().isoformat()", "from airflow.utils import timezone"
    ),
    "weekday": Source(_DAY, "datetime.date.today().weekday()"),
    "hour": Source(_DAY, "datetime.datetime.now().hour"),
    "start_date": Source(
        _DAY,
        code="with DAG('a', schedule=None, start_date=datetime.datetime.combine("
        "datetime.date.today(), datetime.time())): pass",
        field="start_date",
    ),
    "dag_id_by_day": Source(
        _DAY,
        code="with DAG(f'a_{datetime.date.today():%Y%m%d}', schedule=None,"
        " start_date=datetime.datetime(2024, 1, 1)): pass",
        field="the DAG itself",
    ),
    "task_by_weekday": Source(
        _DAY,
        code="with DAG('a', schedule=None, start_date=datetime.datetime(2024, 1, 1)):\n"
        "    for day in range(datetime.date.today().toordinal() % 50 + 1):\n"
        "        Operator(task_id=f't{day}')",
        field="task_group",
    ),
    "gethostname": Source(_HOST, "socket.gethostname()", "import socket"),
    "getfqdn": Source(_HOST, "socket.getfqdn()", "import socket"),
    "uname": Source(_HOST, "os.uname().nodename"),
    "platform_node": Source(_HOST, "platform.node()", "import platform"),
    "getuser": Source(_USER, "getpass.getuser()", "import getpass"),
    "pwd": Source(_USER, "pwd.getpwuid(os.getuid()).pw_name", "import pwd"),
    "tzname": Source(Condition.TIME_ZONE, "time.tzname[0]", "import time"),
    "utc_offset": Source(
        Condition.TIME_ZONE, "str(datetime.datetime.now().astimezone().utcoffset())"
    ),
    "all_variables": Source(Condition.ENVIRONMENT, "sorted(os.environ)"),
    "set_order": Source(
        Condition.HASH_SEED, "','.join({'alpha', 'beta', 'gamma', 'delta', 'epsilon', 'zeta'})"
    ),
    "hash_of_text": Source(Condition.HASH_SEED, "hash('alpha')"),
    "uuid4": Source(_EACH, "str(uuid.uuid4())", "import uuid"),
    "random": Source(_EACH, "random.random()", "import random"),
    "pid": Source(_EACH, "os.getpid()"),
    "now": Source(_EACH, "datetime.datetime.now().isoformat()"),
    "monotonic": Source(_EACH, "time.monotonic()", "import time"),
}
