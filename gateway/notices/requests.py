"""Answers to coordinators who ask at the -request address: what is shown, what was done, what was not.

Pure, like ``gateway.notices``. What is shown is made from the same objects as ``embargo ... show``
(``gateway.operator_show``), its instants in words.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from gateway.notices.common import LINE, MOST_ROWS, MOST_VALUE, Attachment, Notice, shortened
from gateway.notices.leak import FIELDS
from policy.control import Complaint
from policy.facts import Person
from policy.instants import in_words
from policy.reasons import Reason

LINES = """\
Show: open                      disclosures that are not over, open leak reports, copies not delivered
Show: ED-2026-K7QX              one disclosure: its instants, its copies, who acknowledged, what happened
Show: LK-2026-9D3M              one leak report
Show: members                   the members and their keys
Show: quarantine                the mails that are kept back
Show: QU-2026-4T7B              one of them, with the mail itself attached
Suspend: security@corp.example  no content for that member from now on, queued copies included
Reinstate: security@corp.example
Retry: ED-2026-K7QX             its copies that were deferred or bounced are tried again now
Close-Disclosure: ED-2026-K7QX  it is over, and nothing of it is open
Release-Quarantine: QU-2026-4T7B   judged again as if just come, the rule that kept it back waived
Discard-Quarantine: QU-2026-4T7B   its content is destroyed
"""


def help_text(address: str) -> Notice:
    """What can be asked for."""
    text = (
        "Your mail asked for nothing, and nothing was done.\n\n"
        f"A mail to {address}, signed and encrypted as ever, may hold these lines\n"
        "as its very first ones, in any number; an empty line ends them:\n\n"
        f"{LINES}\n"
        "They are done in the order in which they stand, and one answer tells how each went. If one of them\n"
        "is not clear, or can't be done, none is. Dates, lifts and all that steers a disclosure are control\n"
        "lines, in a reply in its thread.\n"
    )
    return Notice("What you can ask for", text)


def nothing_asked(address: str) -> Notice:
    """To a coordinator whose mail to -request holds none of these lines: where its control lines belong."""
    text = (
        "Your mail holds no line that is acted on here, so nothing of it was done. It is kept, and the other\n"
        "coordinators were told.\n\n"
        "What steers a disclosure (dates, scope, a lift, `Approve:` ...) is a control line in a reply in its thread.\n"
        f"Both that and a new disclosure go to {address}.\n"
        "What can be asked for here is told to whoever sends `help`.\n"
    )
    return Notice("Kept: nothing was asked for", text)


def not_done(complaints: Sequence[Complaint], corrected: str, address: str) -> Notice:
    """Nothing was done: why, line by line, and the block to paste."""
    lines = ["Nothing of your mail was done.", ""]
    for item in complaints:
        lines += [f"* {item.line}", f"    {item.why}"] if item.line else [f"* {item.why}"]
    if corrected.strip():
        lines += [
            "",
            "This block can be read. Look at each line, then answer with it as the very first lines,",
            f"or send it so to {address}:",
            "",
            corrected.strip(),
        ]
    else:
        lines += ["", f"These lines can be sent to {address}:", "", LINES.rstrip()]
    return Notice("Not done: please look at your lines", "\n".join(lines) + "\n")


def answer(told: Sequence[tuple[str, Sequence[str]]], attachments: Sequence[Attachment]) -> Notice:
    """How each line went: ``told`` are the lines, each with what it led to."""
    lines = []
    for said, outcome in told:
        lines += [said, LINE, *outcome, ""]
    subject = "Answer: " + ", ".join(said for said, _ in told[:3]) + (", ..." if len(told) > 3 else "")  # noqa: PLR2004
    return Notice(subject, "\n".join(lines), tuple(attachments))


# --- what is shown ----------------------------------------------------------------------------


def overview(
    disclosures: Sequence[Mapping[str, Any]],
    leaks: Sequence[Mapping[str, Any]],
    copies: Sequence[Mapping[str, Any]],
    kept: int,
    zone: str,
    now: datetime,
) -> list[str]:
    """What is not over: disclosures, leak reports, copies not delivered, how much is kept back."""
    lines = ["Disclosures that are not over:" if disclosures else "No disclosure is open."]
    for facts in disclosures:
        count = _count(facts)
        lines.append(f'  {facts["id"]}  "{facts["subject"]}"  {state_of(facts)}  TLP:{facts["tlp"]}  {count}')
        more = [*_instants(facts, zone, now), *_asked(facts, zone, now), *_guests(facts, zone, now)]
        lines += [f"    {line}" for line in _capped(more)]
    lines += ["", "Open leak reports:" if leaks else "No leak report is open."]
    for facts in leaks:
        proved = "proved" if facts["verified"] else "not proved"
        about = f" on {facts['disclosure']}" if facts["disclosure"] else ""
        lines.append(f"  {facts['id']}{about}  {facts['state']}, {proved}, {_when(facts['reported_at'], zone, now)}")
    lines += ["", "Copies not delivered:" if copies else "Every copy is delivered."]
    lines += _capped([f"  {_copy(facts, zone, now)}" for facts in copies])
    mails = "1 mail is" if kept == 1 else f"{kept or 'No'} mails are"
    return [*lines, "", f"{mails} kept back" + (" (`Show: quarantine`)." if kept else ".")]


def disclosure(facts: Mapping[str, Any], zone: str, now: datetime) -> list[str]:
    """One disclosure, with its copies, who acknowledged, and what happened."""
    lines = [
        f'{facts["id"]}  "{facts["subject"]}"',
        f"State: {state_of(facts)}   TLP:{facts['tlp']}   Scope: {', '.join(facts['scope'])}",
        f"Posted by {facts['posted_by']} {_when(facts['posted_at'], zone, now)}",
        *_instants(facts, zone, now),
        *(f"The embargo of {one['name']} ({one['mode']}) {_standing(one, zone, now)}." for one in facts["upstreams"]),
        f"In its audience: {_count(facts)}",
        *_guests(facts, zone, now),
        "",
        *([*asked, ""] if (asked := _asked(facts, zone, now)) else []),
        "Copies of the members:" if facts["copies"] else "No copy was made for a member yet.",
        *_capped([f"  {_copy(copy, zone, now)}" for copy in facts["copies"]]),
    ]
    if facts["acknowledged"]:
        lines += ["", "Acknowledged:"]
        lines += [
            f"  {row['org'] or '-'} <{row['address']}>  {_when(row['at'], zone, now)}" for row in facts["acknowledged"]
        ]
    if facts["statuses"]:
        lines += ["", "How far members are:"]
        lines += [
            f"  {row['org'] or '-'} <{row['address']}>  {_when(row['at'], zone, now)}: {row['text']}"
            for row in facts["statuses"]
        ]
    if facts["leaks"]:
        lines += ["", "Leak cases:"]
        lines += [
            f"  {row['id']}  {row['outcome'] or row['state']}, {'proved' if row['verified'] else 'NOT PROVED'}, "
            f"{_when(row['reported_at'], zone, now)}"
            for row in facts["leaks"]
        ]
    if facts["facts"]:
        lines += ["", "Facts that were reported:"]
        lines += [
            f"  {row['id']}  {row['fact']}, {row['state']}, {_when(row['reported_at'], zone, now)}"
            for row in facts["facts"]
        ]
    lines += ["", "What happened:"]
    told = [
        f"  {_when(row['at'], zone, now)}  {row['event']}{_why(row['reason'])}, by {row['actor']}"
        for row in facts["timeline"]
    ]
    return [*lines, *_capped(told)]


def _count(facts: Mapping[str, Any]) -> str:
    members, guests = facts["audience"]
    said = f"{members} {'member' if members == 1 else 'members'}"
    return f"{said} and {guests} {'guest' if guests == 1 else 'guests'}" if guests else said


def _asked(facts: Mapping[str, Any], zone: str, now: datetime) -> list[str]:
    """What somebody asks for and nobody has decided, each with the lines that decide it, in its thread."""
    lines = []
    for one in facts["proposals"]:
        if one["state"] == "open":
            lines.append(
                f"{one['id']}: {one['by'] or 'somebody'} proposes the public date {_when(one['proposed'], zone, now)}"
            )
            votes = "; ".join(f"{word}: {', '.join(one[key]) or 'nobody'}" for word, key in _VOTES.items())
            lines.append(f"  {votes}; open until {_when(one['until'], zone, now)}; `Confirm: {one['id']}`")
    for one in facts["guests"]:
        if one["state"] in _UNDECIDED:
            said = f"{one['id']}: a member asks to share it with {one['address']}{_UNDECIDED[one['state']]}"
            lines.append(f"{said}: `Approve: {one['id']}` or `Deny: {one['id']}`")
    return lines


_VOTES = {"Agree": "agree", "Object": "object"}
_UNDECIDED = {"asked": "", "pending": ", and one coordinator has approved it"}


def _guests(facts: Mapping[str, Any], zone: str, now: datetime) -> list[str]:
    """Who has it beside the members, and whom the terms were sent to."""
    lines = []
    for one in facts["guests"]:
        until = f", until {_when(one['until'], zone, now)}" if one["until"] else ""
        if one["state"] == "active":
            lines.append(f"{'Shared with' if one['kind'] == 'share' else 'Guest:'} {one['address']}{until}")
        elif one["state"] == "approved":
            lines.append(f"Shared with {one['address']} once the terms are accepted{until}")
    return lines


def _standing(upstream: Mapping[str, Any], zone: str, now: datetime) -> str:
    if upstream["over_at"]:
        return f"is over since {_when(upstream['over_at'], zone, now)}"
    return f"holds until {_when(upstream['until'], zone, now)}" if upstream["until"] else "holds, without a known date"


def leak(facts: Mapping[str, Any], proof: str, zone: str, now: datetime) -> list[str]:
    """One leak report, as its lines told it. ``proof``: who is proved to have reported it."""
    lines = [
        f"{facts['id']}" + (f" on {facts['disclosure']}" if facts["disclosure"] else ""),
        f"State: {facts['state']}",
        f"Reported by {facts['reporter'] or '<>'} ({proof}), {_when(facts['reported_at'], zone, now)}",
    ]
    if facts["confirmed_leaks"]:
        lines.append(f"Confirmed leaks of {facts['org']}: {facts['confirmed_leaks']}")
    for name, label in FIELDS.items():
        lines.append(f"{label}: {shortened(facts[name], MOST_VALUE) if facts[name] else '(not said)'}")
    if facts["outcome"]:
        lines.append(f"Assessed as {facts['outcome']}" + (f": {facts['assessment']}" if facts["assessment"] else ""))
    if facts["retrospective_due"]:
        due = f"due, by {_when(facts['retrospective_due'], zone, now)}"
        said = {"due": due, "done": "done"}.get(facts["retrospective"], "none is due any more")
        lines.append(f"Retrospective: {said}")
    return [*lines, "The whole report came with its alarm."]


def members(people: Sequence[Person], now: datetime) -> list[str]:
    """The members of a list and their keys."""
    if not people:
        return ["There is no member."]
    lines = []
    for person in people:
        groups = f"  groups: {', '.join(sorted(person.groups))}" if person.groups else ""
        lines.append(f"  {person.name} <{person.address}>  {person.standing}{groups}")
        for key in person.keys:
            until = f", until {key.expires_at:%Y-%m-%d}" if key.expires_at else ""
            lines.append(f"    {key.fingerprint}  {key.reason_at(now) or 'usable'}{until}")
        lines += [] if person.keys else ["    no key: nothing can be sent there"]
    return lines


def quarantine(rows: Sequence[Mapping[str, Any]], zone: str, now: datetime) -> list[str]:
    """The mails that are kept back."""
    if not rows:
        return ["Nothing is kept back."]
    return _capped(
        [
            f"  {row['id']}  {_when(row['received_at'], zone, now)}  {', '.join(row['reasons'])}  "
            f"{row['size']} bytes  from {row['envelope_from'] or '<>'}"
            for row in rows
        ]
    )


def kept_mail(facts: Mapping[str, Any], missing: str, zone: str, now: datetime) -> list[str]:
    """One mail that is or was kept back. ``missing``: why it is not attached, "" where it is."""
    return [
        f"{facts['id']}: {facts['state']}, {facts['size']} bytes, {_when(facts['received_at'], zone, now)}",
        f"Envelope sender: {facts['envelope_from'] or '<>'}",
        *([f"About {facts['disclosure']}"] if facts["disclosure"] else []),
        *(f"  {reason}: {Reason(reason).meaning}" for reason in facts["reasons"]),
        f"Not attached: {missing}." if missing else "It is attached as it came; nothing in it is believed.",
    ]


def state_of(facts: Mapping[str, Any]) -> str:
    """A disclosure's state in a word or two."""
    return f"{facts['state']}, stopped" if facts["stopped"] else str(facts["state"])


_ENDED = {"lifted": "Lifted", "withdrawn": "Withdrawn"}


def _instants(facts: Mapping[str, Any], zone: str, now: datetime) -> list[str]:
    """When members get it and when it is public; of what is over, when they got it and when it ended."""
    if facts.get("ended_at"):
        released, ended = facts["released_at"], _when(facts["ended_at"], zone, now)
        unsent = (
            "Members got nothing of it before its embargo was over." if facts["copies"] else "Members never got it."
        )
        first = f"Members got it {_when(released, zone, now)}." if released else unsent
        return [first, f"{_ENDED.get(facts['state'], 'Ended')} {ended}."]
    hold, public = _when(facts["hold_until"], zone, now), _when(facts["embargo_until"], zone, now)
    if facts["stopped"] and facts["state"] in {"pending", "held"}:
        return [f"Members get nothing: the release is stopped. They would get it {hold}.", f"Public {public}."]
    if facts["state"] == "pending" and datetime.fromisoformat(facts["embargo_until"]) <= now:
        return [f"Members got nothing: its date went by, {public}. It waits for a new `Embargo-Until:`."]
    if facts["state"] == "pending":
        waits = "It waits for a second coordinator's `Approve:`."
        return [f"{waits} Members get it after that, not before {hold}.", f"Public {public}."]
    members = "Members get it" if facts["state"] == "held" else "Hold until"
    return [f"{members} {hold}.", f"Public {public}."]


def _copy(copy: Mapping[str, Any], zone: str, now: datetime) -> str:
    who = f"{copy['org']} <{copy['address']}>" if copy["org"] else f"<{copy['address']}>"
    tries = "1 try" if copy["attempts"] == 1 else f"{copy['attempts']} tries"
    return f"{copy['message']}  {who}  {copy['state']}{_why(copy['reason'])}, {tries}, {_when(copy['at'], zone, now)}"


def _why(reason: str | None) -> str:
    return f" ({reason})" if reason else ""


def _when(stamp: str, zone: str, now: datetime) -> str:
    return in_words(datetime.fromisoformat(stamp), zone, now)


def _capped(lines: Sequence[str]) -> list[str]:
    more = [f"  and {len(lines) - MOST_ROWS} more"] if len(lines) > MOST_ROWS else []
    return [*lines[:MOST_ROWS], *more]
