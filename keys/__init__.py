"""The only holder of secrets: OpenPGP and encryption at rest.

TRUST: sees plaintext and keys, knows no cases, no lists of people and no mail; touches no database
and no network. What it reports is a fact, never a permission.
"""
