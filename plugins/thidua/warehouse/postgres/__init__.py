"""Serving the marts from Postgres: where it is, its roles, its tables, and the publish itself."""
