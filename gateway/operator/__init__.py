"""What the operator does at the command line, and what is shown there: one module for each noun or deed."""
