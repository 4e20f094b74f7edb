"""A mail to -sendkey: the list's public key goes to whoever sent it, in clear, and not too often."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gateway.envelope import normalise
from gateway.mail.headers import normal_address
from gateway.notices.keys import key_answer
from gateway.sending import clear
from keys import packets
from policy.facts import MessageKind
from policy.keyanswers import AN_ADDRESS_EVERY, OVER_ALL_EVERY, KeyAsked, refuse_key
from policy.reasons import Reason
from storage import messages, roster

if TYPE_CHECKING:
    from gateway.incoming import Incoming

_UNREADABLE = frozenset({Reason.MALFORMED, Reason.TOO_COMPLEX})


async def answer(incoming: Incoming) -> bool:
    """Send the key where that is right; says whether it goes. What came in is kept by the caller, as all mail is."""
    tx, now, mailing_list = incoming.tx, incoming.now, incoming.mailing_list
    own = await roster.list_key(tx, mailing_list.id)
    why = refuse_key(await _asked(incoming))
    await incoming.audit("key-asked", incoming.mail_id, why or "sent")
    if why is not None or own is None:
        return False
    text = key_answer(mailing_list.name, own.fingerprint, packets.armor_key(own.public))
    kind = MessageKind.KEY_ANSWER
    await clear.send(incoming.parts, tx, mailing_list, incoming.envelope.sender, text, kind=kind, now=now)
    return True


async def _asked(incoming: Incoming) -> KeyAsked:
    tx, now, sender = incoming.tx, incoming.now, incoming.envelope.sender
    kind, ours = MessageKind.KEY_ANSWER, normalise(sender)
    return KeyAsked(
        sender=sender,
        can_be_written_to=normal_address(sender) is not None,
        is_ours=ours is not None and incoming.parts.lists.find(ours) is not None,
        is_readable=incoming.read.problem not in _UNREADABLE,
        to_sender=await messages.sent_since(tx, kind, now - AN_ADDRESS_EVERY, sender),
        over_all=await messages.sent_since(tx, kind, now - OVER_ALL_EVERY),
    )
