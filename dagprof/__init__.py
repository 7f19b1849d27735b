"""dagprof measures how long Apache Airflow takes to parse DAG files, and says why."""

__version__ = "0.1.0"
