"""What the DAGs' tasks do, as plain functions, and how Airflow is run without a server. No rule lives here."""
