"""From an export as an office made it to accepted and rejected rows: what the file alone shows, nothing more."""
