"""Brings the zygote into the state in which Airflow's manager forks its parsing children."""
