"""The states of a disclosure and what moves it, as one table.

Rules: nothing is released before its hold or at or after its date (law 3); once members have it, only
a coordinator's signed word, or the operator's act, changes its date; a lift has a cause; whoever got it
stays bound until the lift. A test holds ``docs/states.md`` against ``ROWS`` and ``BESIDE``, cell by cell.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum

from policy.calendars import Calendar
from policy.facts import Disclosure, State
from policy.reasons import Reason
from policy.upstream import holding


class Event(StrEnum):
    """What can happen to a disclosure."""

    POST = "post"
    POST_UNAPPROVED = "post-unapproved"
    APPROVE = "approve"
    NEW_DATE = "new-date"
    DATE_ASKED = "date-asked"
    DATE_COUNTERED = "date-countered"
    VOTE = "vote"
    DATE_AGREED = "date-agreed"
    DATE_STANDS = "date-stands"
    HOLD_OVER = "hold-over"
    STOP = "stop"
    GO = "go"
    DATE_PASSED = "date-passed"
    CHANGE = "change"
    WITHDRAW = "withdraw"
    FOLLOW_UP = "follow-up"
    DATE_REACHED = "date-reached"
    LIFT_ASKED = "lift-asked"
    LIFT_NOW = "lift-now"
    SEND_AND_LIFT = "send-and-lift"
    PUBLISH = "publish"
    FACT_PUBLIC = "fact-public"
    FACT_ATTACKS = "fact-attacks"
    UPSTREAM = "upstream"
    LEAK = "leak"
    CLOSE = "close"
    SHARE = "share"


@dataclass(frozen=True, slots=True)
class Row:
    """One row of the table: in ``source``, ``event`` leads to ``target`` where ``guard`` holds; ``effect`` follows.

    Both are texts. A function that judges a guard stands in it as module.function of ``policy``.
    """

    number: str
    source: State | None
    event: Event
    target: State
    guard: str
    effect: str


@dataclass(frozen=True, slots=True)
class Beside:
    """A row about something else than a disclosure's state: ``event`` happens to ``about``."""

    number: str
    about: str
    event: str
    guard: str
    effect: str


ROWS: tuple[Row, ...] = (
    Row("1", None, Event.POST, State.HELD,
        "a coordinator's signed and encrypted post (`intake.judge_mail`) whose block is clear "
        "(`orders.read_order`); now <= H < T, and T - H within `max_embargo` (`disclosure.judge_dates`); somebody "
        "is in its audience (`audience.judge_seats`)",
        "the coordinators get a receipt: its id, who gets it and who can't, and both instants"),
    Row("1", None, Event.POST_UNAPPROVED, State.PENDING,
        'the same, where `two_person` holds "release"',
        "it waits for a second coordinator, and all of them are asked"),
    Row("2", State.PENDING, Event.APPROVE, State.HELD,
        "another coordinator than the poster, who is one still (`disclosure.approve`, "
        "`disclosure.unseconded`); judged as in row 1",
        "it is held, never for less than the grace from now; the coordinators are told. A new date alone approves "
        "nothing"),
    Row("2", State.PENDING, Event.NEW_DATE, State.HELD,
        "it waits for its date alone, and any coordinator names one (`steering.plan_steering`); judged as in row 1",
        "it is held, never for less than the grace from now; receipt"),
    Row("3", State.HELD, Event.HOLD_OVER, State.EMBARGOED,
        "the clock is at H and not at T, and nobody stopped it (`disclosure.due`)",
        "R is now; each of the audience as judged now gets a copy"),
    Row("3a", State.HELD, Event.STOP, State.HELD,
        "none but the stop code (`prose.find_stop_codes`), whoever sends it; or `embargo disclosure stop`",
        "the clock does not release it; it waits for row 3a, go"),
    Row("3a", State.PENDING, Event.STOP, State.PENDING, "the same", "it stays stopped when a new date comes"),
    Row("3a", State.HELD, Event.GO, State.HELD,
        "a coordinator's `Hold-Until:` (`steering.plan_steering`), or `embargo disclosure go`; no stop code does it",
        "the clock may release it again"),
    Row("4", State.HELD, Event.DATE_PASSED, State.PENDING,
        "the clock is at T first, after an outage or a stop (`disclosure.due`)",
        "nothing is sent under a date that is past; the coordinators are asked for another one"),
    Row("5", State.HELD, Event.NEW_DATE, State.HELD,
        "a coordinator names another T (`steering.plan_steering`); judged as in row 1",
        "nobody has seen it, so nobody is asked and only coordinators are told"),
    Row("5", State.HELD, Event.CHANGE, State.HELD,
        "the same for the hold, the scope, a restriction, the label, the public notice", "the same"),
    Row("5", State.PENDING, Event.CHANGE, State.PENDING, "the same", "the same"),
    Row("5", State.HELD, Event.WITHDRAW, State.WITHDRAWN,
        "a coordinator's `Withdraw: REASON` and no change of dates or scope beside it (`steering.plan_steering`)",
        "nobody gets anything; the coordinators are told"),
    Row("5", State.PENDING, Event.WITHDRAW, State.WITHDRAWN, "the same", "the same"),
    Row("5a", State.EMBARGOED, Event.WITHDRAW, State.WITHDRAWN,
        "as in row 5",
        "copies that did not leave are cancelled; everybody bound is told, and whether it is void or stays secret "
        "until T"),
    Row("6", State.HELD, Event.FOLLOW_UP, State.HELD,
        "a coordinator's signed and encrypted mail in its thread (`intake.judge_mail`)",
        "it waits with the disclosure"),
    Row("6", State.PENDING, Event.FOLLOW_UP, State.PENDING, "the same", "the same"),
    Row("6", State.EMBARGOED, Event.FOLLOW_UP, State.EMBARGOED,
        "the same, or such a mail by a member in the audience",
        "a coordinator's goes to the audience, a member's reply to no more than those who got what it answers and "
        "hold all that its writer holds (`audience.reply_reaches`)"),
    Row("6", State.LIFTED, Event.FOLLOW_UP, State.LIFTED,
        "the same; the thread has not ended (`closing.ended_thread`)",
        "the thread goes on. Where it was lifted unsent, the first text with `Send-To: audience` lets in whom its "
        "scope names at that moment"),
    Row("6", State.EMBARGOED, Event.CHANGE, State.EMBARGOED,
        "a coordinator changes scope, restriction or label (`steering.plan_steering`); a wider one may take two "
        "(`widening.widens`)",
        "a wider scope sends what went before to those who are new"),
    Row("7", State.EMBARGOED, Event.DATE_ASKED, State.EMBARGOED,
        "a member in the audience; now < T' <= R + `max_embargo`, an earlier one at least `min_notice` from now, "
        'none later once attacks are seen (`proposals.judge_proposal`). With `date_change = "agreement"` '
        "coordinators may too",
        'a request to the coordinators, who alone move T; with "agreement" a proposal of which the audience is '
        "told"),
    Row("8", State.EMBARGOED, Event.DATE_COUNTERED, State.EMBARGOED,
        "as in row 7, while another proposal is open (`proposals.open_one`)",
        "it takes the place of the older one, whose votes are void"),
    Row("9", State.EMBARGOED, Event.VOTE, State.EMBARGOED,
        "`Agree:` or `Object:` by a member in the audience, on the proposal that is open (`proposals.find_open`)",
        "it is recorded: one vote an organisation, the latest counts (`proposals.voted`)"),
    Row("10", State.EMBARGOED, Event.DATE_AGREED, State.EMBARGOED,
        "a coordinator confirms (`proposals.judge_confirmation`). A later date: nobody objects, and all have agreed "
        "or `vote_window` is over. An earlier one: at once, whoever objects (`proposals.fate_of`)",
        "T is T', and everybody bound is told; objections are recorded"),
    Row("10a", State.EMBARGOED, Event.NEW_DATE, State.EMBARGOED,
        "`date_change = \"coordinators\"`, and a coordinator names T': now < T' <= R + `max_embargo`, an earlier "
        "one at least `min_notice` from now, none later once attacks are seen (`disclosure.judge_new_date`)",
        "T is T', and everybody bound is told"),
    Row("11", State.EMBARGOED, Event.DATE_STANDS, State.EMBARGOED,
        "an objection to a later date, the window over without a confirmation, a date that is not allowed any more, "
        "the embargo over (`proposals.fate_of`)",
        "the proposal falls and T stands: silence never extends. Everybody bound is told"),
    Row("12", State.EMBARGOED, Event.DATE_REACHED, State.LIFTED,
        "the clock is at T, and no upstream's embargo holds (`disclosure.due`, `upstream.holding`)",
        "an open proposal falls; everybody bound gets one notice; the public notice goes out"),
    Row("12", State.EMBARGOED, Event.LIFT_ASKED, State.EMBARGOED,
        'the same, on a list with `lift = "coordinator"`',
        "nothing ends by itself. The coordinators are asked, and by the digest every day after; an hour after T the "
        "pager is told"),
    Row("12", State.PENDING, Event.UPSTREAM, State.PENDING,
        "a coordinator's `Upstream:` (`upstream.apply`), or the clock at its date (`upstream.ended`)",
        "a third party's embargo U begins, moves or is over"),
    Row("12", State.HELD, Event.UPSTREAM, State.HELD, "the same", "the same"),
    Row("12", State.EMBARGOED, Event.UPSTREAM, State.EMBARGOED,
        "the same",
        "the same. While it holds T lifts nothing: the embargo ends at max(T, U), and at T the coordinators are "
        "told what it waits for. What its mode kept back goes out when it is over"),
    Row("12", State.LIFTED, Event.UPSTREAM, State.LIFTED,
        "the same", "it is over, or details are let go; nothing goes out by itself"),
    Row("13", State.EMBARGOED, Event.LIFT_NOW, State.LIFTED,
        "a coordinator's `Lift: now` (`steering.plan_steering`), two where `two_person` holds \"lift\"; no "
        "upstream's embargo holds (`upstream.why_not_yet`)",
        "as row 12, with the class of its cause and no detail; the public notice only when that mail names it again"),
    Row("13", State.HELD, Event.SEND_AND_LIFT, State.LIFTED,
        "`Lift: now` with `Send: now`, approved and before T (`disclosure.judge_sending`)",
        "the hold ends, the audience gets its copies, and then the lift notice"),
    Row("13", State.LIFTED, Event.PUBLISH, State.LIFTED,
        "a coordinator names the public notice anew in a reply (`steering.plan_steering`); no upstream's embargo "
        "holds",
        "it goes out now"),
    Row("14", State.PENDING, Event.FACT_PUBLIC, State.LIFTED,
        "coordinators confirm that it is public, or an exploit is, whoever reported it; never taken back "
        "(`knowledge.learnt`)",
        "what is unsent stays unsent, and so does the public notice, until a fresh order"),
    Row("14", State.HELD, Event.FACT_PUBLIC, State.LIFTED, "the same", "the same"),
    Row("14", State.EMBARGOED, Event.FACT_PUBLIC, State.LIFTED,
        "the same", "the same; everybody bound gets one notice"),
    Row("15", State.PENDING, Event.FACT_ATTACKS, State.PENDING,
        "coordinators confirm that attacks are seen (`knowledge.learnt`)",
        "they are asked to decide on row 13"),
    Row("15", State.HELD, Event.FACT_ATTACKS, State.HELD, "the same", "the same"),
    Row("15", State.EMBARGOED, Event.FACT_ATTACKS, State.EMBARGOED,
        "the same",
        "the same; T moves to no later instant any more (`disclosure.is_barred`), and a proposal of one falls"),
    Row("16", State.PENDING, Event.LEAK, State.PENDING,
        "none: a leak report is always kept, proved or not (`intake.judge_mail`)",
        "a case and an alarm in the same transaction; no date and nobody's membership changes"),
    Row("16", State.HELD, Event.LEAK, State.HELD, "the same", "the same"),
    Row("16", State.EMBARGOED, Event.LEAK, State.EMBARGOED,
        "the same", "the same; of a proved one the audience is told, unless `leak_notice` says otherwise"),
    Row("16", State.LIFTED, Event.LEAK, State.LIFTED, "the same", "the same"),
    Row("16", State.CLOSED, Event.LEAK, State.LIFTED, "the same", "the same; it is open again until it is closed anew"),
    Row("16", State.WITHDRAWN, Event.LEAK, State.WITHDRAWN, "the same", "the same"),
    Row("19", State.LIFTED, Event.CLOSE, State.CLOSED,
        "a coordinator's `Close: yes`, `embargo disclosure close`, or the clock `close_after` the lift "
        "(`closing.due`); no open case, one that is not proved included; no retrospective due; no kept mail that "
        "may report a leak; no copy on its way to a member (`closing.judge_close`)",
        "a copy that waits for a key is called off; content is destroyed `retention` later"),
    Row("20", State.EMBARGOED, Event.SHARE, State.EMBARGOED,
        "a member in the audience asks with `Share-With:`, for attachments that he has (`grants.refuse_what`); "
        "coordinators approve before T (`grants.refuse_approval`); who is to have it has a key of his own "
        "(`grants.admit`) and accepts the terms, signed",
        "he joins the audience of this one disclosure for the time agreed, at the latest until T "
        "(`grants.expires_at`)"),
)  # fmt: skip

BESIDE: tuple[Beside, ...] = (
    Beside("17", "leak case", "coordinators assess it: what got out, to whom, whether it can be had back",
        "a dismissal names its reason, and an outcome only gets graver (`leakcase.assess`)",
        "contained or public: a retrospective is due; public: the fact of row 14. See the table of leak cases"),
    Beside("18", "leak case", "its retrospective is posted in the thread",
        "the case is assessed, and members are still written to in that thread (`leakcase.refuse_retrospective`)",
        "it goes to the audience, and the case is closed. See the table of leak cases"),
    Beside("22", "member", "suspended or removed",
        "a coordinator or the operator does it; a count of leaks only asks them to decide "
        "(`leakcase.asks_for_removal`)",
        "queued copies are cancelled, nothing with content follows, not even what was on its way to the relay "
        "(`release.judge_hand_over`), and his votes don't count (`proposals.valid_votes`); told once, without "
        "content; still bound, and still told of the lift. Whoever never had the first mail in full reads that under "
        "a constant subject, and no reason of a withdrawal"),
    Beside("23", "copy", "its reader's key expires, is replaced or comes back",
        "whether one of the pinned keys is good, when it is sealed and again when it is handed over "
        "(`release.judge_hand_over`)",
        "it goes from `queued` to `withheld`, or back, and keeps its Message-ID; never sent in clear"),
)  # fmt: skip

_TABLE = {(row.source, row.event): row for row in ROWS}


@dataclass(frozen=True, slots=True)
class Refusal:
    """What was asked for can't be: ``why`` is a sentence for the person who asked, ``reason`` the word for it."""

    why: str
    reason: Reason = Reason.CONTROL_LINES


def move(source: State | None, event: Event) -> State | Refusal:
    """The state that ``event`` leads to, or why it leads nowhere."""
    row = _TABLE.get((source, event))
    if row is not None:
        return row.target
    why = _REFUSALS.get(event, "that is not possible now")
    if event is Event.LIFT_NOW and source in {State.LIFTED, State.CLOSED, State.WITHDRAWN}:
        why = "there is no embargo to lift any more"
    return Refusal(f"{why} (it is {source})")


_REFUSALS: dict[Event, str] = {
    Event.APPROVE: "there is nothing to approve",
    Event.NEW_DATE: "its embargo is over, so its date can't change any more",
    Event.DATE_ASKED: "its embargo is over, so its date can't change any more",
    Event.VOTE: "the embargo is over, and what was proposed with it",
    Event.STOP: "there is no release to stop any more",
    Event.GO: "there is no release to let go",
    Event.CHANGE: "it is over, so nothing of it can change",
    Event.WITHDRAW: "it can't be withdrawn any more",
    Event.FOLLOW_UP: "it is over, so nothing can be added",
    Event.UPSTREAM: "it is over, and no upstream's embargo matters to it any more",
    Event.LIFT_NOW: "there is no embargo to lift: members don't have it. Use `Withdraw:` to call it off, "
    "`Hold-Until: now` to send it, or `Send: now` beside the lift to do both",
    Event.CLOSE: "only what is lifted can be closed",
    Event.SEND_AND_LIFT: "only what is held can be sent and lifted in one step",
}


_UNITS = {"d": 86_400, "h": 3600, "m": 60, "s": 1}  # of a length of time


@dataclass(frozen=True, slots=True)
class Rules:
    """What a list's configuration says about dates."""

    zone: str
    release_grace: timedelta
    max_embargo: timedelta
    min_notice: timedelta
    preferred_embargo: timedelta | None = None  # a longer one is warned of
    calendar: Calendar = field(default_factory=Calendar)


def effective_hold(asked: datetime | None, rules: Rules, now: datetime) -> datetime:
    """The moment before which members get nothing: the hold asked for, but never before the grace is over."""
    return max(asked or now, now + rules.release_grace)


def example_date(rules: Rules, now: datetime) -> str:
    """A new public date that the list takes, as a value: its patch day, or its longest time where that is far off."""
    start = effective_hold(None, rules, now)
    if rules.calendar.patch_day_after(start, now) - start <= rules.max_embargo:
        return "patch-day"
    seconds = int(rules.max_embargo.total_seconds())
    return next(f"+{seconds // unit}{word}" for word, unit in _UNITS.items() if seconds % unit == 0)


def judge_dates(hold: datetime, embargo: datetime, rules: Rules, now: datetime) -> Refusal | None:
    """Row 1's guard: now <= H < T and T - H <= max_embargo."""
    if embargo <= now:
        return Refusal("the public date has gone by")
    if embargo <= hold:
        return Refusal("the public date is not after the moment at which members get it")
    if embargo - hold > rules.max_embargo:
        return Refusal("the embargo would be longer than this list allows")
    return None


def unseconded(disclosure: Disclosure, coordinators: Collection[int]) -> Refusal | None:
    """Why nobody can be the second one for what waits for approval; None where its poster is a coordinator still."""
    if disclosure.posted_by in coordinators:
        return None
    return Refusal(
        "who posted it is no coordinator any more, so one alone would release it; "
        "post it anew, and call this one off with `Withdraw: REASON`",
        Reason.TWO_PERSON,
    )


def approve(
    disclosure: Disclosure, approver: int, coordinators: Collection[int], rules: Rules, now: datetime
) -> Disclosure | Refusal:
    """Row 2: a second coordinator, never the poster, lets a post that waits for approval be held; judged as in row 1.

    ``coordinators``: the ids of those who are it now; the poster has to be one of them still.
    A hold that went by while it waited ends after the grace, so that whoever has the stop code has time.
    """
    target = move(disclosure.state, Event.APPROVE)
    if isinstance(target, Refusal):
        return target
    if not disclosure.unapproved:
        return Refusal("it waits for a new public date, not for an approval; send one with `Embargo-Until:`")
    if approver == disclosure.posted_by:
        return Refusal("a second coordinator approves, not the one who posted it", Reason.TWO_PERSON)
    alone = unseconded(disclosure, coordinators)
    if alone is not None:
        return alone
    hold = max(disclosure.hold_until, effective_hold(None, rules, now))
    refused = judge_dates(hold, disclosure.embargo_until, rules, now)
    if refused is not None:
        return Refusal(f"{refused.why}; a new `Embargo-Until:` first")
    return replace(disclosure, state=target, unapproved=False, hold_until=hold)


def judge_sending(disclosure: Disclosure, now: datetime) -> State | Refusal:
    """Row 13 for what is held, or pending: sent and lifted in one step; but nothing at or after its date (row 4)."""
    if disclosure.unapproved:
        why = _REFUSALS[Event.SEND_AND_LIFT]
        return Refusal(f"{why}; first another coordinator approves it, `Approve: {disclosure.id}`", Reason.TWO_PERSON)
    if now >= disclosure.embargo_until:
        return Refusal("its public date has gone by, and nothing is sent under it; first a new `Embargo-Until:`")
    return move(disclosure.state, Event.SEND_AND_LIFT)


def is_barred(disclosure: Disclosure) -> bool:
    """Whether attacks are seen of what members have, so that its date moves to no later one (rows 7 and 10a)."""
    return disclosure.state is State.EMBARGOED and disclosure.fact_attacks_at is not None


def judge_new_date(disclosure: Disclosure, embargo: datetime, rules: Rules, now: datetime) -> Refusal | None:
    """Row 10a's guard: now < T' <= R + max_embargo; not (A and T' > T); an earlier one not before now + min_notice."""
    released = disclosure.released_at or disclosure.hold_until
    if embargo <= now:
        return Refusal("the public date has gone by")
    if embargo > released + rules.max_embargo:
        return Refusal("the embargo would be longer than this list allows")
    if is_barred(disclosure) and embargo > disclosure.embargo_until:
        return Refusal("attacks are seen, so the public date can't be a later one")
    if embargo < disclosure.embargo_until and embargo < now + rules.min_notice:
        return Refusal("an earlier public date needs more notice than that on this list")
    return None


def due(disclosure: Disclosure, now: datetime, *, by_clock: bool = True) -> Event | None:
    """What the clock does to it at ``now``; asking twice, late or after a restart gives the same answer once.

    A date gone by while it was held comes first: nothing is sent under a stale date (row 4). Without
    ``by_clock`` the date lifts nothing: a coordinator is asked to (row 12). Neither happens while an
    upstream's embargo holds.
    """
    if disclosure.state is State.HELD:
        if now >= disclosure.embargo_until:
            return Event.DATE_PASSED
        if now >= disclosure.hold_until and not disclosure.stopped:
            return Event.HOLD_OVER
    if disclosure.state is State.EMBARGOED and now >= disclosure.embargo_until and not holding(disclosure):
        return Event.DATE_REACHED if by_clock else Event.LIFT_ASKED
    return None


@dataclass(frozen=True, slots=True)
class Remarks:
    """What a list would rather have of a public date that it accepts."""

    preferred: datetime | None = None  # the latest that it prefers, where the date is later
    lead: datetime | None = None  # the earliest that leaves members the list's lead, where the date is earlier
    skipped: tuple[datetime, ...] = ()  # patch days before it that left members too little time
    objection: str = ""  # why it does not suit the calendar
    before: datetime | None = None  # the nearest that does
    after: datetime | None = None

    def __bool__(self) -> bool:
        """Whether there is anything to say."""
        return bool(self.preferred or self.lead or self.skipped or self.objection)


def remarks(disclosure: Disclosure, rules: Rules, now: datetime) -> Remarks:
    """Hold an accepted public date against what the list prefers; what it offers instead would be accepted."""
    start, public = disclosure.released_at or disclosure.hold_until, disclosure.embargo_until
    calendar = rules.calendar
    preferred = start + rules.preferred_embargo if rules.preferred_embargo is not None else None
    lead = start + calendar.min_lead
    objection = calendar.objection(public)
    soonest = max(start, now + rules.min_notice) if disclosure.state is State.EMBARGOED else max(start, now)
    until = public if is_barred(disclosure) else start + rules.max_embargo
    before, after = calendar.nearest(public, after=soonest, until=until) if objection else (None, None)
    return Remarks(
        preferred=preferred if preferred is not None and public > preferred else None,
        lead=lead if public < lead else None,
        skipped=calendar.skipped_before(public, start),
        objection=objection,
        before=before,
        after=after,
    )
