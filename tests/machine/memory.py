"""What the machine remembers: its secrets, and what each person read."""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass, field

from machine.house import Kept
from policy.facts import Disclosure, Person, Standing

NAMED = re.compile(r"(?:\b(Approve): )?\b(([A-Z]{2})-\d{4}-\w{4})\b")


@dataclass(frozen=True)
class Secret:
    """A canary: of which disclosure (None: of none), and which members may ever read it (None: its audience).

    ``by`` wrote it, and may be answered with it. ``binds``: whoever read it has content of the disclosure.
    """

    disclosure: str | None
    readers: frozenset[str] | None = None
    by: str = ""
    binds: bool = True


@dataclass
class Inbox:
    """What one person read: our Message-ID, the text inside, and when it was handed over.

    ``named``: of each kind of id ("DP", or "Approve" for what waits) those that he read of, with the latest mail.
    """

    mails: list[tuple[str, str, Kept]] = field(default_factory=list)
    named: dict[str, dict[str, tuple[str, str, Kept]]] = field(default_factory=lambda: defaultdict(dict))

    def take(self, mail: tuple[str, str, Kept]) -> None:
        self.mails.append(mail)
        for approve, name, prefix in NAMED.findall(mail[1]):
            for kind in (prefix, approve):
                self.named[kind].pop(name, None)
                self.named[kind][name] = mail


def is_inside(person: Person, disclosure: Disclosure) -> bool:
    """Whether somebody is in the audience of what members have: let in, active, and named."""
    if person.standing is not Standing.ACTIVE or person.id not in (disclosure.admitted or ()):
        return False
    named = {"all", f"org:{person.name}", *(f"group:{group}" for group in person.groups)}
    return disclosure.scope in named
