"""The way to the state in which Airflow's manager forks its parsing children."""
