"""The lake: receipts, raw bytes, batches, decisions. Append-only, and the only truth."""
