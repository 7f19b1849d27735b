"""A draft that Airflow never sees: .airflowignore leaves this folder out. It would be a DAG file of airflow's."""

raise RuntimeError("a draft")
