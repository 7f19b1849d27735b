"""What differs from one Airflow to another."""
