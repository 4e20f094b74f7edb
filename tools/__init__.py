"""What checks the house from outside: an exhaustive search of the core, and mutants of it. Never installed."""
