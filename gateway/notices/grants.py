"""Texts for those who are no members and have one disclosure, and about them."""

from __future__ import annotations

from gateway.notices.common import Notice, tagged


def ended(disclosure_id: str) -> Notice:
    """To somebody whose grant is over: nothing more comes, and what he has stays confidential."""
    text = (
        f"You get nothing more of {disclosure_id}: your part in it has ended.\n\n"
        "What you have of it stays confidential until you get the lift notice, which will still come.\n"
        "If any of it got out, please reply with the first line `Leak: what, to whom`.\n"
    )
    return Notice(tagged(disclosure_id, "Your part in this disclosure has ended"), text)
