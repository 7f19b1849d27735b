"""The configuration of Python's logging, which Airflow has done already."""

from __future__ import annotations

from dagprof.report.libraries.library import Library, always

LIBRARY = Library(
    ("logging.config.dictConfig", "logging.config.fileConfig", "logging.basicConfig"),
    "",
    always(
        "Airflow configures logging before each parse. Add your handlers to Airflow's logging"
        " configuration ([logging] logging_config_class)."
    ),
    "https://airflow.apache.org/docs/apache-airflow/stable/administration-and-deployment/"
    "logging-monitoring/advanced-logging-configuration.html",
)
