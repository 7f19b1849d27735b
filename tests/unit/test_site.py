"""What is remarked on the whole of a DAG folder."""

from __future__ import annotations

from dagprof.measure.site import pre_import_doubts


def test_what_the_processor_fails_to_import_is_one_remark() -> None:
    failed = [
        [f"airflow.gone_{letter}", f"ModuleNotFoundError: No module named 'airflow.gone_{letter}'"]
        for letter in "abcde"
    ]
    assert pre_import_doubts([]) == []
    (one,) = pre_import_doubts(failed[:1])
    assert (
        one.text == "The DAG processor imports modules before it forks. This import fails for"
        " airflow.gone_a: ModuleNotFoundError: No module named 'airflow.gone_a'."
    )
    (three,) = pre_import_doubts(failed[:3])
    assert three.text.endswith(
        "fails for 3 modules: airflow.gone_a, airflow.gone_b, airflow.gone_c."
    )
    (all_,) = pre_import_doubts(failed)
    assert all_.text.endswith(
        "fails for 5 modules: airflow.gone_a, airflow.gone_b, airflow.gone_c and 2 more."
    )
