"""Which imports a text contains, when they run, and which files they lead to."""

from __future__ import annotations

import textwrap

import pytest

from dagprof.analyse.dependencies.reach import Code, Reached
from dagprof.analyse.dependencies.statements import Imported, imports
from dagprof.analyse.dependencies.values import Where


def found(text: str) -> dict[str, Imported]:
    return {each.name: each for each in imports(textwrap.dedent(text).encode(), "a")}


def test_imports_at_the_top_run_at_parse_time_and_imports_in_functions_run_later() -> None:
    names = found(
        """
        import one
        class Operator:
            import two
            def execute(self, context):
                from three import four
        later = lambda: __import__("five")
        """
    )
    late = {name: each.is_late for name, each in names.items()}
    assert late == {"one": False, "two": False, "three.four": True, "five": True}
    assert names["three.four"].module == "three"


def test_defaults_and_decorators_of_a_function_run_at_parse_time() -> None:
    text = "def f(x=__import__('one')): ...\n@__import__('two').mark\ndef g(): ...\n"
    assert not any(each.is_late for each in found(text).values())


def test_imports_that_only_type_checkers_see_are_never_run() -> None:
    names = found(
        """
        from typing import TYPE_CHECKING
        if TYPE_CHECKING:
            import types_only
        else:
            import real
        if not TYPE_CHECKING:
            import also_real
        if __name__ == "__main__":
            import by_hand
        """
    )
    never = {name for name, each in names.items() if each.is_never_run}
    assert never == {"types_only", "by_hand"}


@pytest.mark.parametrize(
    "text",
    [
        "try:\n    import fast\nexcept ImportError:\n    import slow\n",
        "try:\n    import fast\nexcept (KeyError, ModuleNotFoundError):\n    slow = None\n",
        "try:\n    import fast\nexcept:\n    slow = None\n",
        "import contextlib\nwith contextlib.suppress(ImportError):\n    import fast\n",
    ],
)
def test_an_import_whose_failure_is_handled_is_optional(text: str) -> None:
    assert found(text)["fast"].is_optional


def test_an_import_in_another_try_is_required() -> None:
    assert not found("try:\n    import fast\nexcept KeyError:\n    pass\n")["fast"].is_optional


@pytest.mark.parametrize(
    ("text", "own"),
    [
        ("@task.virtualenv(requirements=['x>=1'])\n", ("x",)),
        ("@task.virtualenv(requirements=['x'], system_site_packages=False)\n", ("*",)),
        ("@task.virtualenv(requirements=needed)\n", ("*",)),
        ("@task.virtualenv\n", ()),
        ("@task.external_python(python='/venv')\n", ("*",)),
        ("@task.docker(image='x')\n", ("*",)),
        ("@task\n", ()),
    ],
)
def test_a_function_with_packages_of_its_own_needs_none_in_the_image(
    text: str, own: tuple[str, ...]
) -> None:
    assert found(f"{text}def f():\n    import x\n")["x"].own_packages == own


def test_a_function_that_an_operator_runs_elsewhere_needs_no_packages_in_the_image() -> None:
    text = """
        def f():
            import x
        def g():
            import y
        PythonVirtualenvOperator(task_id="a", python_callable=f, system_site_packages=False)
        PythonOperator(task_id="b", python_callable=g)
        """
    assert found(text)["x"].own_packages == ("*",)
    assert found(text)["y"].own_packages == ()


def test_texts_and_decorators_name_providers() -> None:
    names = found(
        """
        '''About airflow.providers.http.hooks.http and others.'''
        HOOK = "airflow.providers.slack.hooks.slack.SlackHook"
        @task.kubernetes(image="x")
        def f(): ...
        """
    )
    assert sorted(names) == [
        "airflow.providers.cncf.kubernetes.decorators.kubernetes",
        "airflow.providers.slack.hooks.slack.SlackHook",
    ]


def test_a_text_that_is_not_python_has_no_imports() -> None:
    assert found("import (\n") == {}


def reached(named: dict[str, str] | None = None, **texts: str) -> list[Reached]:
    """What ``dag`` reaches. The names of helpers begin with ``h_``, and of plugins with ``p_``."""
    sources = {f"/dags/{name}.py": text.encode() for name, text in texts.items()}
    modules = {path: (path[6:-3],) for path in sources}
    plugins = [path for path in sources if path.startswith("/dags/p_")]
    entries = [path for path in sources if path.startswith("/dags/dag")]
    return Code(sources, modules).reached(entries, plugins, named or {})


def places(rows: list[Reached]) -> dict[str, Where]:
    return {each.imported.name: each.where for each in rows}


def test_a_helper_that_a_callable_imports_runs_all_of_its_imports_later() -> None:
    rows = reached(
        dag="import h_top\ndef f():\n    import h_late\n",
        h_top="import one\ndef g():\n    import two\n",
        h_late="import three\n",
    )
    assert places(rows) == {"one": Where.PARSE, "two": Where.CALLABLE, "three": Where.CALLABLE}


def test_a_helper_reached_in_both_ways_counts_as_parsed() -> None:
    rows = reached(dag="def f():\n    import h_a\nimport h_a\n", h_a="import one\n")
    assert places(rows) == {"one": Where.PARSE}


def test_each_dag_file_that_reaches_an_import_counts_once() -> None:
    rows = reached(dag_a="import h_a\n", dag_b="import h_a, one\n", h_a="import two\n")
    assert {each.imported.name: len(each.entries) for each in rows} == {"one": 1, "two": 2}


def test_imports_of_plugins_and_of_no_dag_file_are_told_apart() -> None:
    assert places(reached(p_a="import one\n", other="import two\n")) == {"one": Where.PLUGIN}


def test_circular_helpers_end() -> None:
    rows = reached(dag="import h_a\n", h_a="import h_b\n", h_b="import h_a, one\n")
    assert places(rows) == {"one": Where.PARSE}


def test_other_texts_name_providers_modules_and_files() -> None:
    named = {
        "/dags/a.yml": "operator: airflow.providers.http.operators.http.HttpOperator\n"
        "file: $ROOT/by_path.py\ncallable: by_name.run\nhost: example.com  # airflow.providers.x.y\n"
    }
    rows = reached(named, by_path="import one\n", by_name="import two\n", other="import three\n")
    assert places(rows) == {
        "airflow.providers.http.operators.http.HttpOperator": Where.CALLABLE,
        "one": Where.CALLABLE,
        "two": Where.CALLABLE,
    }
