"""What the clock does with proposed dates: when the time for votes is over, a proposal comes to stand, or falls."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gateway import release
from gateway.acts import proposals
from gateway.scene import Scene
from policy.facts import State
from policy.proposals import Fate
from storage import disclosures

if TYPE_CHECKING:
    from datetime import datetime

    from gateway.lists import MailingList
    from gateway.parts import Parts
    from gateway.release import DoDuty
    from storage.database import Tx


async def window_over(parts: Parts, tx: Tx, mailing_list: MailingList, ref: str, now: datetime) -> None:
    """Take stock of the proposal of ``ref`` (ED-.../DP-...), where it is open still and its embargo stands."""
    disclosure_id, _, proposal_id = ref.partition("/")
    disclosure = await disclosures.get(tx, disclosure_id)
    if disclosure is None or disclosure.state is not State.EMBARGOED:
        return  # the lift or withdrawal was told
    setting = await release.setting_of(parts, tx, disclosure)
    found = [one for one in setting.particulars.proposals if one.id == proposal_id and one.fate is Fate.OPEN]
    if found:
        await proposals.take_stock(Scene(parts, tx, mailing_list, now, "gateway"), setting, found[0])


DUTIES: dict[str, DoDuty] = {proposals.WINDOW: window_over}
"""How each kind is done; handed to ``gateway.release.Release``."""
