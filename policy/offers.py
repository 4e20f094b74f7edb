"""The block that a refusal offers: one that is accepted when it is pasted back, or none.

Rules:

* A block that still holds a line that is complained of, as it was written, is no corrected block.
* A line goes only with the companions that no other line takes, and only where nobody gets more, or something
  else, without it: an act or an end may go, a scope, a date or a restriction never does.
* What is left is offered if it can be read, does something, and does not send the text to members.
* What ends an embargo is offered only beside all that it stood beside: without it something else may be meant.
* A new mail needs its whole block: it is shown as it stands, with the lines that have to be mended first.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from policy.acts import SPECS
from policy.control import COMPANIONS, meant_name, read_block
from policy.orders import BESIDE, SPEAKING, read_order

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from policy.control import Block, Complaint
    from policy.orders import Order
    from policy.surroundings import Surroundings

_MAY_GO = frozenset({"Ack", "Lift", "Withdraw", *(name for name, spec in SPECS.items() if not spec.speaks)})
_DOES_NOTHING = frozenset({"Preview", "Send-To"})  # alone, without what they stood beside
_TAKES = {**{name: spec.companions for name, spec in SPECS.items()}, **BESIDE}


@dataclass(frozen=True, slots=True)
class Offer:
    """``block`` is to be pasted back as it is, or, with ``mend``, once these of its lines are put right; "": none.

    ``is_ready``: it is accepted as it stands.
    """

    block: str = field(default="", repr=False)
    mend: tuple[str, ...] = field(default=(), repr=False)
    is_ready: bool = False


def offer(
    complaints: Sequence[Complaint],
    corrected: str,
    block: Block,
    place: Surroundings,
    accepts: Callable[[Order], bool] = lambda _order: True,
) -> Offer:
    """What a mail with this block, refused for these reasons, may be sent again with."""
    said = {line.name for line in (*block.lines, *block.strays)}

    def is_fine(lines: Sequence[str]) -> bool:
        order, went = read_order(read_block(_text(lines)), place), said - {_name(line) for line in lines}
        ends = order.lift_now or order.withdraw is not None
        return bool(lines) and not order.complaints and not (ends and went) and accepts(order)

    own = read_order(block, place)
    found = _mended(corrected.splitlines(), complaints)
    before = set(own.corrected.splitlines())
    if (own.complaints or set(found) != before) and is_fine(found) and _does_something(found, block):
        return Offer(_text(found), is_ready=True)
    if own.complaints or set(found) != before:
        complaints = read_order(read_block(_text(found)), place).complaints
    wrong = _matched(found, complaints)
    if found and not place.is_reply and place.role == "coordinator":
        return Offer(_text(found), wrong or tuple(one.line or one.why for one in complaints))
    if not wrong or {_name(line) for line in wrong} - _MAY_GO - _orphans(found):
        return Offer()
    left = _dropped(found, wrong)
    if {_name(line) for line in left} & SPEAKING or not is_fine(left) or not _does_something(left, block):
        return Offer()
    return Offer(_text(left), is_ready=True)


def without(block: str, name: str) -> str:
    """A block without the lines of one name, nor the companions that only they take; "" where nothing is left."""
    lines = [line for line in block.splitlines() if line.strip()]
    return _text(_dropped(lines, [line for line in lines if _name(line) == name]))


def _dropped(lines: Sequence[str], wrong: Iterable[str]) -> list[str]:
    gone = set(wrong)
    kept = [line for line in lines if line not in gone]
    taken = {companion for line in kept for companion in _TAKES.get(_name(line), ())}
    theirs = {companion for line in gone for companion in _TAKES.get(_name(line), ())}
    return [line for line in kept if _name(line) not in theirs - taken]


def _orphans(lines: Sequence[str]) -> frozenset[str]:
    """The names of companions that stand beside no line that takes them."""
    return COMPANIONS - {companion for line in lines for companion in _TAKES.get(_name(line), ())}


def _mended(lines: Sequence[str], complaints: Iterable[Complaint]) -> list[str]:
    """The lines, with what a complaint knows to be meant instead."""
    instead = {_name(one.line): one.instead for one in complaints if one.instead}
    return [f"{_name(line)}: {instead[_name(line)]}" if _name(line) in instead else line for line in lines]


def _matched(lines: Sequence[str], complaints: Iterable[Complaint]) -> tuple[str, ...]:
    """The lines that are complained of; none where a complaint is of none of them, as it is of the whole then."""
    found = [[line for line in lines if _is_of(line, complaint.line)] for complaint in complaints]
    return tuple(dict.fromkeys(line for these in found for line in these)) if all(found) else ()


def _is_of(line: str, said: str) -> bool:
    value, other = _value(line), _value(said.removesuffix("..."))
    return _name(line) == _name(said) and (value.startswith(other) or other.startswith(value))


def _does_something(lines: Sequence[str], block: Block) -> bool:
    """Whether something is left that the mail is sent for, where some of its lines went."""
    names = {_name(line) for line in lines}
    went = {line.name for line in block.lines} - names
    # A public notice without the lift that it was to go out with would only wait for the date.
    idle = _DOES_NOTHING | {"Public-Notice"} if "Lift" in went else _DOES_NOTHING
    return bool(names - idle) or not went


def _name(line: str) -> str:
    written = line.partition(":")[0].strip()
    return meant_name(written) or written


def _value(line: str) -> str:
    return line.partition(":")[2].strip().casefold()


def _text(lines: Iterable[str]) -> str:
    return "".join(f"{line}\n" for line in lines)
