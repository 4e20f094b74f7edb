"""What the operator does at the command line: the ground that all of it stands on.

TRUST: whoever runs these commands can read the state directory and the master key, so nothing here
keeps anything from the operator. What it does see to: an act is judged whole before anything is
changed, it is one transaction, it stands in the audit trail as the operator's, and the coordinators
hear of it by mail. The service may run meanwhile or not: both work on the same database, and the
running one looks at it twice a second.

This module is for showing as well as for acting (``gateway.operator_acts``), and showing must not
pay for what only acting needs: it imports little.
"""

from __future__ import annotations

from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from gateway.clock import Clock, SystemClock
from gateway.opening import Store, open_store
from policy.reasons import Reason
from storage import roster

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from gateway.config import Config
    from keys.vault import Vault
    from policy.facts import Person, Role
    from storage.database import Database, Tx

OPERATOR = "operator"


class RefusedError(Exception):
    """What was asked for is not done, and nothing was changed (exit 1). The text is one line: what, and the way out.

    ``reason`` is the word for it, which stands in the trail where it was asked by mail.
    """

    def __init__(self, text: str, reason: Reason = Reason.CONTROL_LINES) -> None:
        """Take the line, and the reason."""
        super().__init__(text)
        self.reason = reason


class UnclearError(Exception):
    """The command line does not say which, or says it wrongly (exit 2). The text is one line."""


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acts: as the trail has him, and as the coordinators read of him at the beginning of a sentence.

    ``person_id``: a coordinator, who acts by the mail ``mail_id`` and is answered; None: the operator.
    """

    trail: str
    named: str
    person_id: int | None = None
    mail_id: str | None = None


THE_OPERATOR = Actor(OPERATOR, "The operator")


@dataclass(frozen=True, slots=True)
class Done:
    """What was done, in one line, and what whoever did it should know about it."""

    line: str
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Desk:
    """What showing needs: it changes nothing, and starts nothing."""

    config: Config
    clock: Clock
    store: Store

    @property
    def database(self) -> Database:
        """The database."""
        return self.store.database

    @property
    def vault(self) -> Vault:
        """The vault."""
        return self.store.vault


@asynccontextmanager
async def at_desk(config: Config, *, clock: Clock | None = None) -> AsyncIterator[Desk]:
    """Open what showing needs, and close it. Raises as ``gateway.opening.open_store`` does."""
    async with open_store(config) as store:
        yield Desk(config, clock or SystemClock(), store)


def named(config: Config, name: str | None) -> str:
    """The id of the list of that name; without a name of the only one. Raises RefusedError, UnclearError."""
    known = list(config.lists)
    if name is None and len(known) == 1:
        return known[0]
    if name is None:
        raise UnclearError(f"there are several lists ({', '.join(known)}): say which with --list")
    if name not in config.lists:
        raise RefusedError(f"no list {name!r} in {config.path}: there is {', '.join(known)}")
    return name


def narrowed(config: Config, name: str | None) -> str | None:
    """The id of the list that something is to be shown of; None: of all. Raises RefusedError."""
    return None if name is None else named(config, name)


async def holder(config: Config, tx: Tx, address: str, list_name: str | None, role: Role | None = None) -> Person:
    """Whoever has this address, perhaps in one role only.

    Raises RefusedError where nobody has it, UnclearError where it is on several lists.
    """
    wanted = narrowed(config, list_name)
    everybody = await roster.find(tx, address=address, list_id=wanted)
    found = [person for person in everybody if person.list_id in config.lists]
    fitting = [person for person in found if role is None or person.role is role]
    what = "member or coordinator" if role is None else role.value
    where = f"list {wanted}" if wanted else "any list"
    if not fitting and found:
        raise RefusedError(f"{address} is a {found[0].role} of {found[0].list_id}, not a {what}")
    if not fitting:
        raise RefusedError(f"no {what} {address} on {where}: see `embargo {role or 'member'} ls`")
    if len(fitting) > 1:
        lists = ", ".join(person.list_id for person in fitting)
        raise UnclearError(f"{address} is on several lists ({lists}): say which with --list")
    return fitting[0]
