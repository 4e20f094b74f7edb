"""Hold and public date together: what is complained of, what is offered, and the block to paste back, to the letter."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from policy.calendars import parse_window
from policy.control import read_block
from policy.orders import Surroundings, read_order


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


DAY = timedelta(days=1)
FULL = at("2026-11-21 17:00:30")
NEW = Surroundings(now=FULL + timedelta(microseconds=500))
HELD = replace(NEW, is_reply=True, hold_until=at("2026-11-24 10:00"), embargo_until=at("2026-12-04 17:00"))
OUT = replace(HELD, hold_until=at("2026-11-20 17:00:20"))
# fmt: off
ROWS = [
    pytest.param(
        replace(HELD, embargo_until=at("2027-04-15 17:00")), "Hold-Until: 03/01/2027 10:00 UTC\n",
        "Hold-Until: 2027-03-01 10:00 UTC\n",
        "Hold-Until: 03/01/2027 10:00 UTC | '03/01/2027' does not say which number is the month; 2027-01-03 "
        "10:00 UTC does not go with the public date | 2027-03-01 10:00 UTC\n",
        id="a reading of the hold that is too long before what stands is not offered",
    ),
    pytest.param(
        replace(HELD, embargo_until=None, hold_until=None), "Hold-Until: 03/01/2027 10:00 UTC\n",
        "Hold-Until: 2027-03-01 10:00 UTC\n",
        "Hold-Until: 03/01/2027 10:00 UTC | '03/01/2027' does not say which number is the month | 2027-01-03 "
        "10:00 UTC, 2027-03-01 10:00 UTC\n",
        id="where no date stands each reading is",
    ),
    pytest.param(
        NEW, "Hold-Until: 2026-12-01 9AM PT\nEmbargo-Until: 2026-12-01 17:00 UTC\n",
        "Hold-Until: 2026-12-01 16:00 UTC\nEmbargo-Until: 2026-12-01 17:00 UTC\n",
        "Hold-Until: 2026-12-01 9AM PT | PT is no offset: it is one thing in summer and another in winter; "
        "2026-12-01 17:00 UTC does not go with the public date | 2026-12-01 16:00 UTC\n",
        id="a reading at the public date itself is not",
    ),
    pytest.param(
        replace(NEW, max_embargo=10 * DAY), "Hold-Until: 03/01/2027 10:00 UTC\nEmbargo-Until: 2027-01-13 10:00 UTC\n",
        "Hold-Until: 2027-01-03 10:00 UTC\nEmbargo-Until: 2027-01-13 10:00 UTC\n",
        "Hold-Until: 03/01/2027 10:00 UTC | '03/01/2027' does not say which number is the month; 2027-03-01 "
        "10:00 UTC does not go with the public date | 2027-01-03 10:00 UTC\n",
        id="one that makes it just as long as is allowed is",
    ),
    pytest.param(
        NEW, "Hold-Until: +1d\nHold-Until: 03/01/2027 10:00 UTC\nEmbargo-Until: 2026-12-08 18:00 UTC\n",
        "Hold-Until: 2026-11-22T17:00:30.001Z\nEmbargo-Until: 2026-12-08 18:00 UTC\n",
        "Hold-Until: 03/01/2027 10:00 UTC | '03/01/2027' does not say which number is the month; 2027-01-03 "
        "10:00 UTC, 2027-03-01 10:00 UTC does not go with the public date | \n",
        id="a clear hold beside an unclear one",
    ),
    pytest.param(
        NEW, "Hold-Until: +1d\nHold-Until: +2d\nEmbargo-Until: 2026-12-08 18:00 UTC\n",
        "Hold-Until: 2026-11-23T17:00:30.001Z\nEmbargo-Until: 2026-12-08 18:00 UTC\n",
        "Hold-Until: +2d | Hold-Until stands there twice and says two things | \n",
        id="two clear holds",
    ),
    pytest.param(
        NEW,
        "Hold-Until: 2026-12-01 10:00 UTC\nHold-Until: 2026-12-08 18:00 UTC\nEmbargo-Until: 2026-12-08 18:00 UTC\n",
        "Hold-Until: 2026-12-01 10:00 UTC\nEmbargo-Until: 2026-12-08 18:00 UTC\n",
        "Hold-Until: 2026-12-08 18:00 UTC | Hold-Until stands there twice and says two things | \n",
        id="two holds, one of them at the public date",
    ),
    pytest.param(
        NEW,
        "Hold-Until: 2026-12-09 10:00 UTC\nHold-Until: 2026-12-10 10:00 UTC\nEmbargo-Until: 2026-12-08 18:00 UTC\n",
        "Hold-Until: 2026-12-10 10:00 UTC\nEmbargo-Until: 2027-01-12 17:00 UTC\n",
        "Hold-Until: 2026-12-10 10:00 UTC | Hold-Until stands there twice and says two things | \n"
        "Embargo-Until: 2026-12-08 18:00 UTC | it is not after 2026-12-10 10:00 UTC, when members get it | "
        "2027-01-12 17:00 UTC\n",
        id="two holds, both past the public date",
    ),
    pytest.param(
        replace(OUT, min_notice=3 * DAY), "Hold-Until: +20d\nEmbargo-Until: +1d\n",
        "Hold-Until: +20d\nEmbargo-Until: 2027-01-12 17:00 UTC\n",
        "Embargo-Until: +1d | it is earlier than the date that stands, and that needs more notice than that: "
        "3 days | 2027-01-12 17:00 UTC\n",
        id="short notice, beside a hold past what stands",
    ),
    pytest.param(
        NEW, "Embargo-Until: Dec 2026\nPlease fix it.\n",
        "Embargo-Until: 2026-12-08 17:00 UTC\n",
        "Embargo-Until: Dec 2026 Please fix it. | 'Please' is not part of a date. The block below says "
        "2026-12-08 17:00 UTC instead: that is a proposal, not a reading | \n",
        id="prose that ran into half a date",
    ),
    pytest.param(
        NEW, "Hold-Until: now\nHold-Until: when ready\nEmbargo-Until: 2026-12-08 18:00 UTC\n",
        "Hold-Until: 2026-12-07 18:00 UTC\nEmbargo-Until: 2026-12-08 18:00 UTC\n",
        "Hold-Until: when ready | it names an event, and the gateway sees none; name the latest date, and "
        "send `Lift: now` when it happens. The block below says 2026-12-07 18:00 UTC instead: that is a "
        "proposal, not a reading | \n",
        id="a hold that can't be read: a proposal a day before the public date, as that reveals nothing too early",
    ),
    pytest.param(
        NEW, "Hold-Untill: tomorrow\nEmbargo-Until: 2026-11-22 17:00 UTC\n",
        "Hold-Until: 2026-11-22 05:00:15 UTC\nEmbargo-Until: 2026-11-22 17:00 UTC\n",
        "Hold-Untill: tomorrow | there is no line 'Hold-Untill'; did you mean Hold-Until?; 'tomorrow' is not part "
        "of a date. The block below says 2026-11-22 05:00:15 UTC instead: that is a proposal, not a reading | \n",
        id="a line that is wrong twice is told once; of a short embargo half the time is proposed",
    ),
    pytest.param(
        NEW, "Hold-Until: when ready\nEmbargo-Until: 2026-11-24 05:00:30 UTC\n",
        "Hold-Until: 2026-11-23 05:00:30 UTC\nEmbargo-Until: 2026-11-24 05:00:30 UTC\n",
        "Hold-Until: when ready | it names an event, and the gateway sees none; name the latest date, and "
        "send `Lift: now` when it happens. The block below says 2026-11-23 05:00:30 UTC instead: that is a "
        "proposal, not a reading | \n",
        id="of two days and a half it is a day before the public date",
    ),
    pytest.param(
        replace(NEW, now=FULL), "Hold-Until: when ready\nEmbargo-Until: 2026-11-21 17:00:31 UTC\n",
        "Hold-Until: 2026-11-21 17:01 UTC\nEmbargo-Until: 2026-12-08 17:00 UTC\n",
        "Hold-Until: when ready | it names an event, and the gateway sees none; name the latest date, and "
        "send `Lift: now` when it happens. The block below says 2026-11-21 17:01 UTC instead: that is a "
        "proposal, not a reading | \n"
        "Embargo-Until: 2026-11-21 17:00:31 UTC | it is not after 2026-11-21 17:01 UTC, when members get it | "
        "2026-12-08 17:00 UTC\n",
        id="of one second there is no half: the next full minute, never now",
    ),
    pytest.param(
        NEW, "Hold-Until: soon\nHold-Until: 2026-12-01 10:00 UTC\nEmbargo-Until: 2026-12-08 18:00 UTC\n",
        "Hold-Until: 2026-12-01 10:00 UTC\nEmbargo-Until: 2026-12-08 18:00 UTC\n",
        "Hold-Until: soon | it is not a date | \n",
        id="an unreadable hold beside a clear one: that one stands, and nothing is made up",
    ),
    pytest.param(
        NEW, "Hold-Until: soon\nEmbargo-Until: never\n",
        "Hold-Until: 2026-11-22 18:00 UTC\nEmbargo-Until: 2026-12-08 17:00 UTC\n",
        "Hold-Until: soon | it is not a date. The block below says 2026-11-22 18:00 UTC instead: that is "
        "a proposal, not a reading | \nEmbargo-Until: never | 'never' is not part of a date. The block below says "
        "2026-12-08 17:00 UTC instead: that is a proposal, not a reading | \n",
        id="two dates that can't be read",
    ),
    pytest.param(
        replace(NEW, now=FULL), "Hold-Until: 2026-11-20 17:00:30 UTC\nEmbargo-Until: 2026-12-08 18:00 UTC\n",
        "Hold-Until: 2026-11-22 17:00:30 UTC\nEmbargo-Until: 2026-12-08 18:00 UTC\n",
        "Hold-Until: 2026-11-20 17:00:30 UTC | 2026-11-20 17:00:30 UTC is in the past. The block below says "
        "2026-11-22 17:00:30 UTC instead: that is a proposal, not a reading | \n",
        id="a hold of this very moment, a day ago",
    ),
    pytest.param(
        NEW, "Embargo-Until: 2026-12-08 18:00 UTC\nEmbargo-Until: 2020-12-08 18:00 UTC\n",
        "Embargo-Until: 2026-12-08 18:00 UTC\n",
        "Embargo-Until: 2020-12-08 18:00 UTC | 2020-12-08 18:00 UTC is in the past. The block below says "
        "2026-12-08 18:00 UTC instead: that is a proposal, not a reading | \n",
        id="one good date and one gone by",
    ),
    pytest.param(
        NEW, "Embargo-Until: 2026-12-08 18:00 UTC\nEmbargo-Until: 2026-12-09 18:00 UTC\n",
        "Embargo-Until: 2026-12-08 18:00 UTC\n",
        "Embargo-Until: 2026-12-09 18:00 UTC | Embargo-Until stands there twice and says two things | \n",
        id="two good dates",
    ),
    pytest.param(
        NEW, "Embargo-Until: 02/06/2027 12:00 UTC\n",
        "Embargo-Until: 2027-02-06 12:00 UTC\n",
        "Embargo-Until: 02/06/2027 12:00 UTC | '02/06/2027' does not say which number is the month; "
        "2027-06-02 12:00 UTC is more than 90 days after members get it | 2027-02-06 12:00 UTC\n",
        id="a reading beyond the cap",
    ),
    pytest.param(
        replace(OUT, min_notice=3 * DAY), "Embargo-Until: +1d\n",
        "Embargo-Until: 2026-11-24 18:01 UTC\n",
        "Embargo-Until: +1d | it is earlier than the date that stands, and that needs more notice than that: "
        "3 days | 2026-11-24 18:01 UTC\n",
        id="short notice",
    ),
    pytest.param(
        replace(OUT, min_notice=3 * DAY, now=FULL), "Embargo-Until: +3d\n",
        "Embargo-Until: +3d\n", "",
        id="just the notice",
    ),
    pytest.param(
        replace(OUT, min_notice=3 * DAY), "Embargo-Until: +10d\n",
        "Embargo-Until: +10d\n", "",
        id="earlier, with notice",
    ),
    pytest.param(
        replace(OUT, min_notice=30 * DAY), "Embargo-Until: +1d\n",
        "Embargo-Until: 2026-12-04 17:00 UTC\n",
        "Embargo-Until: +1d | it is earlier than the date that stands, and that needs more notice than that: "
        "30 days | 2026-12-04 17:00 UTC\n",
        id="no notice is enough: what stands",
    ),
    pytest.param(
        replace(NEW, min_notice=3 * DAY), "Embargo-Until: +1d\n",
        "Embargo-Until: +1d\n", "",
        id="held: nobody needs notice",
    ),
    pytest.param(
        replace(OUT, min_notice=30 * DAY, max_embargo=5 * DAY), "Embargo-Until: +1d\n",
        "Embargo-Until: 2026-11-25 17:00:20 UTC\n",
        "Embargo-Until: +1d | it is earlier than the date that stands, and that needs more notice than that: "
        "30 days, and no other date is possible now | \n",
        id="short notice, and what stands is too long by now",
    ),
    pytest.param(
        NEW, "Hold-Until: 2026-12-08 10:00 UTC\nEmbargo-Until: 2026-12-08 10:00 UTC\n",
        "Hold-Until: 2026-12-08 10:00 UTC\nEmbargo-Until: 2026-12-08 17:00 UTC\n",
        "Embargo-Until: 2026-12-08 10:00 UTC | it is not after 2026-12-08 10:00 UTC, when members get it | "
        "2026-12-08 17:00 UTC\n",
        id="as members get it",
    ),
    pytest.param(
        NEW, "Hold-Until: 2026-12-08 10:00 UTC\nEmbargo-Until: 2026-12-07 10:00 UTC\n",
        "Hold-Until: 2026-12-08 10:00 UTC\nEmbargo-Until: 2026-12-08 17:00 UTC\n",
        "Embargo-Until: 2026-12-07 10:00 UTC | it is not after 2026-12-08 10:00 UTC, when members get it | "
        "2026-12-08 17:00 UTC\n",
        id="before members get it",
    ),
    pytest.param(
        OUT, "Embargo-Until: +200d\n",
        "Embargo-Until: 2027-02-18 17:00 UTC\n",
        "Embargo-Until: +200d | it is more than 90 days after members get it; the latest is 2027-02-18 17:00 "
        "UTC | 2027-02-18 17:00 UTC\n",
        id="too long: the latest full minute",
    ),
    pytest.param(
        replace(NEW, max_embargo=timedelta(hours=23, minutes=21)), "Hold-Until: +1d\nEmbargo-Until: +200d\n",
        "Hold-Until: +1d\nEmbargo-Until: 2026-11-23 16:21 UTC\n",
        "Embargo-Until: +200d | it is more than 23 h 21 min after members get it; the latest is 2026-11-23 "
        "16:21 UTC | 2026-11-23 16:21 UTC\n",
        id="too long, in hours",
    ),
    pytest.param(
        replace(OUT, min_notice=timedelta(seconds=30)), "Embargo-Until: +10s\n",
        "Embargo-Until: 2026-11-21 18:02 UTC\n",
        "Embargo-Until: +10s | it is earlier than the date that stands, and that needs more notice than that: "
        "30 s | 2026-11-21 18:02 UTC\n",
        id="short notice, told in seconds",
    ),
    pytest.param(
        replace(OUT, window=parse_window("tue 08:00-17:00")), "Embargo-Until: +200d\n",
        "Embargo-Until: 2027-02-16 17:00 UTC\n",
        "Embargo-Until: +200d | it is more than 90 days after members get it; the latest is 2027-02-16 17:00 "
        "UTC | 2027-02-16 17:00 UTC\n",
        id="too long: the latest in the list's hours",
    ),
    pytest.param(
        replace(OUT, max_embargo=6 * DAY, min_notice=4 * DAY,
            window=parse_window("tue 08:00-17:00"), embargo_until=at("2026-11-26 10:00")), "Embargo-Until: +200d\n",
        "Embargo-Until: 2026-11-26 17:00 UTC\n",
        "Embargo-Until: +200d | it is more than 6 days after members get it; the latest is 2026-11-26 17:00 "
        "UTC | 2026-11-26 17:00 UTC\n",
        id="those hours would be short notice",
    ),
    pytest.param(
        replace(OUT, embargo_until=at("2026-11-21 10:00")), "TLP: RED\n",
        "TLP: RED\n", "",
        id="no line of a date, the date reached",
    ),
    pytest.param(
        HELD, "Hold-Until: +20d\n",
        "Hold-Until: +20d\nEmbargo-Until: 2027-01-12 17:00 UTC\n",
        "Embargo-Until: | the public date that stands is 2026-12-04 17:00 UTC: it is not after "
        "2026-12-11T17:00:30.001Z, when members get it | 2027-01-12 17:00 UTC\n",
        id="a hold past the date that stands",
    ),
    pytest.param(
        HELD, "Hold-Until: 2026-12-04 17:00 UTC\n",
        "Hold-Until: 2026-12-04 17:00 UTC\nEmbargo-Until: 2026-12-08 17:00 UTC\n",
        "Embargo-Until: | the public date that stands is 2026-12-04 17:00 UTC: it is not after 2026-12-04 "
        "17:00 UTC, when members get it | 2026-12-08 17:00 UTC\n",
        id="a hold at the date that stands",
    ),
    pytest.param(
        replace(HELD, max_embargo=3 * DAY), "Hold-Until: +1d\n",
        "Hold-Until: +1d\nEmbargo-Until: 2026-11-25 17:00 UTC\n",
        "Embargo-Until: | the public date that stands is 2026-12-04 17:00 UTC: it is more than 3 days after "
        "members get it; the latest is 2026-11-25 17:00 UTC | 2026-11-25 17:00 UTC\n",
        id="a hold too long before it",
    ),
    pytest.param(
        replace(NEW, default_embargo="14d", max_embargo=5 * DAY), "TLP: RED\n",
        "TLP: RED\nEmbargo-Until: 2026-11-26 17:00 UTC\n",
        " | there is no Embargo-Until: a disclosure says when it is public. 2026-11-26 17:00 UTC below is a "
        "proposal | 2026-11-26 17:00 UTC\n",
        id="a default that is too long",
    ),
    pytest.param(
        replace(NEW, default_embargo="14d"), "TLP: RED\n",
        "TLP: RED\n", "",
        id="a default",
    ),
    pytest.param(
        NEW, "Embargo-Until: 2026-12-08\n 18:00 UTC\n",
        "Embargo-Until: 2026-12-08 18:00 UTC\n", "",
        id="a date on two lines",
    ),
    pytest.param(
        NEW, "Embargo-Until: 2026-12-08 18:00 UTC\nPlease fix it.\n",
        "Embargo-Until: 2026-12-08 18:00 UTC\n",
        "Embargo-Until: 2026-12-08 18:00 UTC Please fix it. | the lines below it were read as part of it; is "
        "the empty line after the block missing? | 2026-12-08 18:00 UTC\n",
        id="prose that ran into a date",
    ),
    pytest.param(
        NEW, "Embargo-Until: 03/01/2027 18:00 UTC\nPlease fix it.\n",
        "Embargo-Until: 2027-01-03 18:00 UTC\n",
        "Embargo-Until: 03/01/2027 18:00 UTC Please fix it. | '03/01/2027' does not say which number is the "
        "month; 2027-03-01 18:00 UTC is more than 90 days after members get it | 2027-01-03 18:00 UTC\n",
        id="prose that ran into an unclear date",
    ),
    pytest.param(
        NEW, "Embargo-Until: 2020-12-08 18:00 UTC\nPlease fix it.\n",
        "Embargo-Until: 2026-12-08 18:00 UTC\n",
        "Embargo-Until: 2020-12-08 18:00 UTC Please fix it. | 2020-12-08 18:00 UTC is in the past. The block "
        "below says 2026-12-08 18:00 UTC instead: that is a proposal, not a reading | \n",
        id="prose that ran into a past date",
    ),
    pytest.param(
        NEW, "Embargo-Until: whenever\nPlease fix it.\n",
        "Embargo-Until: 2026-12-08 17:00 UTC\n",
        "Embargo-Until: whenever Please fix it. | 'whenever' is not part of a date. The block below says "
        "2026-12-08 17:00 UTC instead: that is a proposal, not a reading | \n",
        id="prose that ran into no date",
    ),
    pytest.param(
        HELD, "Hold-Until: now\nPlease fix it.\n",
        "Hold-Until: 2026-12-03 17:00 UTC\n",
        "Hold-Until: now Please fix it. | 'now' is not part of a date. The block below says 2026-12-03 17:00 UTC "
        "instead: that is a proposal, not a reading | \n",
        id="prose that ran into now",
    ),
    pytest.param(
        replace(NEW, now=at("9999-12-20 10:00")), "TLP: RED\n",
        "TLP: RED\nEmbargo-Until: 9999-12-31 23:59:59 UTC\n",
        " | there is no Embargo-Until: a disclosure says when it is public. 9999-12-31 23:59:59 UTC below is "
        "a proposal | 9999-12-31 23:59:59 UTC\n",
        id="the end of the calendar: no date",
    ),
    pytest.param(
        replace(NEW, now=at("9999-12-20 10:00")), "Embargo-Until: patch-day\n",
        "Embargo-Until: 9999-12-31 23:59:59 UTC\n",
        "Embargo-Until: patch-day | there is no such date. The block below says 9999-12-31 23:59:59 UTC "
        "instead: that is a proposal, not a reading | \n",
        id="the end of the calendar: its patch day",
    ),
    pytest.param(
        replace(NEW, now=at("9999-12-20 10:00")), "Embargo-Until: 2020-12-08 18:00 UTC\n",
        "Embargo-Until: 9999-12-31 23:59:59 UTC\n",
        "Embargo-Until: 2020-12-08 18:00 UTC | 2020-12-08 18:00 UTC is in the past. The block below says "
        "9999-12-31 23:59:59 UTC instead: that is a proposal, not a reading | \n",
        id="the end of the calendar: a past date",
    ),
    pytest.param(
        replace(NEW, max_embargo=366 * DAY), "Embargo-Until: 2024-03-12 14:00 UTC\n",
        "Embargo-Until: 2027-03-12 14:00 UTC\n",
        "Embargo-Until: 2024-03-12 14:00 UTC | 2024-03-12 14:00 UTC is in the past. The block below says "
        "2027-03-12 14:00 UTC instead: that is a proposal, not a reading | \n",
        id="the same date next year",
    ),
    pytest.param(
        replace(NEW, max_embargo=366 * DAY), "Embargo-Until: 2024-12-12 14:00 UTC\n",
        "Embargo-Until: 2026-12-12 14:00 UTC\n",
        "Embargo-Until: 2024-12-12 14:00 UTC | 2024-12-12 14:00 UTC is in the past. The block below says "
        "2026-12-12 14:00 UTC instead: that is a proposal, not a reading | \n",
        id="the same date this year",
    ),
    pytest.param(
        replace(NEW, max_embargo=366 * DAY, now=FULL), "Embargo-Until: 2025-11-21 17:00:30 UTC\n",
        "Embargo-Until: 2027-11-21 17:00:30 UTC\n",
        "Embargo-Until: 2025-11-21 17:00:30 UTC | 2025-11-21 17:00:30 UTC is in the past. The block below "
        "says 2027-11-21 17:00:30 UTC instead: that is a proposal, not a reading | \n",
        id="the same instant a year ago",
    ),
    pytest.param(
        replace(NEW, max_embargo=366 * DAY, now=at("2027-06-01 10:00")), "Embargo-Until: 2024-02-29 14:00 UTC\n",
        "Embargo-Until: 2028-02-29 14:00 UTC\n",
        "Embargo-Until: 2024-02-29 14:00 UTC | 2024-02-29 14:00 UTC is in the past. The block below says "
        "2028-02-29 14:00 UTC instead: that is a proposal, not a reading | \n",
        id="a 29 February that comes again",
    ),
    pytest.param(
        replace(NEW, max_embargo=366 * DAY), "Embargo-Until: 2024-02-29 14:00 UTC\n",
        "Embargo-Until: 2026-12-08 17:00 UTC\n",
        "Embargo-Until: 2024-02-29 14:00 UTC | 2024-02-29 14:00 UTC is in the past. The block below says "
        "2026-12-08 17:00 UTC instead: that is a proposal, not a reading | \n",
        id="one that does not",
    ),
]
# fmt: on


@pytest.mark.parametrize(("here", "text", "corrected", "told"), ROWS)
def test_two_dates_are_judged_together_and_answered_with_a_block(here, text, corrected, told) -> None:
    found = read_order(read_block(text), here)

    values = [", ".join(reading.value for reading in one.readings) for one in found.complaints]
    lines = [f"{one.line} | {one.why} | {offered}\n" for one, offered in zip(found.complaints, values, strict=True)]
    assert "".join(lines) == told
    assert found.corrected == corrected
