"""Remembers: rows in, rows out.

TRUST: never sees plaintext; it is handed sealed bytes, ids, states, instants, addresses,
fingerprints and sizes, and decides nothing.
"""
