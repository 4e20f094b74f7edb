"""``embargo key``: pinned keys."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

import typer

from gateway.cli.output import show
from gateway.cli.work import Address, AddressOption, AsJson, Fingerprints, KeyPaths, ListName, look
from gateway.operator.base import Desk, UnclearError, holder, narrowed
from policy.facts import Person
from policy.instants import rfc3339
from storage import roster

app = typer.Typer(help="Pinned keys.", rich_markup_mode=None)

COLUMNS = {
    "address": "ADDRESS",
    "fingerprint": "FINGERPRINT",
    "algorithm": "ALGORITHM",
    "expires_at": "EXPIRES",
    "usable": "USABLE",
    "reason": "WHY NOT",
}


@app.command("ls")
def ls(ctx: typer.Context, list_name: ListName = None, as_json: AsJson = False) -> None:
    """Show all pinned keys."""
    show(look(ctx, lambda desk: _all(desk, list_name)), COLUMNS, as_json=as_json, empty="no pinned key")


async def _all(desk: Desk, list_name: str | None) -> list[dict[str, Any]]:
    wanted = narrowed(desk.config, list_name)
    async with desk.database.reading() as tx:
        people = await roster.people(tx, wanted)
    return [row for person in people for row in _keys(person, desk.clock.now())]


def _keys(person: Person, now: datetime) -> list[dict[str, Any]]:
    return [
        {
            "address": person.address,
            "fingerprint": key.fingerprint,
            "algorithm": key.algorithm,
            "expires_at": rfc3339(key.expires_at) if key.expires_at else None,
            "usable": key.reason_at(now) is None,
            "reason": key.reason_at(now),
        }
        for key in person.keys
    ]


@app.command("show")
def show_one(ctx: typer.Context, address: Address, list_name: ListName = None, as_json: AsJson = False) -> None:
    """Show the keys pinned for an address."""
    show(look(ctx, lambda desk: _of(desk, address, list_name)), COLUMNS, as_json=as_json, empty="no pinned key")


async def _of(desk: Desk, address: str, list_name: str | None) -> list[dict[str, Any]]:
    async with desk.database.reading() as tx:
        person = await holder(desk.config, tx, address, list_name)
    return _keys(person, desk.clock.now())


@app.command("replace")
def replace(
    ctx: typer.Context,
    address: AddressOption,
    key: KeyPaths,
    list_name: ListName = None,
    fingerprint: Fingerprints = None,
) -> None:
    """Pin these keys in the place of all that were; copies not yet delivered are sealed anew."""
    from gateway.cli.act import do, key_files  # noqa: PLC0415 - showing must not pay for acting
    from gateway.operator import keys as operator_keys  # noqa: PLC0415 - showing must not pay for acting

    files = key_files(key)
    do(ctx, lambda parts: operator_keys.replace_keys(parts, address, list_name, files, fingerprint or ()))


@app.command("add")
def add(
    ctx: typer.Context,
    address: AddressOption,
    key: KeyPaths,
    list_name: ListName = None,
    fingerprint: Fingerprints = None,
) -> None:
    """Pin further keys, or newer certificates of those pinned."""
    from gateway.cli.act import do, key_files  # noqa: PLC0415 - showing must not pay for acting
    from gateway.operator import keys as operator_keys  # noqa: PLC0415 - showing must not pay for acting

    files = key_files(key)
    do(ctx, lambda parts: operator_keys.add_keys(parts, address, list_name, files, fingerprint or ()))


@app.command("rm")
def rm(
    ctx: typer.Context,
    address: AddressOption,
    fingerprint: Annotated[str | None, typer.Argument(metavar="[FPR]", help="The key's full fingerprint.")] = None,
    named: Annotated[str | None, typer.Option("--fingerprint", metavar="FPR", help="The same, as an option.")] = None,
    list_name: ListName = None,
) -> None:
    """Take one key off; not the last one."""
    from gateway.cli.act import do  # noqa: PLC0415 - showing must not pay for acting
    from gateway.operator import keys as operator_keys  # noqa: PLC0415 - showing must not pay for acting

    wanted = fingerprint or named
    if wanted is None or (fingerprint and named):
        raise UnclearError("key rm: say which key, by its full fingerprint, once")
    do(ctx, lambda parts: operator_keys.remove_key(parts, address, list_name, wanted))
