"""The documents of a closing: what a council reads, signs and sends to its units."""
