"""What is written about proposed public dates: pure, short, instants in words."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from gateway.notices import MOST_VALUE, Notice, shortened, tagged
from policy.facts import Disclosure
from policy.instants import as_value, in_words


@dataclass(frozen=True, slots=True)
class Request:
    """What a member asks of the coordinators: another public date."""

    disclosure: Disclosure
    subject: str
    writer: str
    at: datetime
    reason: str

    def notice(self, zone: str, now: datetime) -> Notice:
        """To the coordinators: who asks for what and why, and the lines to answer with."""
        stands = self.disclosure.embargo_until
        change = "later" if self.at > stands else "earlier"
        reason = shortened(self.reason, MOST_VALUE, "the whole mail came to you as well") or "(none was given)"
        text = (
            f"{self.writer} asks for {'a' if change == 'later' else 'an'} {change} public date of "
            f"{self.disclosure.id}; the signature was checked.\n\n"
            f"Asked for: {in_words(self.at, zone, now)}\n"
            f"It stands: {in_words(stands, zone, now)}\n"
            f"Reason: {reason}\n\n"
            "Nothing has changed, and no other member was told. To grant it, answer this mail with this as its\n"
            "first line; everybody who got the disclosure is then told of the new date, and of no reason:\n\n"
            f"Embargo-Until: {as_value(self.at)}\n\n"
            "To decline, you need do nothing: the date stands until a coordinator moves it. To say so to the\n"
            "audience, answer with\n\n"
            "Send-To: audience\n\n"
            "The public date stands.\n"
        )
        return Notice(tagged(self.disclosure.id, f"Another public date is asked for: {self.subject}"), text)
