"""Logins of a server: accounts in Airflow's database, by Airflow's auth manager on Flask-AppBuilder. docs/server.md."""
