"""Running the house for years: backup and restore, retention, health, metrics."""
