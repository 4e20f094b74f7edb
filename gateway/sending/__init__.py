"""The one way out: what is composed and queued, sealed, handed over, and what became of it."""
