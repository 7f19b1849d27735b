"""DAGs that depend on the day, the host, the user and so on are found, with the field."""

from __future__ import annotations

import pytest
from support import TARGET, dag, result, write
from unstable import SOURCES, Source

import dagprof
from dagprof.model import Condition, Run, Status

HOSTS = """
import getpass, logging, os, pwd, socket, time
class Formatter(logging.Formatter):
    converter = time.gmtime
class Host:
    name, login = socket.gethostname, os.getlogin
Formatter("%(message)s").formatTime(logging.makeLogRecord({}))
Host().name()
ADDRESS = socket.gethostbyname(socket.gethostname())
HOME = pwd.getpwnam(getpass.getuser()).pw_dir
try:
    LOGIN = os.getlogin()
except OSError:
    LOGIN = "airflow"
try:
    time.clock_gettime(99)
except OSError as error:
    assert error.errno == 22, error
WIDTH = int(os.environ.get("COLUMNS", 80)) + int(os.environ.get("SHLVL", 1))
"""
STABLE = {
    "used_on_hosts.py": dag("hosts", HOSTS),
    "names.py": dag("names", "import socket, pwd\n").replace(
        "schedule=None",
        "schedule=None, params={'function': socket.gethostname.__qualname__,"
        " 'other': socket.getfqdn.__name__, 'nobody': pwd.getpwnam('nobody').pw_name}",
    ),
    "plain.py": dag("plain"),
    "reads_the_clock.py": dag(
        "clock", "import datetime\nLATE = datetime.date.today().year > 1999\n"
    ),
    "reads_the_host.py": dag("host", "import socket\nHOST = socket.gethostname()\n"),
}


def _text(source: Source) -> str:
    head = "import datetime, os\nfrom airflow import DAG\n"
    head += "try:\n    from airflow.providers.standard.operators.empty import EmptyOperator as Operator\n"
    head += (
        "except ImportError:\n    from airflow.operators.empty import EmptyOperator as Operator\n"
    )
    code = source.code or (
        "with DAG('a', schedule=None, start_date=datetime.datetime(2024, 1, 1),"
        f" params={{'value': {source.value}}}): pass"
    )
    return f"{head}{source.before}\n{code}\n"


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    sources = {f"{name}.py": _text(source) for name, source in SOURCES.items()}
    folder = write(tmp_path_factory.mktemp("unstable"), {**sources, **STABLE})
    with pytest.MonkeyPatch.context() as patch:
        # Who fixes the seed has a fixed order of sets. tox does that.
        patch.delenv("PYTHONHASHSEED", raising=False)
        return dagprof.scan(folder, python=TARGET, depth="full", repeat=3)


@pytest.mark.parametrize("name", SOURCES)
def test_the_field_and_the_condition_are_named(run: Run, name: str) -> None:
    source, file = SOURCES[name], result(run, f"{name}.py")
    assert file.status is Status.OK
    found = [(each.field, each.under) for each in file.instabilities]
    assert found
    assert any(source.field in field for field, _ in found), found
    assert source.condition in {under for _, under in found}, found


@pytest.mark.parametrize("path", STABLE)
def test_nothing_is_invented(run: Run, path: str) -> None:
    file = result(run, path)
    assert (file.status, file.instabilities) == (Status.OK, ())
    assert "conditions" not in {doubt.code for doubt in file.doubts}, file.doubts


def test_what_differs_in_each_parse_has_no_condition(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    """One timed parse cannot show it."""
    folder = write(tmp_path_factory.mktemp("each"), {"a.py": _text(SOURCES["uuid4"])})
    (found,) = result(
        dagprof.scan(folder, python=TARGET, depth="full", repeat=1), "a.py"
    ).instabilities
    assert found.under is Condition.NONE


def test_a_file_that_fails_on_another_day_says_so(tmp_path_factory: pytest.TempPathFactory) -> None:
    code = (
        "import datetime\nif datetime.date.today() > datetime.date.fromisoformat(TODAY):\n"
        "    raise RuntimeError('the certificate has expired')\n"
    )
    import datetime

    text = dag("a", f"TODAY = '{datetime.date.today()}'\n" + code)  # noqa: DTZ011
    folder = write(tmp_path_factory.mktemp("expiring"), {"a.py": text})
    file = result(dagprof.scan(folder, python=TARGET, depth="full", repeat=2), "a.py")
    assert "The parse fails on another day: RuntimeError: the certificate has expired." in [
        doubt.text for doubt in file.doubts
    ]
    assert Condition.DAY.where == "on another day"
