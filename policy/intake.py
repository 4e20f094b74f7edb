"""What an incoming mail is: judged from facts, in a fixed order, with a reason.

Rules, in the order in which they are asked:

1. What no person wrote is recorded and goes nowhere.
2. Whatever reports a leak is a leak report, however badly signed, encrypted or addressed (law 5).
3. What could not be read, was not encrypted, or was not proved is kept back (law 6).
4. What was written to somebody else is kept back (surreptitious forwarding, RFC 9580 s13.12).
5. A coordinator asks at -request, posts, steers and follows up; a member replies; each only as far
   as the thread and the lines allow. In doubt the mail is kept and its writer asked.
6. Whoever else was addressed got his copy past the list: such a mail is kept, and its writer asked.
   A public list among them is a leak, found by the gateway (``policy.outsiders``).
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum

from policy.accepting import accepted
from policy.acts import TALKS_OF_LEAKS, PostRetrospective
from policy.audience import let_in
from policy.closing import ended_thread
from policy.control import Block
from policy.facts import Disclosure, MessageKind, Person, Role, Standing, State
from policy.leaktalk import speaks_of_leak
from policy.offers import offer
from policy.orders import Complaint, LeakLines, Order, Surroundings, find_leak, read_order
from policy.outsiders import Addressed, outsiders
from policy.prose import is_plain_ack, is_reply_subject, subject_reports_leak, unquoted
from policy.reasons import Reason, judged_unproved
from policy.requests import Asked
from policy.scopes import Scope, read_scope
from policy.verdicts import (
    Acknowledged,
    Acted,
    Forwarded,
    Kept,
    LeakReport,
    NoLeak,
    Posted,
    Reach,
    Recorded,
    Replied,
    Reposted,
    Requested,
    Steered,
    Verdict,
)

SIGNED_AHEAD = timedelta(minutes=10)  # CONTRACT s5: clocks differ by that much
SIGNED_BACK = timedelta(days=7)  # and mail waits for that long


class Door(StrEnum):
    """Which address of a list a mail came to."""

    LIST = "list"
    REQUEST = "request"
    OWNER = "owner"
    SENDKEY = "sendkey"
    BOUNCES = "bounces"


@dataclass(frozen=True, slots=True)
class Signature:
    """One signature as seen, and whose key it is (None: not pinned on this list)."""

    good: bool
    known: bool  # the key could be looked up at all
    made_at: datetime | None
    signer: Person | None
    replayed: bool = False


@dataclass(frozen=True, slots=True)
class Answered:
    """The message of ours that a mail answers. ``by_tag``: found by the subject's tag alone.

    ``is_sole``: it answers this message and no other. Where it answers a mail that never came here, or
    several at once, its thread is known, but not who has read what it answers.
    """

    message: str
    kind: MessageKind
    by_tag: bool
    about_kept_post: bool = False
    is_sole: bool = True


@dataclass(frozen=True, slots=True)
class Heard:
    """What a text says of a leak: in lines, or perhaps in prose."""

    lines: LeakLines | None
    may_be_leak: bool


def hear(text: str) -> Heard:
    """Listen for a leak in a text. Takes seconds for the longest ones, so it is done before anybody waits."""
    return Heard(find_leak(text), speaks_of_leak(text))


@dataclass(frozen=True, slots=True)
class MailFacts:
    """All that is known of an incoming mail when it is judged."""

    door: Door
    automatic: str | None = None
    problem: Reason | None = None  # malformed, too-complex, unsupported: nothing below can be read
    encrypted: bool = False
    undecryptable: bool = False
    opaque: bool = False  # what it says could not be read: another standard's encryption, or packets never opened
    partly_signed: bool = False
    signatures: tuple[Signature, ...] = ()
    header_protected: bool = False
    addressed_here: bool = True  # To or Cc names the list, or there is neither
    subject: str = field(default="", repr=False)
    is_threaded: bool = False  # has In-Reply-To or References
    answered: Answered | None = None
    disclosure: Disclosure | None = None
    disclosure_subject: str = field(default="", repr=False)
    text: str = field(default="", repr=False)
    text_is_html: bool = False
    heard: Heard | None = field(default=None, repr=False)  # None: to be heard from ``text``
    received_at: datetime | None = None  # when it first came; None: ``now``
    block: Block | None = field(default=None, repr=False)
    surroundings: Surroundings | None = field(default=None, repr=False)
    asked: Asked | None = field(default=None, repr=False)  # at -request, or in answer to what came from there
    attachments: tuple[str, ...] = field(default=(), repr=False)
    in_audience: bool = False
    addressed: Addressed = field(default_factory=Addressed)
    claimed: Person | None = None  # whose address stands in From: told, never believed
    waived: frozenset[Reason] = frozenset()  # rules waived by the operator

    def hears(self) -> Heard:
        """What its writer says of a leak, wherever in the mail."""
        return self.heard or hear(self.text)


def judge_mail(facts: MailFacts, now: datetime) -> Verdict:
    """Judge one mail; the rules are in the module's docstring, in this order."""
    if facts.automatic:
        return Recorded(facts.automatic)
    doubts = judge_proof(facts, now)
    leak = _judge_leak(facts, doubts) or _judge_found(facts, doubts)
    if isinstance(leak, LeakReport) and leak.is_urgent:
        return leak
    return _guard(facts, leak or accepted(facts, doubts) or _judge_said(facts, doubts), doubts, now)


def _judge_said(facts: MailFacts, doubts: tuple[Reason, ...]) -> Verdict:
    """Rules 3 to 5."""
    writer = None if doubts else signer_of(facts)
    if facts.door is Door.OWNER:
        if writer is not None and not facts.addressed_here:
            return Forwarded((Reason.WRONG_LIST,), None)
        return Forwarded(doubts, writer)
    if facts.asked is not None and writer is not None and _may_ask(facts, writer):
        return Requested(writer, facts.asked)
    if facts.door is not Door.LIST:
        doubts = _ordered({*doubts, Reason.UNSUPPORTED})
    if doubts or writer is None:
        return _kept(facts, doubts or (Reason.STRANGER,))
    if writer.role is Role.COORDINATOR and writer.standing is not Standing.ACTIVE:
        return _kept(facts, (Reason.NOT_IN_AUDIENCE,))
    if not facts.addressed_here and Reason.WRONG_LIST not in facts.waived:
        return _kept(facts, (Reason.WRONG_LIST,))
    if writer.role is Role.COORDINATOR:
        return _judge_coordinator(facts, writer)
    return _judge_member(facts, writer)


def _may_ask(facts: MailFacts, writer: Person) -> bool:
    return facts.addressed_here and writer.role is Role.COORDINATOR and writer.standing is Standing.ACTIVE


def is_new(facts: MailFacts) -> bool:
    """Whether a mail begins a thread: no In-Reply-To, no References, no "Re:", no tag of a known thread."""
    return not facts.is_threaded and not is_reply_subject(facts.subject) and facts.answered is None


def signer_of(facts: MailFacts) -> Person | None:
    """The one person whose pinned key made every signature; None where there is no such person."""
    people = {signature.signer.id: signature.signer for signature in facts.signatures if signature.signer}
    return next(iter(people.values())) if len(people) == 1 else None


def judge_proof(facts: MailFacts, now: datetime) -> tuple[Reason, ...]:
    """Every reason for not believing that a pinned person said this now, the weightiest first; () when proved."""
    found: set[Reason] = set()
    if facts.problem:
        found.add(facts.problem)
    if facts.encrypted and facts.undecryptable:
        return _ordered({*found, Reason.UNDECRYPTABLE})
    if not facts.encrypted and facts.problem is None:
        found.add(Reason.CLEARTEXT)
    if facts.partly_signed:
        found.add(Reason.PARTLY_SIGNED)
    elif not facts.signatures:
        if facts.encrypted and facts.problem is None:
            found.add(Reason.UNSIGNED)
    else:
        found |= _judge_signatures(facts, now)
    return _ordered(found)


def _judge_signatures(facts: MailFacts, now: datetime) -> set[Reason]:
    found: set[Reason] = set()
    if any(signature.known and not signature.good for signature in facts.signatures):
        found.add(Reason.BAD_SIGNATURE)
    elif any(signature.signer is None for signature in facts.signatures):
        found.add(Reason.STRANGER)
    elif signer_of(facts) is None:
        found.add(Reason.BAD_SIGNATURE)  # signed by several: nobody speaks for all of it
    if found:
        return found
    came = facts.received_at or now
    for signature in facts.signatures:
        made_at = signature.made_at
        is_stale = made_at is None or made_at > came + SIGNED_AHEAD or made_at < came - SIGNED_BACK
        if is_stale and Reason.STALE_SIGNATURE not in facts.waived:
            found.add(Reason.STALE_SIGNATURE)
        if signature.replayed and Reason.REPLAY not in facts.waived:
            found.add(Reason.REPLAY)
    return found


def _ordered(found: set[Reason]) -> tuple[Reason, ...]:
    return tuple(reason for reason in Reason if reason in found)


CASE_KINDS = frozenset({MessageKind.LEAK_NOTICE, MessageKind.ALARM, MessageKind.ACKNOWLEDGEMENT})
"""What the gateway writes in a case: a reply to it joins that case."""


def _judge_leak(facts: MailFacts, doubts: tuple[Reason, ...]) -> LeakReport | NoLeak | None:
    lines = facts.hears().lines
    reporter, doubts = _reporter(facts, doubts)
    answered = facts.answered
    joins = answered is not None and answered.kind in CASE_KINDS and not answered.by_tag
    if lines is not None and lines.answer != "no":
        # An answer to the acknowledgement adds what it asked for; any other report in lines is a case of its own.
        adds = joins and reporter is not None and answered is not None and answered.kind is MessageKind.ACKNOWLEDGEMENT
        return LeakReport(reporter, lines, doubts, joins=adds, complaints=_set_aside(facts, reporter))
    if _subject_says_leak(facts):
        return LeakReport(reporter, None, doubts, joins=joins, complaints=_set_aside(facts, reporter))
    unreadable = facts.undecryptable or facts.opaque or facts.problem in {Reason.MALFORMED, Reason.TOO_COMPLEX}
    if unreadable and answered is not None:
        return LeakReport(None, None, doubts, joins=joins)
    if reporter is None or reporter.role is Role.COORDINATOR:
        return None
    if lines is not None:
        return NoLeak(reporter, _set_aside(facts, reporter, "your mail answers whether it was a leak"))
    order = _order(facts) if joins else None
    if order is not None and not order.acts and not _says_nothing_but_received(facts, order):
        return LeakReport(reporter, None, (), joins=True, is_urgent=False, complaints=_set_aside(facts, reporter))
    return None


def _reporter(facts: MailFacts, doubts: tuple[Reason, ...]) -> tuple[Person | None, tuple[Reason, ...]]:
    """Who is proved to have written this to the list, or why nobody is."""
    is_here = facts.addressed_here or Reason.WRONG_LIST in facts.waived
    reporter = signer_of(facts) if not doubts and is_here else None
    return reporter, doubts if doubts or reporter is not None else (Reason.WRONG_LIST,)


OVER = frozenset({State.LIFTED, State.CLOSED})
"""States in which what a public list reads is no leak any more."""


def _public(facts: MailFacts) -> tuple[str, ...]:
    """The public lists that a mail is addressed to, where that is a leak."""
    is_over = facts.disclosure is not None and facts.disclosure.state in OVER
    return () if is_over or Reason.OUTSIDER_ADDRESSED in facts.waived else facts.addressed.public()


def _judge_found(facts: MailFacts, doubts: tuple[Reason, ...]) -> LeakReport | None:
    """A public list in a known thread: also where nobody is proved, or where no member was to read it.

    A stranger's mail that names no thread is nothing but a claim: it opens no case.
    """
    public = _public(facts)
    reporter, doubts = _reporter(facts, doubts)
    if not public or facts.answered is None or (reporter is not None and facts.door is Door.LIST):
        return None
    return LeakReport(reporter, None, doubts, found=public, is_signed=facts.addressed.is_signed(public))


def _guard(facts: MailFacts, verdict: Verdict, doubts: tuple[Reason, ...], now: datetime) -> Verdict:
    """Rule 6, for what a proved writer sent to the list: keep it back where somebody else was addressed."""
    writer, public = signer_of(facts), _public(facts)
    if isinstance(verdict, LeakReport | NoLeak) and not public:  # law 5: talk in a case is not held up
        return verdict
    is_judged = facts.door is Door.LIST and Reason.OUTSIDER_ADDRESSED not in facts.waived
    if writer is None or not is_judged or (isinstance(verdict, Kept) and verdict.writer is None):
        return verdict
    scope, admitted = _meant_for(facts, verdict)
    addressed = facts.addressed.with_kept() if isinstance(verdict, Reposted) else facts.addressed
    others = outsiders(addressed, writer, scope, admitted, now)
    if not others and not public:
        return verdict
    kept = replace(verdict, is_preview=False) if isinstance(verdict, Kept) else Kept((), writer, at_once=True)
    reasons = _ordered({*kept.reasons, Reason.OUTSIDER_ADDRESSED})
    reporter, _ = _reporter(facts, doubts)
    if public and reporter is not None:
        leak = LeakReport(reporter, None, (), found=public, is_signed=facts.addressed.is_signed(public))
        return replace(kept, reasons=reasons, outsiders=others or public, leak=leak)
    return replace(kept, reasons=reasons, outsiders=others)


def _meant_for(facts: MailFacts, verdict: Verdict) -> tuple[Scope | None, frozenset[int] | None]:
    """Whom a mail is for: its scope and who was admitted; of one that is kept for its lines, perhaps everybody."""
    disclosure, order = facts.disclosure, verdict.order if isinstance(verdict, Posted | Reposted | Steered) else None
    if isinstance(verdict, Kept) and (disclosure is None or Reason.CONTROL_LINES in verdict.reasons):
        return Scope(all=True), None
    if order is not None and order.scope is not None:
        return order.scope, None
    if isinstance(verdict, Posted | Reposted):
        default = facts.surroundings.default_scope if facts.surroundings else ""
        return (read_scope(default) if default else None), None
    if disclosure is None:
        return None, None
    is_ordered = order is not None and order.send_to_audience
    return read_scope(disclosure.scope), let_in(disclosure, is_ordered=is_ordered)


def _set_aside(
    facts: MailFacts, reporter: Person | None, because: str = "the leak goes first"
) -> tuple[Complaint, ...]:
    """What the reporter is told of the mail's other control lines: a leak goes first, nothing else was done."""
    if reporter is None or facts.block is None:
        return ()
    lines = (*facts.block.lines, *facts.block.strays)
    names = dict.fromkeys(line.name for line in lines if line.is_named and not line.is_leak)
    if not names:
        return ()
    why = f"not acted on, as {because}: {', '.join(names)}; please send that again in a mail of its own"
    return (Complaint("", why), *_order(facts).complaints)


def _subject_says_leak(facts: MailFacts) -> bool:
    if not subject_reports_leak(facts.subject):
        return False
    is_threaded = facts.is_threaded or is_reply_subject(facts.subject) or facts.answered is not None
    return is_threaded and not subject_reports_leak(facts.disclosure_subject)


def _kept(
    facts: MailFacts, reasons: tuple[Reason, ...], complaints: tuple[Complaint, ...] = (), corrected: str = ""
) -> Kept:
    writer = signer_of(facts)
    proved = writer if not judged_unproved(reasons) else None
    if _may_speak_of_leak(facts, writer) and Reason.POSSIBLE_LEAK not in facts.waived:
        reasons = _ordered({*reasons, Reason.POSSIBLE_LEAK})
    if facts.problem is not Reason.UNSUPPORTED:
        # It could be read: that its address takes nothing of the kind is the last to be said of it.
        reasons = tuple(sorted(reasons, key=Reason.UNSUPPORTED.__eq__))
    at_once = writer is not None or facts.claimed is not None or facts.answered is not None
    mend: tuple[str, ...] = ()
    is_asked = reasons[0] is Reason.CONTROL_LINES and not facts.text_is_html
    if is_asked and facts.block is not None and facts.surroundings is not None:
        found = offer(complaints, corrected, facts.block, facts.surroundings)
        corrected, mend = found.block, found.mend
    return Kept(reasons, proved, at_once, complaints, corrected, mend=mend)


def _asked(facts: MailFacts, order: Order, complaints: tuple[Complaint, ...]) -> Kept:
    """A coordinator's lines can't be obeyed: he is asked; where he only wants to see what would happen, nobody else."""
    kept = _kept(facts, (Reason.CONTROL_LINES,), complaints, order.corrected)
    said = [line for line in facts.block.lines if line.name == "Preview"] if facts.block else []
    is_clear = all(line.known and line.value.casefold().rstrip(".!") == "yes" for line in said)
    return replace(kept, is_preview=bool(said) and is_clear and not facts.text_is_html)


def _may_speak_of_leak(facts: MailFacts, writer: Person | None) -> bool:
    """Whether what is kept back may be a leak report in prose: the coordinators are to read it now (law 5)."""
    if writer is not None and writer.role is Role.COORDINATOR:
        return False
    return (writer is not None or facts.answered is not None) and facts.hears().may_be_leak


def _judge_coordinator(facts: MailFacts, writer: Person) -> Verdict:
    if is_new(facts):
        return _judge_post(facts, writer)
    if facts.answered is None:
        if Reason.UNKNOWN_THREAD in facts.waived:
            return _judge_post(facts, writer)
        return _kept(facts, (Reason.UNKNOWN_THREAD,))
    if facts.answered.about_kept_post and not _has_control_lines(facts):
        return Steered(writer, Order(), Reach.NOBODY)  # a word about it, to the other coordinators
    order = _order(facts)
    complaints = (*order.complaints, *_html_complaints(facts))
    if complaints:
        return _asked(facts, order, complaints)
    if facts.answered.about_kept_post:
        return Reposted(writer, order)
    disclosure = facts.disclosure
    if disclosure is None or ended_thread(disclosure) is not None:
        return Steered(writer, order, Reach.NOBODY)
    return Steered(writer, order, _reach(facts.answered, order))


PRIVATE_KINDS = frozenset(
    {
        MessageKind.RECEIPT,
        MessageKind.COMPLAINT,
        MessageKind.NOTE,
        MessageKind.ALARM,
        MessageKind.ACKNOWLEDGEMENT,
        MessageKind.REPORT,
        MessageKind.FORWARD,
        MessageKind.STANDING_NOTICE,
    }
)
"""What the gateway wrote to coordinators or to one person: a reply to it stays among coordinators."""


def _reach(answered: Answered, order: Order) -> Reach:
    if order.send_to_audience or any(isinstance(act, PostRetrospective) for act in order.acts):
        return Reach.AUDIENCE
    if answered.by_tag or not answered.is_sole or answered.kind in PRIVATE_KINDS:
        return Reach.NOBODY
    return Reach.ANSWERED


def _judge_post(facts: MailFacts, writer: Person) -> Verdict:
    order = _order(facts)
    if not _has_control_lines(facts):
        return _kept(facts, (Reason.NO_CONTROL_BLOCK,), (), _proposed_block(facts, order))
    complaints = (*order.complaints, *_html_complaints(facts))
    if complaints:
        return _asked(facts, order, complaints)
    return Posted(writer, order)


def _has_control_lines(facts: MailFacts) -> bool:
    return facts.block is not None and bool(facts.block.lines or facts.block.strays)


def _html_complaints(facts: MailFacts) -> tuple[Complaint, ...]:
    """HTML never counts as control lines (CONTRACT s6), so lines in it are asked about, not acted on."""
    if not facts.text_is_html or not _has_control_lines(facts):
        return ()
    return (Complaint("", "the mail is HTML alone, where control lines don't count: please send it as plain text"),)


def _proposed_block(facts: MailFacts, order: Order) -> str:
    """A block for a mail that has none: what the list asks for, and whom it would go to."""
    scope = facts.surroundings.default_scope if facts.surroundings else ""
    return order.corrected + (f"Scope: {scope}\n" if scope else "")


def _order(facts: MailFacts) -> Order:
    if facts.block is None or facts.surroundings is None:
        message = "a readable mail has a block and surroundings"
        raise ValueError(message)
    block = facts.block
    if Reason.CONTROL_LINES in facts.waived:
        block = replace(block, strays=())  # the operator's word: what stands outside the block is prose
    return read_order(block, facts.surroundings)


def _judge_member(facts: MailFacts, writer: Person) -> Verdict:
    if facts.answered is None:
        reason = Reason.MEMBER_NEW_THREAD if is_new(facts) else Reason.UNKNOWN_THREAD
        return Replied(writer) if reason in facts.waived else _kept(facts, (reason,))
    order = _order(facts)
    if facts.disclosure is not None:
        outside = writer.standing is not Standing.ACTIVE or not facts.in_audience
        if outside and Reason.NOT_IN_AUDIENCE not in facts.waived:
            return _kept(facts, (Reason.NOT_IN_AUDIENCE,))
        if order.complaints and Reason.CONTROL_LINES not in facts.waived:
            return _kept(facts, (Reason.CONTROL_LINES,), order.complaints, order.corrected)
    is_received = _says_nothing_but_received(facts, order)
    if is_received and not order.acts:
        return Acknowledged(writer)
    ended = ended_thread(facts.disclosure)
    if ended is not None and Reason.CONTROL_LINES not in facts.waived:
        return _kept(facts, (Reason.CONTROL_LINES,), (ended,))
    is_about_one = any(isinstance(act, TALKS_OF_LEAKS) for act in order.acts)
    if _may_speak_of_leak(facts, writer) and not is_about_one and Reason.POSSIBLE_LEAK not in facts.waived:
        return _kept(facts, (Reason.POSSIBLE_LEAK,))
    if order.acts and not _html_complaints(facts):
        return Acted(writer, order, acknowledges=order.ack or is_received)
    # Without a disclosure it answers a notice of ours, and goes to the coordinators.
    return Replied(writer, acknowledges=order.ack and not facts.text_is_html)


def _says_nothing_but_received(facts: MailFacts, order: Order) -> bool:
    if facts.attachments or facts.block is None:
        return False
    below = facts.block.body
    says_ack = order.ack and not facts.text_is_html
    return is_plain_ack(below) or (says_ack and not unquoted(below).strip())
