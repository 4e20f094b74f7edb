"""What the clock does on and after a bad day: the duties of leak cases, each by its kind."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gateway.leaks import escalating, floods, retrospect

if TYPE_CHECKING:
    from gateway.release import DoDuty

DUTIES: dict[str, DoDuty] = {
    escalating.AGAIN: escalating.sound_again,
    floods.DIGEST: floods.tell,
    retrospect.DRAFT: retrospect.send_draft,
}
"""How each kind is done; handed to ``gateway.release.Release``."""
