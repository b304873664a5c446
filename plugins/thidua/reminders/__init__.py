"""Reminders: what an office still owes, said once per stage around the due date, to an outbox and by e-mail."""
