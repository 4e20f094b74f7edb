"""The roster: adding, suspending, reinstating and removing coordinators and members (STATES row 22)."""

from __future__ import annotations

import hashlib
import re
from dataclasses import replace
from typing import TYPE_CHECKING

from gateway import missed
from gateway.acts import proposals
from gateway.config import ConfigError
from gateway.notices import common as notices
from gateway.operator.acts import audit, tell
from gateway.operator.base import OPERATOR, THE_OPERATOR, Actor, Done, RefusedError, UnclearError, holder, named
from gateway.operator.keys import judge_files, pin
from gateway.scene import Scene
from gateway.sending import posting
from gateway.upstreams import waiting
from policy.facts import BINDING_KINDS, MessageKind, Role, Standing
from storage import disclosures, outbox, roster
from storage.errors import Conflict

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from gateway.lists import MailingList
    from gateway.operator.keys import Judged, KeyFile
    from gateway.parts import Parts
    from policy.facts import Person
    from storage.database import Tx

ADDRESS = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9](?:[A-Za-z0-9.-]{0,251}[A-Za-z0-9])")
LONGEST_NAME = 200

STILL_TOLD = BINDING_KINDS | {MessageKind.NOTE, MessageKind.ACKNOWLEDGEMENT, MessageKind.KEY_NOTICE}
"""What a suspended or removed member still gets: what binds him, and answers without content."""
TAKEN_BACK = frozenset(MessageKind) - STILL_TOLD

STEPS = {
    Standing.SUSPENDED: (Standing.ACTIVE, "suspended"),
    Standing.ACTIVE: (Standing.SUSPENDED, "reinstated"),
}


# --- adding -----------------------------------------------------------------------------------


async def add_member(
    parts: Parts,
    list_name: str | None,
    org: str,
    address: str,
    files: Sequence[KeyFile],
    groups: Sequence[str],
    fingerprints: Sequence[str],
) -> Done:
    """Add a member organisation, whose acceptance of the list's policy the operator vouches for."""
    mailing_list = parts.lists[named(parts.config, list_name)]
    policy_hash = hash_policy(mailing_list)
    name = _name(org, "--org")
    kept = sorted({_name(group, "--group") for group in groups})
    return await _add(parts, mailing_list, Role.MEMBER, name, address, files, fingerprints, kept, policy_hash)


async def add_coordinator(
    parts: Parts,
    list_name: str | None,
    name: str,
    address: str,
    files: Sequence[KeyFile],
    fingerprints: Sequence[str],
) -> Done:
    """Add somebody who may post and steer."""
    mailing_list = parts.lists[named(parts.config, list_name)]
    return await _add(
        parts, mailing_list, Role.COORDINATOR, _name(name, "--name"), address, files, fingerprints, [], None
    )


def hash_policy(mailing_list: MailingList) -> str:
    """SHA-256 of the policy that members accept. Raises ConfigError naming ``policy_file``."""
    path = mailing_list.config.policy_file
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError as error:
        problem = (
            f"lists.{mailing_list.id}.policy_file: {path} can't be read ({error.strerror}): "
            "members accept that text, so write it, or run `embargo init` for one to begin with"
        )
        raise ConfigError([problem]) from error


def _name(text: str, option: str) -> str:
    plain = " ".join(text.split())
    if not plain or len(plain) > LONGEST_NAME or not plain.isprintable():
        raise UnclearError(f"{option}: must be 1 to {LONGEST_NAME} printable characters")
    return plain


def read_address(parts: Parts, text: str) -> str:
    """A mail address as it was given. Raises UnclearError for what is none, RefusedError for a list's own."""
    plain = text.strip()
    if not ADDRESS.fullmatch(plain):
        raise UnclearError(f"{text!r} is no plain mail address such as security@corp.example")
    if parts.lists.find(plain.lower()) is not None:
        raise RefusedError(f"{plain} is an address of a list itself: mail to it would come back")
    return plain


async def _add(
    parts: Parts,
    mailing_list: MailingList,
    role: Role,
    name: str,
    address: str,
    files: Sequence[KeyFile],
    fingerprints: Sequence[str],
    groups: Sequence[str],
    policy_hash: str | None,
) -> Done:
    now = parts.clock.now()
    address = read_address(parts, address)
    async with parts.database.reading() as tx:
        await _refuse_known(tx, mailing_list, role, name, address)
    judged = await judge_files(parts, files, address, fingerprints, now)
    async with parts.database.transaction() as tx:
        await _refuse_known(tx, mailing_list, role, name, address)
        try:
            person_id = await roster.add_person(
                tx,
                list_id=mailing_list.id,
                role=role,
                address=address,
                name=name,
                groups=groups,
                policy_hash=policy_hash,
                now=now,
            )
        except Conflict as error:
            raise RefusedError(f"{address}: {error}; nothing was changed") from error
        await pin(tx, mailing_list.id, person_id, judged, now)
        detail = {"keys": sorted(key.fingerprint for key in judged), "groups": groups, "policy": policy_hash}
        await audit(parts, tx, now, f"{role}-added", address, mailing_list.id, detail=detail)
        person = await roster.person(tx, person_id)
        if person is not None:
            lines = [*_described(groups, policy_hash), *(f"Key: {key.line()}" for key in judged)]
            await tell(parts, tx, mailing_list, notices.roster_changed("added", person, lines), now)
    return Done(f"added the {role} {name} <{address}> to {mailing_list.id}: {_keys(judged)}")


async def _refuse_known(tx: Tx, mailing_list: MailingList, role: Role, name: str, address: str) -> None:
    for known in await roster.find(tx, address=address, list_id=mailing_list.id):
        if known.role is Role.GUEST:
            raise RefusedError(
                f"{known.address} is a guest of {', '.join(dict.fromkeys(one.disclosure_id for one in known.grants))}: "
                f"end that first, by `embargo disclosure guest ID {known.address} --end`"
            )
        raise RefusedError(
            f"{known.address} is on {mailing_list.id} already, as a {known.role} ({known.standing}); "
            "for another key use `embargo key replace`"
        )
    if role is not Role.MEMBER:
        return
    for known in await roster.people(tx, mailing_list.id, roles={Role.MEMBER}):
        if known.name.casefold() == name.casefold():
            raise RefusedError(
                f"{known.name} is on {mailing_list.id} already, as {known.address}: "
                "an organisation has one alias, with one or several keys"
            )


def _described(groups: Sequence[str], policy_hash: str | None) -> list[str]:
    lines = [f"Groups: {', '.join(groups)}"] if groups else []
    return [*lines, f"Accepted policy (SHA-256): {policy_hash}"] if policy_hash else lines


def _keys(judged: Sequence[Judged]) -> str:
    return "key " + ", ".join(key.line() for key in judged)


# --- standing ---------------------------------------------------------------------------------


async def change_standing(parts: Parts, address: str, list_name: str | None, standing: Standing) -> Done:
    """Suspend a member (no content from now on, queued copies included), or reinstate one."""
    async with parts.database.transaction() as tx:
        person = await holder(parts.config, tx, address, list_name, Role.MEMBER)
        return await move(parts, tx, person, standing, parts.clock.now(), THE_OPERATOR)


async def move(parts: Parts, tx: Tx, person: Person, standing: Standing, now: datetime, actor: Actor) -> Done:
    """Suspend or reinstate one member, by the operator's or a coordinator's word. Raises RefusedError."""
    before, what = STEPS[standing]
    if person.standing is not before:
        raise RefusedError(f"{person.address} is {person.standing} already; nothing was changed")
    return await _move(parts, tx, person, standing, what, now, actor)


async def remove_member(parts: Parts, address: str, list_name: str | None) -> Done:
    """Remove a member, who stays bound by what it got and is still told what binds it."""
    async with parts.database.transaction() as tx:
        person = await holder(parts.config, tx, address, list_name, Role.MEMBER)
        return await _move(parts, tx, person, Standing.REMOVED, "removed", parts.clock.now(), THE_OPERATOR)


async def _move(
    parts: Parts, tx: Tx, person: Person, standing: Standing, what: str, now: datetime, actor: Actor
) -> Done:
    mailing_list = parts.lists[person.list_id]
    await roster.set_standing(tx, person.id, standing, now)
    taken_back = 0
    if standing is not Standing.ACTIVE:
        taken_back = await outbox.cancel(tx, now=now, reason=standing.value, person_id=person.id, kinds=TAKEN_BACK)
        scene = Scene(parts, tx, mailing_list, now, actor.trail)
        waits = [copy for copy in await outbox.unsettled(tx, mailing_list.id) if copy.person_id == person.id]
        for disclosure_id in sorted({copy.disclosure_id for copy in waits if copy.disclosure_id is not None}):
            await waiting.tell_less_outside(scene, await disclosures.get(tx, disclosure_id))
    after = replace(person, standing=standing)
    following = await missed.send(parts, tx, after, now) if standing is Standing.ACTIVE else ()
    notice = notices.standing(mailing_list.name, what, mailing_list.owner, len(following))
    await posting.notify(parts, tx, mailing_list, [after], notice, kind=MessageKind.STANDING_NOTICE, now=now)
    detail: dict[str, object] = {"cancelled": taken_back, **({"sent": list(following)} if following else {})}
    await audit(parts, tx, now, f"member-{what}", person.address, mailing_list.id, detail=detail, actor=actor)
    lines = [f"Copies taken back: {taken_back}"] if standing is not Standing.ACTIVE else []
    lines += [f"What the suspension kept from it follows: {', '.join(following)}"] if following else []
    await tell(parts, tx, mailing_list, notices.roster_changed(what, after, lines, actor.named), now, actor=actor)
    told = f", {taken_back} queued copies cancelled" if taken_back else ""
    if following:
        told = f", {len(following)} {'mail follows' if len(following) == 1 else 'mails follow'}: {', '.join(following)}"
    return Done(f"{what} {person.name} <{person.address}> on {mailing_list.id}{told}")


async def remove_coordinator(parts: Parts, address: str, list_name: str | None) -> Done:
    """Remove a coordinator: nothing of his speaks for the list any more, and he gets nothing more."""
    async with parts.database.transaction() as tx:
        person = await holder(parts.config, tx, address, list_name, Role.COORDINATOR)
        now, mailing_list = parts.clock.now(), parts.lists[person.list_id]
        await roster.set_standing(tx, person.id, Standing.REMOVED, now)
        kinds = frozenset(MessageKind) - {MessageKind.KEY_NOTICE}
        taken_back = await outbox.cancel(tx, now=now, reason="removed", person_id=person.id, kinds=kinds)
        await audit(
            parts, tx, now, "coordinator-removed", person.address, mailing_list.id, detail={"cancelled": taken_back}
        )
        await tell(parts, tx, mailing_list, notices.roster_changed("removed", person, []), now)
        await proposals.unconfirm(Scene(parts, tx, mailing_list, now, OPERATOR))
        left = await posting.coordinators(tx, mailing_list.id)
    nobody = f"{mailing_list.id} has no coordinator any more: nobody can post, steer, or hear of a leak by mail"
    return Done(
        f"removed the coordinator {person.name} <{person.address}> from {mailing_list.id}",
        () if left else (nobody,),
    )
