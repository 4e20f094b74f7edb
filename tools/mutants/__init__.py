"""Small changes of ``policy/``, one at a time, and whether its tests notice: ``make mutants``."""
