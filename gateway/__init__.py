"""The shell: all input, output and wiring.

TRUST: gathers facts, asks ``policy`` for the decision and carries it out. It holds no rule of its
own about who may get what or when.
"""
