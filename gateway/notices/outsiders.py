"""Texts about who else was addressed: the question to the writer, and the alarm about a public list.

Pure, as ``gateway.notices`` is. The writer is shown his own addresses; other members never are.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from gateway.notices.common import LINE, MOST_TEXT, Attachment, Notice, shortened, tagged
from gateway.notices.leak import FIELDS, Choices
from policy.reasons import Reason

MOST_ADDRESSES = 20
MOST_ADDRESS = 254  # characters; what is no address may be longer
IN_A_LINE = 3  # addresses in a line to paste


def listed(addresses: Sequence[str]) -> list[str]:
    """Addresses, one a line; what can't be read as one stands as it was written."""
    lines = [f"  {_shown(address)}" for address in addresses[:MOST_ADDRESSES]]
    return [*lines, f"  and {len(addresses) - MOST_ADDRESSES} more"] if len(addresses) > MOST_ADDRESSES else lines


def _shown(address: str) -> str:
    return shortened(address.removeprefix("?"), MOST_ADDRESS, "it is longer")


def in_a_line(addresses: Sequence[str]) -> str:
    """Addresses in a sentence, the first few of many."""
    more = f" and {len(addresses) - IN_A_LINE} more" if len(addresses) > IN_A_LINE else ""
    return ", ".join(_shown(address) for address in addresses[:IN_A_LINE]) + more


@dataclass(frozen=True, slots=True)
class Question:
    """To the one who signed it: somebody outside was addressed as well; what was meant?

    ``guests`` are those of them who could be let in as guests, ``members`` those who are members outside the scope.
    ``block`` are a coordinator's control lines, to be sent again with a guest among them; ``is_new``: his mail
    is no reply, and goes on by an answer to this question.
    """

    disclosure_id: str | None
    quarantine_id: str | None
    outsiders: tuple[str, ...]
    list_address: str
    request_address: str
    is_coordinator: bool
    guests: tuple[str, ...] = ()
    members: tuple[str, ...] = ()
    block: str = ""
    is_new: bool = False

    def notice(self) -> Notice:
        """The question, with answers to paste."""
        lines = [
            "Your mail is kept back; the list passed it on to nobody, and nothing of it is lost.",
            "In To, Cc or Reply-To it also names somebody who does not belong to its audience:",
            "",
            *listed(self.outsiders),
            "",
            "If your mail program sent a copy there, that copy did not come through the list, and the list",
            "can't take it back. So please say what was meant.",
            "",
            "1. A mistake, and a copy left: please answer with this as the first line. The coordinators then",
            "   know at once; telling early is always right, and nobody is blamed for it.",
            "",
            f"Leak: a copy of this mail, to {in_a_line(self.outsiders)}",
            "",
            f"2. No copy left: please send it again, addressed to {self.list_address} alone.",
            "",
            *(self._for_coordinator() if self.is_coordinator else self._for_member()),
        ]
        subject = "Kept back: who else was addressed?"
        return Notice(tagged(self.disclosure_id, subject), "\n".join(lines) + "\n")

    def _for_coordinator(self) -> list[str]:
        if self.quarantine_id is None:
            return []
        return [
            "3. They may know, and it may go on as it stands: send this line to",
            f"   {self.request_address}, signed and encrypted (or have the operator run",
            f"   `embargo quarantine release {self.quarantine_id}`):",
            "",
            f"Release-Quarantine: {self.quarantine_id}",
            "",
            *self._members(),
            *self._guests(),
        ]

    def _members(self) -> list[str]:
        """A member outside the scope gets it by the scope, never as a guest."""
        if not self.members:
            return []
        are = "is" if len(self.members) == 1 else "are"
        return [
            f"   {in_a_line(self.members)} {are} on this list, but not in the scope: to have it go there as well,",
            "   send it again with a wider `Scope:` line.",
            "",
        ]

    def _guests(self) -> list[str]:
        """The finder or a helper may be let in: the lines that do it, to be pasted with his key attached."""
        if not self.guests or len(self.outsiders) > IN_A_LINE:
            return []
        how = "Answer this mail" if self.is_new else "Send your mail again, as a reply in the same thread,"
        return [
            "4. The finder, or a helper, who is to have this one disclosure and nothing else: that is a guest.",
            f"   {how} with this block as the very first lines, an empty line below it, and the",
            "   guest's public key attached (a file such as key.asc). It is pinned, and goes to nobody.",
            "",
            *self.block.splitlines(),
            *(f"Guest: {address}" for address in self.guests),
        ]

    def _for_member(self) -> list[str]:
        return [
            "3. A colleague who needs to know: that is quite all right, and for you to decide within the terms",
            "   of your TLP label. But your organisation has one address on this list, and mail to the list",
            "   names no other. So please tell your colleague inside your house, and send this again to the",
            "   list alone. A coordinator can also let it go on as it stands.",
        ]


def told(notice: Notice, outsiders: Sequence[str]) -> Notice:
    """A notice about a kept mail, with who else was addressed."""
    if not outsiders:
        return notice
    lines = [notice.text, "It also names somebody outside its audience, in To, Cc or Reply-To:", *listed(outsiders)]
    return Notice(notice.subject, "\n".join(lines) + "\n", notice.attachments)


@dataclass(frozen=True, slots=True)
class FoundAlarm:
    """To coordinators: nobody reports it, the gateway found a public list among those addressed."""

    choices: Choices
    quarantine_id: str | None
    subject: str
    writer: str
    is_proved: bool
    is_signed: bool
    reasons: tuple[Reason, ...]
    found: tuple[str, ...]
    text: str

    def notice(self, attachments: Sequence[Attachment]) -> Notice:
        """The alarm mail, with all that the mail says."""
        lines = [
            f"LEAK {self.choices.about}, found by the gateway: a mail is addressed to a public list.",
            "",
            *listed(self.found),
            "",
            *self._who(),
            "",
            "The list did not send that copy and can't take it back. It may be the very mail that came here:",
            "then its text is sealed, but its sender, its outer subject and the fact that there is something",
            "are public. Please look at the archive of that list; where nobody outside can have",
            "read it, it is contained.",
            "",
            "No member was told. The mail is kept back"
            + (f" as {self.quarantine_id}." if self.quarantine_id else "; it went to nobody else."),
            "",
            "What it says:" if self.text.strip() else "It could not be read as text; it is attached as it came.",
            LINE,
            shortened(self.text, MOST_TEXT),
            "",
            LINE,
            *self.choices.lines(),
        ]
        subject = f"ALARM: leak {self.choices.leak_id}" + (f": {self.subject}" if self.subject else "")
        return Notice(tagged(self.choices.disclosure_id, subject), "\n".join(lines) + "\n", tuple(attachments))

    def _who(self) -> list[str]:
        if not self.is_proved:
            lines = [f"NOT PROVED who wrote it. It says to come from: {self.writer or '<>'}"]
            return [*lines, *(f"  {reason}: {reason.meaning}" for reason in self.reasons)]
        if self.is_signed:
            return [f"Written by {self.writer}: the signature was checked, and covers that address."]
        return [
            f"Signed by {self.writer}; the signature was checked, but does NOT cover that address:",
            "it stands outside the signed part, where anybody on the way could have put it.",
        ]


def found_acknowledged(leak_id: str, disclosure_id: str | None, found: Sequence[str]) -> Notice:
    """To the one who signed it: what was found, what happens, and what would help. Quotes nothing."""
    lines = [
        "Your mail to the list also names a public list, in To, Cc or Reply-To:",
        "",
        *listed(found),
        "",
        "That copy did not come through the list, and the list can't take it back. So this is a leak case,",
        f"{leak_id}, and the coordinators were alarmed at once. Your mail is kept back, and no member was told.",
        "",
        "Mistakes happen, and nobody is blamed for one. Please reply with what you know, one line each:",
        "did a copy leave at all, sealed or readable, and when?",
        "",
        *(f"Leak-{name.capitalize()}: ..." for name in FIELDS),
        "",
        "Please don't undo or delete anything before a coordinator answers, unless it stops the leak.",
    ]
    return Notice(tagged(disclosure_id, f"Your mail and leak case {leak_id}"), "\n".join(lines) + "\n")
