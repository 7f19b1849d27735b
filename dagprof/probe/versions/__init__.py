"""The differences between Airflow versions."""
