"""Which distributions DAG files import, lack and do not use, and what images contain."""

from __future__ import annotations

from typing import Any

import pytest

from dagprof.analyse.dependencies.closure import Graph
from dagprof.analyse.dependencies.found import Evidence, Images, dependencies
from dagprof.analyse.dependencies.image import default_extras, tag
from dagprof.analyse.dependencies.left_out import customisation
from dagprof.analyse.dependencies.owners import Belongs, Owner, of_run, owner
from dagprof.analyse.dependencies.reach import Reached
from dagprof.analyse.dependencies.statements import Imported
from dagprof.analyse.dependencies.values import Contained, Dependencies, Kind, Reason, Where
from dagprof.link.messages.installed import Installed, InstalledRow, OwnerRow
from dagprof.model import SCHEMA_VERSION, Run
from unit.builders import MODULES, environment, file, loads, trace

AIRFLOW = (
    "apache-airflow-core==3.3.2",
    'apache-airflow-providers-google; extra == "google"',
    'apache-airflow-providers-http; extra == "http"',
    'apache-airflow-providers-celery; extra == "celery"',
    'pandas>=2; extra == "pandas"',
)


def row(name: str, *requires: str, **changes: Any) -> InstalledRow:
    return InstalledRow(**{"name": name, "version": "1.0", "requires": requires, **changes})


ROWS = (
    row("apache-airflow", *AIRFLOW),
    row("apache-airflow-core", "pendulum>=3", 'typing; python_version < "3.9"'),
    row("pendulum"),
    row("apache-airflow-providers-google", "google-cloud-bigquery", size_bytes=10),
    row("google-cloud-bigquery", "grpcio", size_bytes=20),
    row("grpcio", size_bytes=40),
    row("PyYAML"),
    row("lonely", "only-lonelys", size_bytes=3, commands=("lonely-cli",)),
    row("only-lonelys", size_bytes=4),
)
OWNERS = {
    "yaml": OwnerRow(module="yaml", distributions=("PyYAML",)),
    "pendulum": OwnerRow(module="pendulum", distributions=("pendulum",)),
    "json": OwnerRow(module="json", is_standard=True),
    "airflow.DAG": OwnerRow(module="airflow", distributions=("apache-airflow-core",)),
}


def a_run(**changes: Any) -> Run:
    values: dict[str, Any] = {
        "schema_version": SCHEMA_VERSION,
        "dagprof_version": "0",
        "created_at": "",
        "root": "/dags",
        "wall_s": 1.0,
        "environment": environment(),
        "settings": {},
        "files": (),
    }
    return Run(**{**values, **changes})


def reached(name: str, module: str = "", at_parse: bool = True, **changes: Any) -> Reached:
    statement = Imported(name, module or name, 3, is_late=not at_parse, **changes)
    where = {"at_parse": {"/dags/a.py"}} if at_parse else {"late": {"/dags/a.py"}}
    return Reached("/dags/a.py", statement, **where)  # type: ignore[arg-type]


def joined(*rows: Reached, run: Run | None = None, **changes: Any) -> Dependencies:
    installed = Installed(distributions=ROWS, owners=OWNERS, python="3.12.1")
    values = {"run": run or a_run(), "reached": rows, "installed": installed}
    return dependencies(Evidence(**{**values, **changes}))


def test_the_name_of_a_module_leads_to_its_distribution() -> None:
    result = joined(reached("yaml"), reached("json"))
    (only,) = result.imported
    assert (only.name, only.kind, only.requirement) == ("PyYAML", Kind.PACKAGE, "PyYAML==1.0")
    assert [line.place for line in only.lines] == ["a.py:3"]
    assert result.missing == ()


def test_what_airflow_requires_is_imported_but_not_needed_in_addition() -> None:
    result = joined(reached("yaml"), reached("pendulum"), reached("airflow.DAG", "airflow"))
    assert [each.name for each in result.imported] == [
        "apache-airflow-core",
        "pendulum",
        "PyYAML",
    ]
    assert [each.name for each in result.needed] == ["PyYAML"]


def test_a_module_that_is_not_installed_is_named_with_its_lines() -> None:
    result = joined(
        reached("foo.bar.baz", "foo.bar"),
        reached("sklearn.svm", at_parse=False, is_optional=True),
        reached(
            "airflow.providers.apache.kafka.hooks.x.Y", "airflow.providers.apache.kafka.hooks.x"
        ),
    )
    assert [(each.module, each.distribution, each.is_guess) for each in result.missing] == [
        ("airflow.providers.apache.kafka", "apache-airflow-providers-apache-kafka", False),
        ("foo", "foo", True),
        ("sklearn", "scikit-learn", False),
    ]
    assert [each.is_optional for each in result.missing] == [False, False, True]


def test_a_distribution_that_the_task_installs_itself_is_not_listed() -> None:
    result = joined(reached("yaml", own_packages=("pyyaml",)), reached("foo", own_packages=("*",)))
    assert (result.imported, result.missing) == ((), ())
    assert joined(reached("yaml", own_packages=("other",))).imported


def test_an_import_that_only_the_trace_shows_is_listed() -> None:
    run = a_run(
        modules=MODULES,
        import_sets=((),),
        files=(file("a.py", 100.0, trace=trace(loaded=loads((3, -1, 30_000, 30_000, -1, 9)))),),
    )
    installed = Installed(distributions=(*ROWS, row("numpy")), owners=OWNERS)
    result = joined(reached("yaml"), run=run, installed=installed)
    (numpy,) = [each for each in result.imported if each.name == "numpy"]
    assert numpy.lines[0].place == "a.py:9"
    assert numpy.import_ms == pytest.approx(30.0, rel=0.3)


def test_an_import_in_a_function_that_ran_in_a_parse_counts_as_parsed() -> None:
    run = a_run(
        modules=MODULES,
        import_sets=((),),
        files=(file("a.py", 100.0, trace=trace(loaded=loads((3, -1, 30_000, 30_000, -1, 3)))),),
    )
    owners = {"numpy": OwnerRow(module="numpy", distributions=("numpy",))}
    installed = Installed(distributions=(*ROWS, row("numpy")), owners=owners)
    result = joined(reached("numpy", at_parse=False), run=run, installed=installed)
    assert [line.where for line in result.imported[0].lines] == [Where.PARSE]


def test_unused_distributions_come_with_what_only_they_require() -> None:
    result = joined(reached("yaml"), commands={"lonely-cli": "a.py"})
    by_name = {each.name: each for each in result.unused}
    assert list(by_name) == ["apache-airflow-providers-google", "lonely"]
    assert (by_name["lonely"].with_bytes, by_name["lonely"].others) == (7, 1)
    assert "'lonely-cli'" in by_name["lonely"].use
    assert result.unused_count == 5


def test_distributions_that_require_each_other_are_still_unused() -> None:
    rows = (row("apache-airflow"), row("one", "two"), row("two", "one"))
    result = joined(installed=Installed(distributions=rows))
    assert [each.name for each in result.unused] == ["one", "two"]


def test_what_a_parse_loads_through_other_packages_is_used() -> None:
    installed = Installed(distributions=(row("apache-airflow"), row("numpy")))
    assert joined(run=a_run(modules=MODULES), installed=installed).unused == ()


def test_code_in_a_local_folder_has_no_requirement() -> None:
    owners = {"mine": OwnerRow(module="mine", distributions=("mine",))}
    for changes in ({"is_editable": True}, {"origin": "file:///src/mine"}):
        installed = Installed(distributions=(row("mine", **changes),), owners=owners)
        assert joined(reached("mine"), installed=installed).imported[0].requirement == ""
    installed = Installed(distributions=(row("mine", origin="git+https://h/r@c0"),), owners=owners)
    result = joined(reached("mine"), installed=installed)
    assert result.imported[0].requirement == "mine @ git+https://h/r@c0"


@pytest.mark.parametrize(
    ("name", "module", "at", "names", "expected"),
    [
        ("google.cloud.bigquery.Client", "google.cloud.bigquery", "google.cloud", ["a"], ""),
        ("google.cloud.bigquery", "google.cloud", "google.cloud.bigquery", ["bq"], "bq"),
        ("six.moves.urllib", "six.moves.urllib", "six", ["six"], "six"),
        ("shared.other", "shared.other", "shared", ["one", "two"], ""),
        ("airflow.providers.x.y", "airflow.providers.x", "airflow", ["apache-airflow"], ""),
        ("airflow.providers.apache.x.y", "airflow.providers.apache.x", "airflow.providers.apache",
         ["one", "two"], ""),
        ("airflow.operators.bash.BashOperator", "airflow.operators.bash", "airflow.operators",
         ["apache-airflow"], "apache-airflow"),
    ],
)  # fmt: skip
def test_a_shared_package_owns_nothing_below_it(
    name: str, module: str, at: str, names: list[str], expected: str
) -> None:
    row = OwnerRow(module=at, distributions=tuple(names))
    assert owner(name, module, row, may_be_users=False).distribution == expected


def test_a_path_that_airflow_redirects_to_a_provider_belongs_to_the_provider() -> None:
    owners = {
        "airflow.hooks.S3_hook.S3Hook": OwnerRow(
            module="airflow.providers.google.x",
            distributions=("apache-airflow-providers-google",),
            moved_to="airflow.providers.google.x.S3Hook",
        ),
        "airflow.hooks.old.Old": OwnerRow(
            module="airflow",
            distributions=("apache-airflow",),
            moved_to="airflow.providers.slack.x.Old",
        ),
    }
    installed = Installed(distributions=ROWS, owners=owners)
    result = joined(
        reached("airflow.hooks.S3_hook.S3Hook", "airflow.hooks.S3_hook"),
        reached("airflow.hooks.old.Old", "airflow.hooks.old"),
        installed=installed,
    )
    assert [each.name for each in result.imported] == ["apache-airflow-providers-google"]
    assert [each.distribution for each in result.missing] == ["apache-airflow-providers-slack"]


def test_the_users_folder_owns_what_no_distribution_has() -> None:
    assert owner("utils.x", "utils.x", None, may_be_users=True) == Owner(Belongs.USER)


def test_a_run_alone_knows_versions_and_loaded_modules() -> None:
    run = a_run(
        modules=MODULES, environment=environment(distributions={"PyYAML": "6", "numpy": "2"})
    )
    found = of_run(run, ["numpy.linalg", "yaml", "json", "nothing"])
    assert found.owners["numpy.linalg"].distributions == ("numpy",)
    assert found.owners["yaml"].distributions == ("PyYAML",)
    assert found.owners["json"].is_standard
    assert found.owners["nothing"].distributions == ()


def test_requirements_lead_on_and_extras_count_only_where_asked_for() -> None:
    graph = Graph(
        {"a": ["b[x]>=1 ; python_version > '3'", "c; extra == 'dev'"], "B": ["d; extra == 'x'"]}
    )
    assert graph.closure([("A", ())]) == {"a", "b", "d"}
    assert graph.closure([("a", ("dev",))]) == {"a", "b", "c", "d"}
    assert graph.extras("a") == {"dev"}


def test_the_image_of_each_version_has_its_own_extras() -> None:
    assert "virtualenv" in default_extras("2.10.5").names
    assert "virtualenv" not in default_extras("3.0.6").names
    assert "opensearch" in default_extras("3.4.0").names
    assert default_extras("2.7.3") == default_extras("2.9.3")
    assert tag("3.3.2", "3.12.4", is_slim=True) == "apache/airflow:slim-3.3.2-python3.12"


def test_an_image_with_a_provider_that_is_not_installed_here_is_partly_unknown() -> None:
    graph = Graph({each.name: each.requires for each in ROWS})
    images = Images(graph, "3.3.2")
    assert images.official("pendulum") is Contained.YES
    assert images.official("apache-airflow-providers-http") is Contained.YES
    assert images.official("apache-airflow-providers-slack") is Contained.NO
    assert images.official("numpy") is Contained.UNKNOWN
    complete = Graph({"apache-airflow": ["pandas; extra == 'pandas'"], "pandas": []})
    assert Images(complete, "3.3.2").official("numpy") is Contained.NO


def test_a_customised_image_leaves_out_the_extras_that_nobody_imports() -> None:
    installed = Installed(distributions=ROWS, owners=OWNERS, python="3.12.1")
    found = customisation(joined(reached("yaml")), installed)
    assert {each.name: each.reason for each in found.extras} == {
        "celery": Reason.CONFIGURABLE,
        "google": Reason.UNUSED,
        "http": Reason.UNUSED,
        "pandas": Reason.UNUSED,
    }
    assert found.left_out == (
        "apache-airflow-providers-google",
        "google-cloud-bigquery",
        "grpcio",
        "lonely",
        "only-lonelys",
    )
    assert (found.saved_bytes, found.unknown) == (77, 2)
    assert found.dropped == ("lonely",)
    assert found.packages == ("PyYAML==1.0",)


def test_an_imported_package_of_an_unused_extra_stays() -> None:
    owners = {"grpc": OwnerRow(module="grpc", distributions=("grpcio",))}
    installed = Installed(distributions=ROWS, owners=owners, python="3.12.1")
    found = customisation(joined(reached("grpc"), installed=installed), installed)
    assert "grpcio" not in found.left_out
    assert found.packages == ("grpcio==1.0",)


def test_an_unused_package_with_another_use_stays_in_a_customised_image() -> None:
    installed = Installed(distributions=ROWS, owners=OWNERS, python="3.12.1")
    found = customisation(joined(reached("yaml"), commands={"lonely-cli": "a.py"}), installed)
    assert found.dropped == ()
    assert found.packages == ("PyYAML==1.0", "lonely==1.0")
    assert "only-lonelys" not in found.left_out


def test_the_configuration_names_extras() -> None:
    installed = Installed(distributions=ROWS, owners=OWNERS, python="3.12.1")
    text = "remote_base_log_folder = gs://logs\nexecutor = CeleryExecutor\n"
    found = customisation(joined(reached("yaml")), installed, text)
    reasons = {each.name: each.reason for each in found.extras}
    assert reasons["google"] is reasons["celery"] is Reason.NAMED
