"""The doctor: what would keep mail from flowing, each finding in one line."""

from __future__ import annotations

import asyncio
import os
import re
import shutil
import stat
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from gateway.app import make_relay, tls_context
from gateway.config import ConfigError
from gateway.opening import open_signer
from gateway.operator.acts import operating
from keys.errors import KeysError, VaultError
from keys.results import PinnedKey
from keys.vault import Vault, load_master_key
from policy.facts import Role, Standing
from storage import audit as trail
from storage import roster
from storage.database import Database
from storage.errors import StorageError

if TYPE_CHECKING:
    from collections.abc import Callable

    from gateway.clock import Clock
    from gateway.config import Config
    from gateway.lists import MailingList
    from gateway.parts import Parts
    from keys.results import KeyFacts
    from policy.facts import Person

EXPIRES_SOON = timedelta(days=30)
AHEAD = timedelta(minutes=1)  # what the clock may be set back by without a word
TWO = 2
OLDEST_GNUPG = (2, 2)
VERSION = re.compile(r"\(GnuPG[^)]*\) (\d+)\.(\d+)(\S*)")


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at. ``ok`` False: it keeps mail from flowing. ``warns``: it does not yet."""

    name: str
    ok: bool
    text: str
    warns: bool = False

    def to_json(self) -> dict[str, Any]:
        """As a JSON object."""
        return {"name": self.name, "ok": self.ok, "text": self.text}


def good(name: str, text: str) -> Finding:
    """All is well."""
    return Finding(name, ok=True, text=text)


def warning(name: str, text: str) -> Finding:
    """Mail flows, but somebody should look."""
    return Finding(name, ok=True, text=f"warning: {text}", warns=True)


def bad(name: str, text: str) -> Finding:
    """Mail does not flow."""
    return Finding(name, ok=False, text=text)


async def examine(config: Config, clock: Clock, step: Callable[[str], None]) -> list[Finding]:
    """Look at everything; ``step`` is told what is looked at next. Raises nothing for what is found."""
    step("files")
    found = [good("config", f"{config.path} is valid"), *_files(config)]
    step("the outside")
    found += [_tls(config), _pager(config), await _gnupg(), await _relay(config)]
    step("the database")
    stored = await _stored(config)
    found += stored
    if all(finding.ok for finding in stored):
        async with operating(config, clock=clock) as parts:
            found.append(await _clock(parts, clock.now()))
            for mailing_list in parts.lists:
                step(f"list {mailing_list.id}")
                found += await _list(parts, mailing_list, clock.now())
    return found


# --- files, the outside -----------------------------------------------------------------------


def _files(config: Config) -> list[Finding]:
    return [_state_dir(config), *_master_key(config), *(_policy(config, list_id) for list_id in config.lists)]


def _state_dir(config: Config) -> Finding:
    path, name = config.gateway.state_dir, "state directory"
    try:
        facts = path.stat()
    except OSError as error:
        return bad(name, f"{path}: {error.strerror}; run `embargo init`")
    if not stat.S_ISDIR(facts.st_mode):
        return bad(name, f"{path} is no directory")
    if facts.st_mode & 0o077:
        return bad(name, f"{path} is open to others ({stat.S_IMODE(facts.st_mode):04o}); chmod 700 it")
    if not os.access(path, os.W_OK | os.X_OK):
        return bad(name, f"{path} can't be written by this user")
    return good(name, f"{path} is ours alone")


def _master_key(config: Config) -> list[Finding]:
    path, name = config.storage.master_key_file, "master key"
    try:
        load_master_key(path)
    except VaultError as error:
        return [bad(name, str(error))]
    if path.resolve().is_relative_to(config.gateway.state_dir.resolve()):
        text = f"{path} lies inside the state directory: a backup of the state opens itself; move it beside the config"
        return [warning(name, text)]
    return [good(name, f"{path} is readable by us alone")]


def _policy(config: Config, list_id: str) -> Finding:
    path, name = config.lists[list_id].policy_file, f"policy of {list_id}"
    try:
        path.read_bytes()
    except OSError as error:
        return warning(name, f"{path}: {error.strerror}; no member can be added")
    return good(name, f"{path} is there")


def _tls(config: Config) -> Finding:
    try:
        context = tls_context(config)
    except ConfigError as error:
        return bad("tls in", str(error))
    return good("tls in", "STARTTLS is offered" if context else "not configured: for a mail server on this machine")


def _pager(config: Config) -> Finding:
    command = config.alarm.command
    if not command:
        return warning("alarm", "no command in [alarm]: alarms go by mail only, the way that may be what is broken")
    if shutil.which(command[0]) is None:
        return bad("alarm", f"{command[0]} is no program that can be run: nobody would be paged")
    return good("alarm", f"{command[0]} can be run; try it with `embargo alarm test`")


async def _gnupg() -> Finding:
    program = shutil.which("gpg")
    if program is None:
        return bad("gnupg", "there is no gpg; install GnuPG 2.2 or 2.4")
    ended = await asyncio.create_subprocess_exec(
        program, "--version", stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
    )  # fmt: skip
    said, _ = await ended.communicate()
    found = VERSION.search(said.decode("utf-8", "replace"))
    if found is None or (int(found[1]), int(found[2])) < OLDEST_GNUPG:
        return bad("gnupg", f"{program} is not GnuPG 2.2 or later")
    return good("gnupg", f"{program} is GnuPG {found[1]}.{found[2]}{found[3]}")


async def _relay(config: Config) -> Finding:
    where = f"{config.relay.host}:{config.relay.port}"
    try:
        relay = make_relay(config)
    except OSError as error:
        return bad("relay", f"[relay] password_file can't be read ({error.strerror})")
    try:
        trouble = await relay.reachable()
    finally:
        await relay.close()
    return bad("relay", f"{where}: {trouble}") if trouble else good("relay", f"{where} answers")


# --- the database -----------------------------------------------------------------------------


async def _stored(config: Config) -> list[Finding]:
    name = "database"
    database = Database(config.database_url)
    try:
        await database.open()
        state = await database.schema_state()
        if state != "current":
            return [bad(name, f"the schema is {state}; run `embargo init`")]
        async with database.reading() as tx:
            await open_signer(tx, Vault(load_master_key(config.storage.master_key_file)))
    except (StorageError, ConfigError, VaultError) as error:
        return [bad(name, str(error))]
    finally:
        await database.close()
    return [good(name, "the schema is current, and the master key opens it")]


async def _clock(parts: Parts, now: datetime) -> Finding:
    """The clock must not be behind what was recorded: holds would last longer, or the records lie."""
    async with parts.database.reading() as tx:
        head = await trail.head(tx)
        last = await trail.ls(tx, after=head[0] - 1, limit=1) if head else ()
    if last and last[0].at > now + AHEAD:
        return bad("clock", f"it says {now:%Y-%m-%d %H:%M:%S} UTC, before the last record of the audit trail; set it")
    return good("clock", f"it says {now:%Y-%m-%d %H:%M:%S} UTC")


async def _list(parts: Parts, mailing_list: MailingList, now: datetime) -> list[Finding]:
    async with parts.database.reading() as tx:
        own = await roster.list_key(tx, mailing_list.id)
        people = await roster.people(tx, mailing_list.id)
        rows = await roster.keys_of_list(tx, mailing_list.id)
    pinned = [PinnedKey(row.fingerprint, row.public) for row in rows]
    try:
        key = await _list_key(parts, mailing_list, is_made=own is not None)
        judged = await parts.engine.facts_many(pinned, now=now)
    except KeysError as error:
        return [bad(f"list key of {mailing_list.id}", f"GnuPG does not work here: {error}")]
    facts = {one.fingerprint: one for one in judged}
    return [key, _present(mailing_list, people, facts), *_members(mailing_list, people, facts, now)]


async def _list_key(parts: Parts, mailing_list: MailingList, *, is_made: bool) -> Finding:
    name = f"list key of {mailing_list.id}"
    if not is_made:
        return bad(name, "it has none yet; run `embargo init`")
    async with parts.database.reading() as tx:
        ring = await parts.lists.ring(parts, tx, mailing_list.id)
    if not await parts.engine.probe(ring):
        return bad(name, "a message of our own could not be sealed to it and opened again")
    return good(name, f"{ring.key.fingerprint} seals and opens")


def _present(mailing_list: MailingList, people: tuple[Person, ...], facts: dict[str, KeyFacts]) -> Finding:
    name = f"coordinators of {mailing_list.id}"
    there = [person for person in people if person.role is Role.COORDINATOR]
    able = [person for person in there if any(_is_usable(key.fingerprint, facts) for key in person.keys)]
    if not there:
        return bad(name, "there is none: nobody can post, steer, or hear of a leak; `embargo coordinator add`")
    if not able:
        return bad(name, "none of them has a usable key: no receipt or alarm reaches anybody")
    if mailing_list.config.two_person and len(able) < TWO:
        return bad(name, f"`two_person` asks for two, and {len(able)} can be reached: nobody could approve")
    return good(name, f"{len(able)} of {len(there)} can be reached")


def _is_usable(fingerprint: str, facts: dict[str, KeyFacts]) -> bool:
    return fingerprint in facts and facts[fingerprint].usable


def _members(
    mailing_list: MailingList, people: tuple[Person, ...], facts: dict[str, KeyFacts], now: datetime
) -> list[Finding]:
    found = [finding for person in people for finding in _keys_of(person, facts, now)]
    if not any(person.role is Role.MEMBER for person in people):
        found.append(warning(f"members of {mailing_list.id}", "there is none yet; `embargo member add`"))
    return found


def _keys_of(person: Person, facts: dict[str, KeyFacts], now: datetime) -> list[Finding]:
    """A key that can't be used matters as far as its holder has no other, and is to get anything."""
    name = f"key of {person.address}"
    if not person.keys:
        return [bad(name, "none is pinned; `embargo key add`")]
    has_usable = any(_is_usable(key.fingerprint, facts) for key in person.keys)
    found = []
    for key in person.keys:
        fact = facts.get(key.fingerprint)
        if fact is None or not fact.usable:
            why = f"{key.fingerprint}: {fact.reason if fact else 'not readable'}; `embargo key replace`"
            spared = has_usable or person.standing is Standing.SUSPENDED
            found.append(warning(name, why) if spared else bad(name, why))
        elif fact.expires_at is not None and fact.expires_at - now < EXPIRES_SOON:
            soon = f"{key.fingerprint} expires on {fact.expires_at:%Y-%m-%d}; ask its holder to prolong it"
            found.append(warning(name, soon))
        else:
            end = f"expires on {fact.expires_at:%Y-%m-%d}" if fact.expires_at else "does not expire"
            found.append(good(name, f"{key.fingerprint} ({fact.algorithm}) {end}"))
    return found
