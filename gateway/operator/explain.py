"""``embargo explain``: what would become of a mail, tried out on the real thing and taken back.

A file is not yet a mail at the door: its line ends are made those of SMTP, and its envelope is made up from its
own fields. From there on the way is the same as for any other mail.
"""

from __future__ import annotations

import hashlib
import re
from typing import TYPE_CHECKING

from gateway import bouncing, replies
from gateway.envelope import Envelope, holds_bare_bytes, normalise
from gateway.incoming import Incoming
from gateway.intake import apply
from gateway.mail.model import Mail
from gateway.operator.acts import ring_of
from gateway.operator.base import RefusedError, UnclearError, named
from gateway.reading import read
from gateway.rehearsal import Rehearsal, rehearse
from policy.intake import Door
from storage import outbox
from storage.ids import row_id

if TYPE_CHECKING:
    from gateway.lists import Addressed
    from gateway.mail.model import Problem
    from gateway.parts import Parts
    from gateway.replies import Reply

NOBODY = "unknown@sender.invalid"  # not "": the null sender is a sign of automatic mail
_TOP = 65_536  # bytes of a mail that nobody can read in which its addresses are looked for
_MBOX = re.compile(rb"\AFrom [^\n]*\n")
_RETURN_PATH = re.compile(rb"\AReturn-Path:[ \t]*<([^<>\r\n]*)>", re.IGNORECASE)
_TO = re.compile(rb"^(?:to|cc):([^\n]*(?:\n[ \t][^\n]*)*)", re.IGNORECASE | re.MULTILINE)
_ADDRESS = re.compile(rb"[A-Za-z0-9][A-Za-z0-9._+=-]{0,63}@[A-Za-z0-9.-]{1,255}")


class _OverError(Exception):
    """Takes the dry run back, and carries what it showed; never leaves this module."""

    def __init__(self, rehearsal: Rehearsal) -> None:
        super().__init__()
        self.rehearsal = rehearsal


async def explain(parts: Parts, file: bytes, list_name: str | None) -> Rehearsal:
    """Say what would become of a mail if it came now. Changes nothing, and sends nothing.

    Raises RefusedError for one that would not get through the door or an unknown list, UnclearError where
    it does not say for which list it is, and EngineUnavailable or ParserUnavailable where our own side fails.
    """
    content = as_at_the_door(file)
    _refuse_at_the_door(content, parts.config.smtp.max_message_bytes)
    mail = await parts.parser.mail(content)
    recipient, addressed = _destination(parts, mail, content, list_name)
    await _refuse_unknown_copy(parts, addressed)
    envelope = Envelope(_sender(mail, content), recipient, content, parts.clock.now(), "")
    list_id = addressed.mailing_list.id
    seen = await read(parts, await ring_of(parts, list_id), content, envelope.sender)
    tells_failure = await bouncing.tells_failure(parts, addressed.door, envelope)
    try:
        async with parts.database.transaction() as tx:
            incoming = Incoming(
                parts,
                tx,
                addressed.mailing_list,
                addressed.door,
                envelope,
                seen,
                parts.clock.now(),
                row_id("ML"),
                hashlib.sha256(content).hexdigest(),
                apply,
                tells_failure=tells_failure,
            )
            raise _OverError(await rehearse(incoming))
    except _OverError as over:
        return over.rehearsal


def as_at_the_door(file: bytes) -> bytes:
    """A mail out of a file as SMTP would carry it: without an mbox's own first line, every line ended by CR LF."""
    content = _MBOX.sub(b"", file, count=1)
    if b"\r" not in content:
        content = content.replace(b"\n", b"\r\n")
    return content if content.endswith(b"\r\n") else content + b"\r\n"


def _refuse_at_the_door(content: bytes, most: int) -> None:
    refusal = replies.TOO_LARGE if len(content) > most else replies.BARE if holds_bare_bytes(content) else None
    if refusal is not None:
        raise _refused(refusal)


def _refused(reply: Reply) -> RefusedError:
    return RefusedError(f"this mail would not be taken at all; its sender is answered: {reply.line()}")


def _destination(parts: Parts, mail: Mail | Problem, content: bytes, list_name: str | None) -> tuple[str, Addressed]:
    """The address that the mail is for: the list's own where it names that, else another of the same list."""
    addresses = [normalise(address) for address in _named(mail, content)]
    found = [(address, at) for address in addresses if address and (at := parts.lists.find(address)) is not None]
    if list_name is not None or (not found and not isinstance(mail, Mail) and len(parts.config.lists) == 1):
        list_id = named(parts.config, list_name)
        own = parts.lists[list_id].address
        found = [one for one in found if one[1].mailing_list.id == list_id]
        found = found or [(own, at) for at in [parts.lists.find(own)] if at is not None]
    known = sorted({at.mailing_list.id for _, at in found})
    if not known:
        every = ", ".join(parts.config.lists)
        raise UnclearError(f"neither To nor Cc of this mail names a list: say which with --list (there is {every})")
    if len(known) > 1:
        raise UnclearError(f"this mail names several lists ({', '.join(known)}): say which with --list")
    return next((one for one in found if one[1].door is Door.LIST), found[0])


def _named(mail: Mail | Problem, content: bytes) -> list[str]:
    if isinstance(mail, Mail):
        return [one.address for one in (*mail.headers.to, *mail.headers.cc)]
    top = content[:_TOP].partition(b"\r\n\r\n")[0]
    return [address.decode() for match in _TO.finditer(top) for address in _ADDRESS.findall(match[1])]


async def _refuse_unknown_copy(parts: Parts, addressed: Addressed) -> None:
    """A return path that belongs to no copy of the list's is not known at the door."""
    if not addressed.token:
        return
    async with parts.database.reading() as tx:
        copy = await outbox.by_token(tx, addressed.token)
    if copy is None or copy.list_id != addressed.mailing_list.id:
        raise RefusedError(
            f"this mail would not be taken at all, its sender is answered: {replies.UNKNOWN_USER.line()}"
        )


def _sender(mail: Mail | Problem, content: bytes) -> str:
    """The envelope's sender: as whoever delivered the file noted it, else its From; only told, never believed."""
    noted = _RETURN_PATH.match(content)
    if noted is not None:
        return noted[1].decode("ascii", "replace")
    senders = mail.headers.sender if isinstance(mail, Mail) else ()
    return senders[0].address if senders else NOBODY
