"""What look-ups cost, and what can replace them: real scans, and Airflow's real processor."""

from __future__ import annotations

from pathlib import Path

import pytest
from support import Scan, dag, result

from dagprof.analyse.others import others
from dagprof.analyse.others.lookups import lookups
from dagprof.model import LookupOutcome, PriceSource, Run
from dagprof.report import others as report_others

IMPORTS = """
try:
    from airflow.sdk import Variable
except ImportError:
    from airflow.models import Variable
"""
BASH = """
try:
    from airflow.providers.standard.operators.bash import BashOperator
except ImportError:
    from airflow.operators.bash import BashOperator
"""
TASK = """
with DAG("a", start_date=datetime.datetime(2024, 1, 1), schedule=None):
    BashOperator(task_id="t", bash_command="echo " + FOLDER)
"""
HEAD = "import datetime\nfrom airflow import DAG\n"


def outcomes(run: Run) -> dict[str, tuple[LookupOutcome, tuple[str, ...], str]]:
    file = result(run, "a.py")
    return {each.key: (each.outcome, each.fields, each.reason) for each in file.lookup_trials}


def test_a_template_can_replace_a_value_in_a_templated_field(scan: Scan) -> None:
    source = HEAD + IMPORTS + BASH + "FOLDER = Variable.get('folder')\n" + TASK
    run = scan({"a.py": source}, depth="full", lookup_latency=("20ms",))
    assert outcomes(run) == {"folder": (LookupOutcome.TEMPLATE, ("t.bash_command",), "")}
    (row,) = report_others.rows(run, others(run, None))
    assert (row.where, row.saves, row.evidence) == ("a.py:13", "20 ms", "tested")
    assert row.what == (
        "Each parse looks up 1 Variable (folder). Each parse loop makes 1 such lookup. Write"
        " {{ var.value.folder }} in the templated field t.bash_command instead of the lookup."
    )


def test_code_may_change_the_value_before_it_is_in_the_field(scan: Scan) -> None:
    before = "FOLDER = Variable.get('folder').upper()\n"
    source = HEAD + IMPORTS + BASH + before + TASK
    found = outcomes(scan({"a.py": source}, depth="full"))["folder"]
    assert found == (
        LookupOutcome.NEEDED,
        (),
        "code changes the value before t.bash_command receives the value",
    )
    length = HEAD + IMPORTS + BASH + "FOLDER = str(len(Variable.get('folder')))\n" + TASK
    found = outcomes(scan({"a.py": length}, depth="full"))["folder"]
    assert found[0] is LookupOutcome.NEEDED


def test_parsing_may_need_the_value(scan: Scan) -> None:
    source = IMPORTS + "NUMBER = int(Variable.get('number'))\nNAME = Variable.get('name', 'x')\n"
    tagged = dag("a", source).replace("schedule=None)", "schedule=None, tags=[NAME])")
    found = outcomes(scan({"a.py": tagged}, depth="full"))
    number, name = found["number"], found["name"]
    assert number[0] is LookupOutcome.NEEDED
    assert "ValueError" in number[2]
    assert name[0] is LookupOutcome.NEEDED
    assert "dag.tags" in name[2]


def test_only_tasks_may_use_the_value(scan: Scan) -> None:
    source = dag("a", IMPORTS + "KEY = Variable.get('key with spaces')\n")
    found = outcomes(scan({"a.py": source}, depth="full"))
    assert found == {"key with spaces": (LookupOutcome.TASK, (), "")}


def test_prices_of_the_user_are_used(scan: Scan) -> None:
    source = dag("a", IMPORTS + "for n in range(10):\n    Variable.get('key%d' % n)\n")
    run = scan({"a.py": source}, lookup_latency=("variable=5ms", "connection=8ms"))
    assert run.lookup_prices is not None
    assert run.lookup_prices.source is PriceSource.GIVEN
    found = lookups(run)
    assert (found.lookups, found.cost_ms, found.files) == (10, 50.0, 1)
    assert report_others.about_lookups(run).startswith(
        "1 file looks up Variables or Connections. Each parse loop makes 10 lookups, which is about"
        " 28,800 lookups per day."
    )


def test_the_price_comes_from_the_real_processor_and_is_kept(
    scan: Scan, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    source = dag("a", IMPORTS + "for n in range(10):\n    Variable.get('key%d' % n)\n")
    run = scan({"a.py": source})
    assert run.lookup_prices is not None
    assert run.lookup_prices.source is PriceSource.MEASURED
    assert 0.2 < run.lookup_prices.variable.next_ms < 200
    assert run.lookup_prices.variable.first_ms > run.lookup_prices.variable.next_ms
    assert 0.2 < run.lookup_prices.connection.next_ms < 200
    assert not list(Path(run.root).glob("prices-*"))
    again = scan({"a.py": source}, depth="quick")
    assert again.lookup_prices == run.lookup_prices


def test_a_scan_without_lookups_has_no_price(scan: Scan) -> None:
    run = scan({"a.py": dag("a")})
    assert run.lookup_prices is None
    assert report_others.about_lookups(run) == ""


def test_the_users_own_backends_are_timed_and_their_values_dropped(
    scan: Scan, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "backend").mkdir()
    (tmp_path / "backend" / "slow_backend.py").write_text(
        "import time\nfrom airflow.secrets import BaseSecretsBackend\n\n"
        "class Slow(BaseSecretsBackend):\n"
        "    client = None\n"
        "    def get_variable(self, key):\n"
        "        time.sleep(0.05 if self.client else 0.15)\n"  # the first one of a process connects
        "        self.client = True\n"
        "        if key == 'key2':\n            raise RuntimeError('denied')\n"
        "        return 'hunter2-value'\n"
        "    def get_conn_value(self, conn_id):\n        time.sleep(0.08)\n        return None\n"
    )
    monkeypatch.setenv("PYTHONPATH", str(tmp_path / "backend"))
    monkeypatch.setenv("AIRFLOW__SECRETS__BACKEND", "slow_backend.Slow")
    source = dag("a", IMPORTS + "for n in range(3):\n    Variable.get('key%d' % n)\n")
    run = scan({"a.py": source}, live_lookups=True, lookup_latency=("1ms",))
    assert run.lookup_prices is not None
    assert run.lookup_prices.source is PriceSource.LIVE
    assert 150 <= run.lookup_prices.variable.first_ms < 250
    assert 50 <= run.lookup_prices.variable.next_ms < 90
    assert [doubt.text for doubt in run.doubts if doubt.code == "no-lookup-price"] == [
        "Your secrets backends failed to answer 1 of 6 lookups. The first failed lookup was for key2."
    ]
    assert "hunter2" not in str(run)
    assert "measured these times with your own backends" in report_others.about_lookups(run)


def test_backends_that_do_not_exist_are_a_note(scan: Scan, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIRFLOW__SECRETS__BACKEND", "no_such.Backend")
    source = dag("a", IMPORTS + "Variable.get('key')\n")
    run = scan({"a.py": source}, live_lookups=True, lookup_latency=("1ms",))
    assert [doubt.text for doubt in run.doubts if doubt.code == "no-lookup-price"] == [
        (
            "Your backends for Variables and Connections did not respond. Check the [secrets]"
            " section of Airflow's configuration, or set the lookup times with --lookup-latency."
        )
    ]
