"""The plan language: a campaign's law as data. models (the words), loader (files), compile (rows for the SQL)."""
