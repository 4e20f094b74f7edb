"""One mail a day to a list's coordinators for all that can wait: when it goes out, and what it tells."""
