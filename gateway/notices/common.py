"""Every text that the gateway writes itself: short, kind, instants in words.

Pure: each function takes what it tells and gives back a subject and a text. Texts for members never
name another member; texts that answer a leak report quote nothing of it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from policy.audience import Seat
from policy.disclosure import Rules, example_date
from policy.facts import Disclosure, Person, Role, State
from policy.instants import in_words
from policy.knowledge import told_cause
from policy.orders import Complaint
from policy.reasons import Reason
from policy.upstream import holding, not_before

LINE = "-" * 60


@dataclass(frozen=True, slots=True)
class Attachment:
    """A part that goes with a notice."""

    filename: str
    content_type: str
    data: bytes


@dataclass(frozen=True, slots=True)
class Notice:
    """A subject and a text, to be sealed like everything else."""

    subject: str
    text: str
    attachments: tuple[Attachment, ...] = ()


MOST_TEXT = 50_000
"""Characters of somebody's text in a notice; of a longer one the mail itself is attached. Nobody reads more
in an alarm, and composing what a stranger may send must not keep the clock waiting."""
MOST_VALUE = 2_000
MOST_SUBJECT = 120
MOST_ROWS = 500  # of what strangers sent
MOST_TOLD = 300  # of a reporter's line, to the audience: what leaked in a word, and no room for quotes


def shortened(text: str, most: int, where: str = "the whole mail is attached") -> str:
    """A text, or the beginning of one that is longer than ``most`` characters."""
    return text if len(text) <= most else f"{text[:most]} [... cut off here; {where}]"


def tagged(disclosure_id: str | None, subject: str) -> str:
    """A subject with the id by which replies find their thread."""
    return f"[{disclosure_id}] {subject}" if disclosure_id else subject


_TAGS = re.compile(r"\[\s?[A-Za-z]{1,8}-[0-9]{4}-[0-9A-Za-z]{4}\s?\]")


def untagged(subject: str) -> str:
    """A subject without the ids that the gateway put into it."""
    return " ".join(_TAGS.sub(" ", subject).split())


# --- to coordinators: receipts and reports ----------------------------------------------------


@dataclass(frozen=True, slots=True)
class Receipt:
    """What a coordinator's mail led to."""

    disclosure: Disclosure
    subject: str
    zone: str
    now: datetime
    headline: str
    seats: tuple[Seat, ...]
    withheld: dict[int, tuple[str, ...]]  # person id -> names of parts
    stop_code: str | None
    audit_head: str | None
    notes: tuple[str, ...] = ()
    is_preview: bool = False

    def notice(self, attachments: Sequence[Attachment]) -> Notice:
        """The receipt; ``attachments`` are the proofs, the very contents that members get."""
        disclosure = self.disclosure
        label = "Preview" if self.is_preview else "Receipt"
        lines = [self.headline, "", f'{disclosure.id}  "{self.subject}"', f"State: {self._state()}"]
        lines += ["", self._instants()]
        if disclosure.state is not State.WITHDRAWN:
            lines += ["", "Audience:"]
            lines += [self._seat(seat) for seat in self.seats] or ["  (nobody)"]
        parts = sorted({name for names in self.withheld.values() for name in names})
        for name in parts:
            without = [seat.person.name for seat in self.seats if name in self.withheld.get(seat.person.id, ())]
            lines.append(f"Withheld: {name} from {', '.join(without)}")
        lines += ["", *self.notes] if self.notes else []
        if attachments:
            lines += ["", f"What members read is attached, to the letter ({len(attachments)} different)."]
        if self.stop_code:
            lines += [
                "",
                f"Stop code: {self.stop_code}",
                "Whoever sends this code to the list or to its -owner address, even unsigned, stops the",
                "release. Nothing starts it again but a coordinator's `Hold-Until:` (or the operator).",
            ]
        if self.audit_head:
            lines += ["", f"Audit head: {self.audit_head}"]
        return Notice(tagged(disclosure.id, f"{label}: {self.subject}"), "\n".join(lines) + "\n", tuple(attachments))

    def _state(self) -> str:
        is_stopped = self.disclosure.stopped and self.disclosure.state in {State.HELD, State.PENDING}
        stopped = ", stopped" if is_stopped else ""
        return f"{self.disclosure.state}{stopped}   TLP:{self.disclosure.tlp}   Scope: {self.disclosure.scope}"

    def _instants(self) -> str:
        disclosure = self.disclosure
        is_withdrawn = disclosure.state is State.WITHDRAWN
        if is_withdrawn and disclosure.released_at is None:
            return "Members get nothing: it was withdrawn before its release."
        public = in_words(disclosure.embargo_until, self.zone, self.now)
        if disclosure.state in {State.HELD, State.PENDING}:
            first = f"Members get this{self._release()}."
            if disclosure.stopped:
                first = "Members get nothing: the release is stopped. " + first.replace("get this", "would get this")
        else:
            released = disclosure.released_at or disclosure.hold_until
            first = f"Members got this {in_words(released, self.zone, self.now)}."
            if disclosure.released_at is None:
                is_sent = disclosure.admitted is not None  # by a fresh order, after the lift
                first = (
                    "Members got nothing of this before its embargo was over." if is_sent else "Members never got this."
                )
        if is_withdrawn:
            return f"{first} It is withdrawn."
        if disclosure.state in {State.LIFTED, State.CLOSED}:
            ended = in_words(disclosure.ended_at or self.now, self.zone, self.now)
            is_lifted = disclosure.cause is not None  # of what is closed: a withdrawal has none
            return f"{first} The embargo is over since {ended}." if is_lifted else f"{first} It was withdrawn {ended}."
        return f"{first} Public {public}. {self._count()}"

    def _release(self) -> str:
        """When members get what they don't have yet, and what that waits for beside the clock."""
        disclosure = self.disclosure
        when = f" {in_words(disclosure.hold_until, self.zone, self.now)}"
        if disclosure.state is State.HELD:
            return when
        when = f"{when}," if disclosure.hold_until > self.now else ""
        what = "another coordinator has approved it" if disclosure.unapproved else "it has a new `Embargo-Until:`"
        return f"{when} once {what}"

    def _count(self) -> str:
        members = [seat for seat in self.seats if seat.person.role is not Role.GUEST]
        inside = [seat for seat in members if seat.gets_it]
        outside = [f"{seat.person.name} ({seat.reason})" for seat in self.seats if not seat.gets_it]
        guests = sum(seat.gets_it for seat in self.seats) - len(inside)
        text = f"{len(inside)} of {len(members)} members"
        text += f" and {guests} {'guest' if guests == 1 else 'guests'}" if guests else ""
        return f"{text}; not: {', '.join(outside)}." if outside else f"{text}."

    def _seat(self, seat: Seat) -> str:
        person = seat.person
        parts = self.withheld.get(person.id, ())
        fate = "gets it" if seat.gets_it else f"does not get it: {seat.reason}"
        if parts and seat.inside:
            fate += f", without {', '.join(parts)}"
        guest = " (guest)" if person.role is Role.GUEST else ""
        return f"  {person.name} <{person.address}>{guest}: {fate}"


def release_report(
    disclosure: Disclosure,
    number: int,
    subject: str,
    rows: Sequence[tuple[str, str, str, str | None]],
    late: str | None,
) -> Notice:
    """Delivered, waiting and why; ``rows`` are organisation, address, state, reason."""
    sent = [row for row in rows if row[2] == "sent"]
    lines = [f"{disclosure.id}/{number}: {len(sent)} of {len(rows)} copies are delivered."]
    if late:
        lines.append(f"It went out late: {late}.")
    lines.append("")
    lines += [f"  {org} <{address}>: {state}{f' ({why})' if why else ''}" for org, address, state, why in rows]
    return Notice(tagged(disclosure.id, f"Release report: {subject}"), "\n".join(lines) + "\n")


BY_ANSWER = (
    "Or answer this mail with the block as its first lines: the mail that was kept, with its attachments,\n"
    "is then judged again with this block in place of its own, and the answer's own text goes to nobody.\n"
)


def naming(notice: Notice, subject: str) -> Notice:
    """The notice with the subject of the mail that it is about, for the writer of several."""
    named = untagged(subject)[:MOST_SUBJECT]
    return replace(notice, subject=f"{notice.subject}: {named}") if named else notice


_PREVIEWED = "This was a preview: without it the mail would be kept back. Nothing of it is stored, and nobody got it."
_NO_BLOCK = (
    "There is no block to paste here: none would be accepted and still mean what you wrote. The lines\n"
    "above say what is in the way; with that put right you are welcome to send your mail again.\n"
)
_TO_SEND = (
    "Send your mail again with this block as its very first lines, followed by an empty line\n"
    "(look at each value: where there were several readings, the safest stands here).\n"
)
_TO_MEND = (
    "The block below can't be sent yet. Please put right in it, as told above:\n\n{lines}\n\n"
    "The rest of the block can stay. Then send your mail again with it as its very first lines,\n"
    "followed by an empty line.\n"
)


def complaint(
    disclosure_id: str | None,
    reasons: Sequence[Reason],
    complaints: Sequence[Complaint],
    corrected: str,
    mend: Sequence[str] = (),
    *,
    is_preview: bool = False,
) -> Notice:
    """Why a coordinator's or member's mail is kept back, line by line, and the block to paste back, or that none is.

    ``mend`` are lines of the block that have to be put right first. Of a preview nothing is kept.
    """
    lines = [_PREVIEWED if is_preview else "Your mail is kept back; nobody got it, and nothing of it is lost.", ""]
    for item in complaints:
        lines += [f"* {item.line}", f"    {item.why}"] if item.line else [f"* {item.why}"]
        for reading in item.readings:
            note = f"   ({reading.note})" if reading.note else ""
            lines.append(f"    could mean: {reading.value}{note}")
    if not complaints:
        lines += [f"* {reason}: {reason.meaning}." for reason in reasons]
    if not corrected.strip():
        lines += ["", *_NO_BLOCK.splitlines()]
    else:
        lines += [
            "",
            *(_TO_MEND.format(lines="\n".join(f"  {line}" for line in mend)) if mend else _TO_SEND).splitlines(),
            *([] if disclosure_id or is_preview else ["", *BY_ANSWER.splitlines()]),
            "",
            corrected.strip(),
            "",
        ]
    return Notice(tagged(disclosure_id, "Kept back: please look at your control lines"), "\n".join(lines) + "\n")


def no_block(corrected: str) -> Notice:
    """A coordinator's new mail without control lines."""
    text = (
        "Your new mail has no control lines, so it is no disclosure. It is kept back; nobody got it.\n\n"
        "If it was meant as one, send it again with a block like this as its very first lines, followed\n"
        "by an empty line. If it belongs to a thread, please reply in that thread.\n\n"
        f"{BY_ANSWER}\n"
        f"{corrected.strip()}\n"
    )
    return Notice("Kept back: no control lines", text)


def kept_note(reason: Reason, advice: str) -> Notice:
    """To the one who signed it (or whose address it bears): kept, why, and what to do."""
    text = (
        f"A mail that came under your name is kept back: {reason.meaning}.\n"
        f"Nothing is lost; the coordinators know of it.\n\n{advice}\n"
    )
    return Notice(f"Kept back: {reason}", text)


def side_door(*, key_sent: bool) -> Notice:
    """To whoever wrote to -request or -sendkey and is known: where the mail is, and where a key comes from."""
    key = "The list's key comes to whoever writes to the -sendkey address, once a day."
    if key_sent:
        key = "The list's key goes to the address that your mail was sent from, in a mail of its own."
    text = (
        "Your mail is kept; the coordinators were told of it, and answer it themselves.\n\n"
        f"{key} Compare its fingerprint\nwith a coordinator over another channel. To talk to them, write to the "
        "-owner address.\n"
    )
    return Notice("Kept for the coordinators", text)


ADVICE: dict[Reason, str] = {
    Reason.CLEARTEXT: "Please send it again, encrypted to the list's key and signed with your pinned key.\n\n"
    "It crossed the net readable: whoever carried it may have read it, and so may whoever has the mailbox that it\n"
    "was sent from. If it held anything confidential, please treat that as leaked: send a sealed mail with the first\n"
    "line `Leak: what was in it, to whom it may have gone` to the list.",
    Reason.UNSIGNED: "Please send it again, signed with your pinned key as well as encrypted.",
    Reason.UNKNOWN_THREAD: "It answers a mail that this list does not know. Please reply to the mail that you got "
    "from the list, or begin a new mail without `Re:`.",
    Reason.MEMBER_NEW_THREAD: "Members reply to disclosures. To reach the coordinators, write to the -owner address.",
    Reason.STALE_SIGNATURE: "Please check your computer's clock and send it again, signed anew.",
    Reason.REPLAY: "The same signed mail came before. If you sent it again, you need do nothing.",
    Reason.WRONG_LIST: "It was not addressed to this list. Please send it again with the list's address in To.",
}


def possible_leak_question(disclosure_id: str) -> Notice:
    """To a member whose prose seems to speak of a leak."""
    text = (
        "Your reply seems to speak of a leak, so it was not passed on to others; the coordinators have it.\n\n"
        "Please answer with one of these as the first line, so that the right thing happens at once:\n\n"
        "Leak: yes\n\nor\n\nLeak: no\n\n"
        "If yes, please add what you know: `Leak-What:` `Leak-To:` `Leak-When:` `Leak-How:`\n"
        "Telling us early is always right; nobody is blamed for it.\n"
    )
    return Notice(tagged(disclosure_id, "Is this about a leak?"), text)


def quarantined(
    quarantine_id: str,
    reasons: Sequence[Reason],
    envelope_from: str,
    size: int,
    signer: str | None,
    disclosure_id: str | None,
) -> Notice:
    """To coordinators, at once: something was kept back that concerns a pinned signer or a known thread."""
    lines = [
        f"{quarantine_id} is kept back: {reasons[0]}.",
        *(f"  {reason}: {reason.meaning}" for reason in reasons),
        "",
        f"Envelope sender: {envelope_from or '<>'}",
        f"Signed by: {signer or 'nobody that is proved'}",
        f"Size: {size} bytes",
        "",
        f"See it with `Show: {quarantine_id}` to the -request address, or `embargo quarantine show {quarantine_id}`.",
    ]
    return Notice(tagged(disclosure_id, f"Kept back: {quarantine_id} ({reasons[0]})"), "\n".join(lines) + "\n")


def with_report(notice: Notice, text: str, attachments: Sequence[Attachment]) -> Notice:
    """A notice with the whole mail that it is about: what may be a leak is read now, not when somebody looks."""
    said = shortened(text, MOST_TEXT) if text.strip() else "(it has no text; it is attached as it came)"
    lines = [notice.text, "It may be about a leak, so here is what it says:", LINE, "", said]
    return Notice(notice.subject, "\n".join(lines) + "\n", (*notice.attachments, *attachments))


def forwarded(
    envelope_from: str,
    signer: str | None,
    reasons: Sequence[Reason],
    subject: str,
    text: str,
    attachments: Sequence[Attachment],
) -> Notice:
    """Mail to -owner, passed to the coordinators with its sender and signature told."""
    who = f"{signer} wrote to the coordinators; the signature was checked."
    lines = [
        who if signer else "Somebody wrote to the coordinators. Nobody is proved to have written this.",
        f"Envelope sender: {envelope_from or '<>'}",
        *(f"Not believed: {reason} ({reason.meaning})" for reason in reasons),
        LINE,
        "",
        shortened(text, MOST_TEXT),
    ]
    return Notice(f"To the coordinators: {subject}", "\n".join(lines) + "\n", tuple(attachments))


# --- dates, lift, withdrawal ------------------------------------------------------------------


def new_date(disclosure: Disclosure, subject: str, old: datetime, zone: str, now: datetime) -> Notice:
    """To everybody bound: the public date changed, and what that means while a third party's embargo holds."""
    ends = in_words(not_before(disclosure), zone, now)
    others = f"The embargo of a third party holds as well: ours does not end before {ends}.\n\n"
    text = (
        f"The public date of {disclosure.id} changed.\n\n"
        f"New: {in_words(disclosure.embargo_until, zone, now)}\n"
        f"Old: {in_words(old, zone, now)}\n\n"
        f"{others if holding(disclosure) else ''}"
        "All else stands: until you get the lift notice tell only those in your team who need to know.\n"
    )
    return Notice(tagged(disclosure.id, f"New public date: {subject}"), text)


LIFTED_AS = {
    "clock": "its public date has come",
    "public": "it is public",
    "exploited": "it is exploited",
    "exploit": "an exploit is public",
    "leaked": "it leaked",
    "leaked-public": "it leaked, and is public",
    "ready": "the coordinators lifted it, as all is ready",
}


def lifted(disclosure: Disclosure, subject: str, zone: str, now: datetime, late: str | None) -> Notice:
    """To everybody bound: the embargo is over."""
    ended = disclosure.ended_at or now
    why = LIFTED_AS.get(told_cause(disclosure), "the coordinators lifted it")
    lines = [f"The embargo of {disclosure.id} is over since {in_words(ended, zone, now)}: {why}."]
    if late:
        lines.append(f"The gateway was late to do so: {late}.")
    lines += ["", "You are no longer bound by it. Thank you for keeping it."]
    return Notice(tagged(disclosure.id, f"Lifted: {subject}"), "\n".join(lines) + "\n")


def withdrawn(disclosure: Disclosure, subject: str, reason: str, is_void: bool, zone: str, now: datetime) -> Notice:
    """To everybody bound: the disclosure was called off. No word of ours sets free what a third party keeps."""
    ends = in_words(not_before(disclosure), zone, now)
    if holding(disclosure):
        theirs = "The embargo of a third party holds as well"
        bound = f"{theirs}: it stays confidential until that is over, and until {ends}."
    elif is_void:
        bound = "It is void: you are not bound by it any more."
    else:
        bound = f"It stays confidential until {ends}."
    text = f"The coordinators called {disclosure.id} off.\n\nReason: {reason}\n\n{bound}\n"
    return Notice(tagged(disclosure.id, f"Withdrawn: {subject}"), text)


def date_passed(disclosure: Disclosure, subject: str, rules: Rules, now: datetime, late: str | None) -> Notice:
    """To coordinators: the date went by while the disclosure was still held."""
    gone = in_words(disclosure.embargo_until, rules.zone, now)
    text = (
        f"The public date of {disclosure.id} went by while it was held ({gone}).\n"
        "Nothing was sent to members: nothing goes out under a stale date.\n"
        f"{noticed_late(late)}\n"
        "To go on, reply to this mail with a new date as the first line, for example\n\n"
        f"Embargo-Until: {example_date(rules, now)}\n\n"
        "or call it off with `Withdraw: REASON`.\n"
    )
    return Notice(tagged(disclosure.id, f"Needs a new date: {subject}"), text)


def noticed_late(late: str | None) -> str:
    """A line of its own where the gateway came to it late; "" where it was on time."""
    return f"The gateway was late to notice: {late}.\n" if late else ""


def stopped(disclosure: Disclosure, subject: str, by: str) -> Notice:
    """To coordinators: the release is stopped."""
    text = (
        f"The release of {disclosure.id} is stopped, by {by}. Members get nothing.\n\n"
        "To let it go, reply with a hold as the first line, for example\n\nHold-Until: now\n"
    )
    return Notice(tagged(disclosure.id, f"Stopped: {subject}"), text)


def happened(disclosure_id: str | None, headline: str, lines: Iterable[str]) -> Notice:
    """To coordinators: one thing that happened, in a line, and what to know about it."""
    return Notice(tagged(disclosure_id, headline), "\n".join([headline + ".", "", *lines]) + "\n")


# --- people and keys --------------------------------------------------------------------------


def standing(list_name: str, what: str, owner: str, following: int = 0) -> Notice:
    """To a member whose standing changed: told once, without content. ``following``: mails that it missed."""
    missed = {0: "", 1: "A mail that was kept from you meanwhile follows.\n"}.get(
        following, f"{following} mails that were kept from you meanwhile follow.\n"
    )
    text = (
        f"Your organisation was {what} on {list_name}.\n\n"
        + (
            "You get no further content from it. What you have received stays confidential until you get a\n"
            "lift notice from this address.\n"
            if what != "reinstated"
            else f"You get new disclosures from now on.\n{missed}"
        )
        + f"\nQuestions go to {owner}.\n"
    )
    return Notice(f"{list_name}: {what}", text)


def roster_changed(what: str, person: Person, details: Iterable[str], by: str = "The operator") -> Notice:
    """To coordinators: the operator changed the roster or a key, or a coordinator did so by mail."""
    who = f"{person.name} <{person.address}>"
    kind = person.role.value
    surprise = f"If this surprises you, ask {by.replace('The operator', 'the operator')} now."
    lines = [f"{by} {what} the {kind} {who}.", "", *details, "", surprise]
    return Notice(f"Roster: {what} {person.address}", "\n".join(lines) + "\n")


def key_replaced(person: Person, old: Sequence[str], new: Sequence[str]) -> Notice:
    """To the holder of an old key, sealed to that old key: a change behind his back would show."""
    lines = [
        f"The keys pinned for {person.address} changed.",
        "",
        *(f"No longer: {fingerprint}" for fingerprint in old),
        *(f"From now on: {fingerprint}" for fingerprint in new),
        "",
        "This mail is sealed to the old key. If you did not ask for the change, tell the coordinators at once.",
    ]
    return Notice("Your pinned key changed", "\n".join(lines) + "\n")
