"""Texts for those who are no members and have one disclosure, and about them."""

from __future__ import annotations

from dataclasses import dataclass

from gateway.notices.common import LINE, MOST_VALUE, Notice, shortened, tagged


def ended(disclosure_id: str) -> Notice:
    """To somebody whose grant is over: nothing more comes, and what he has stays confidential."""
    text = (
        f"You get nothing more of {disclosure_id}: your part in it has ended.\n\n"
        "What you have of it stays confidential until you get the lift notice, which will still come.\n"
        "If any of it got out, please reply with the first line `Leak: what, to whom`.\n"
    )
    return Notice(tagged(disclosure_id, "Your part in this disclosure has ended"), text)


@dataclass(frozen=True, slots=True)
class ShareRequest:
    """What a member asks of the coordinators: somebody else is to have a disclosure."""

    disclosure_id: str
    grant_id: str
    writer: str
    who: str
    what: str
    why: str
    until: str | None
    fingerprint: str
    addresses: tuple[str, ...]

    def notice(self) -> Notice:
        """To the coordinators, with the lines to answer with."""
        named = ", ".join(self.addresses) or "no address"
        lines = [
            f"{self.writer} asks to share {self.disclosure_id}; the signature was checked.",
            "",
            f"With:  {shortened(self.who, MOST_VALUE)}",
            f"What:  the texts, and of the attachments: {shortened(self.what, MOST_VALUE)}",
            f"Why:   {shortened(self.why, MOST_VALUE)}",
            f"Until: {self.until or 'as this list has it (share_expires)'}; the lift is the last",
            f"Key:   {self.fingerprint} ({named})",
            "",
            "Nothing has changed, and nobody was let in. What you restricted stays withheld. Approved, the terms of",
            "this list go there first, in clear; only when they are accepted, signed with that key, goes the rest.",
            "Answer with one of these as the first line:",
            "",
            f"Approve: {self.grant_id}",
            "",
            f"Deny: {self.grant_id}",
        ]
        return Notice(tagged(self.disclosure_id, f"Asked to share: {self.grant_id}"), "\n".join(lines) + "\n")


def second_asked(disclosure_id: str, grant_id: str, first: str) -> Notice:
    """To the coordinators: one approved, a second one is asked."""
    text = f"{first} approved {grant_id}. It takes a second coordinator, who answers with this line:\n\n"
    return Notice(tagged(disclosure_id, "A second coordinator is asked"), f"{text}Approve: {grant_id}\n")


def approved(disclosure_id: str, grant_id: str, name: str, address: str, until: str) -> Notice:
    """To the coordinators and to who asked: the terms are on their way."""
    text = (
        f"{grant_id} is approved, until {until}.\n\n"
        f"The terms of this list went to {name} <{address}>. When they are accepted, what is shared goes there from\n"
        "the list itself. Please pass nothing on yourself.\n"
    )
    return Notice(tagged(disclosure_id, f"Sharing is approved: {grant_id}"), text)


def denied(disclosure_id: str, grant_id: str) -> Notice:
    """To the coordinators and to who asked: it is turned down."""
    text = f"The coordinators turned {grant_id} down. Nobody was let in by it; please share nothing.\n"
    return Notice(tagged(disclosure_id, f"Sharing is denied: {grant_id}"), text)


def accepted(disclosure_id: str, grant_id: str, name: str, address: str) -> Notice:
    """To the coordinators and to who asked: he is in."""
    text = f"{name} <{address}> accepted the terms, and gets what is shared by {grant_id} from now on.\n"
    return Notice(tagged(disclosure_id, f"The terms are accepted: {grant_id}"), text)


def expired(disclosure_id: str, grant_id: str, address: str) -> Notice:
    """To the coordinators and to who asked: its time is over."""
    text = f"The time of {grant_id} is over: {address} gets nothing more, and stays bound until the lift.\n"
    return Notice(tagged(disclosure_id, f"Sharing is over: {grant_id}"), text)


def terms(
    list_name: str, grant_id: str, fingerprint: str, policy: str, policy_hash: str, own_fingerprint: str, own_key: str
) -> str:
    """In clear, to somebody with whom something is to be shared: the terms, and how to accept them; nothing else."""
    return (
        f"Terms of {list_name}\n\n"
        "Somebody asked this list to share confidential information with you. Before you get any, please read the\n"
        "terms below. If you accept them, answer this mail with the next line as its first one, signed (OpenPGP) with\n"
        f"the key {fingerprint}:\n\n"
        f"Accept: {grant_id}\n\n"
        "If you don't, or don't know what this is about, you need do nothing, and nothing more comes.\n\n"
        f"This mail is signed by the list's key, {own_fingerprint}, which stands at its end. Please\n"
        "compare its fingerprint over another channel; all that follows is signed with it.\n\n"
        f"{LINE}\n\n{policy.strip()}\n\n{LINE}\nSHA-256 of these terms: {policy_hash}\n\n{own_key}"
    )
