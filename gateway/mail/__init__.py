"""Bytes to mail and mail to bytes: pure functions, hostile input assumed."""
