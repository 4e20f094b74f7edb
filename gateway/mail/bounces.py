"""Reads bounces: the one door for flufl.bounce. Untrusted: who may bounce which copy is known by the token.

A delivery status notification (RFC 3464) is read here; what is none, flufl.bounce knows by its many forms.
"""

from __future__ import annotations

import email
import re

import flufl.bounce

from gateway.mail import fields, limits, tree
from gateway.mail.limits import Unreadable
from gateway.mail.tree import Entity

_KNOWN_BYTES = 262_144  # of a bounce in some form of its own; its words stand at the top
_NESTED = re.compile(rb"message/rfc822", re.IGNORECASE)


def failed_permanently(raw: bytes) -> bool:
    """Say whether a bounce tells that delivery failed for good; False for a delay, a success, or no bounce."""
    try:
        root = tree.read_tree(raw)
    except Unreadable:
        return False
    reports = [entity for entity in root.walk() if entity.kind.value == "message/delivery-status"]
    if reports:
        return any(_tells_failure(tree.content(raw, report)) for report in reports)
    return _is_known_failure(raw, root)


def _tells_failure(report: bytes) -> bool:
    """RFC 3464 s2.3.3: "failed" is final, whatever the status says; each recipient has a group of fields."""
    groups = re.split(rb"\n\s*\n", report.replace(b"\r\n", b"\n").strip())[: limits.PARTS]
    for group in groups:
        try:
            found = fields.read_fields(group + b"\n", is_message=False)
        except Unreadable:
            continue
        action = (fields.first(found, "action") or b"").split(b"(")[0].strip().lower()
        if action == b"failed":
            return True
    return False


def _is_known_failure(raw: bytes, root: Entity) -> bool:
    if root.kind.value == "multipart/encrypted" or len(_NESTED.findall(raw)) > limits.DEPTH:
        return False  # the parser below goes into encapsulated messages, one call a level
    _, permanent = flufl.bounce.all_failures(email.message_from_bytes(raw[:_KNOWN_BYTES]))
    return bool(permanent)
