"""The desk: pages where offices hand in and operators review. Served by Airflow's api-server, below its login."""
