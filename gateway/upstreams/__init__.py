"""Third parties' embargoes: what waits for them, what they keep back, and what follows when they are over."""
