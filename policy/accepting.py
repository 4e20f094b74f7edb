"""Terms accepted by somebody who is to have one disclosure: by his signed line, and nothing else of his mail.

Rules: the signature is that of the key that came with the request. The mail need not be encrypted, as it says
nothing that is secret, and its writer has had nothing from the list yet but a mail in clear. It is addressed to
the list, and holds that one line in its block.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from policy.facts import Role
from policy.grants import AcceptTerms
from policy.orders import read_order
from policy.reasons import Reason
from policy.verdicts import Acted

if TYPE_CHECKING:
    from policy.intake import MailFacts


def accepted(facts: MailFacts, doubts: tuple[Reason, ...]) -> Acted | None:
    """The verdict on a mail by which terms are accepted; None for any other mail."""
    signers = {one.signer.id: one.signer for one in facts.signatures if one.signer is not None}
    signer = next(iter(signers.values())) if len(signers) == 1 else None
    if signer is None or signer.role is not Role.GUEST or not {Reason.CLEARTEXT}.issuperset(doubts):
        return None
    if facts.block is None or facts.surroundings is None or facts.text_is_html or not facts.addressed_here:
        return None
    order = read_order(facts.block, facts.surroundings)
    is_that_alone = len(order.acts) == 1 and isinstance(order.acts[0], AcceptTerms)
    return Acted(signer, order) if is_that_alone and facts.door.value == "list" else None
