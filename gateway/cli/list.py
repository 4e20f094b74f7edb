"""``embargo list``: the configured lists and their keys."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from gateway.cli.output import emit, show
from gateway.cli.work import AsJson, look
from gateway.config import ConfigError
from gateway.operator.base import Desk, named
from keys import packets
from policy.facts import Role
from storage import roster

app = typer.Typer(help="The configured lists, and their public keys.", rich_markup_mode=None)

COLUMNS = {
    "list": "LIST",
    "address": "ADDRESS",
    "name": "NAME",
    "coordinators": "COORDINATORS",
    "members": "MEMBERS",
    "fingerprint": "KEY",
}


@app.command("ls")
def ls(ctx: typer.Context, as_json: AsJson = False) -> None:
    """Show the configured lists."""
    show(look(ctx, _lists), COLUMNS, as_json=as_json)


async def _lists(desk: Desk) -> list[dict[str, Any]]:
    found = []
    async with desk.database.reading() as tx:
        for list_id, entry in desk.config.lists.items():
            people = await roster.people(tx, list_id)
            key = await roster.list_key(tx, list_id)
            coordinators = sum(person.role is Role.COORDINATOR for person in people)
            found.append(
                {
                    "list": list_id,
                    "address": entry.address,
                    "name": entry.name,
                    "coordinators": coordinators,
                    "members": sum(person.role is Role.MEMBER for person in people),
                    "fingerprint": key.fingerprint if key else None,
                }
            )
    return found


@app.command("key")
def key(
    ctx: typer.Context,
    name: Annotated[str | None, typer.Argument(metavar="L", help="The name in [lists.L].")] = None,
    as_json: AsJson = False,
) -> None:
    """Print a list's public key, armored."""
    found = look(ctx, lambda desk: _key(desk, name))
    if as_json:
        emit(found)
    else:
        print(found["key"], end="")


async def _key(desk: Desk, name: str | None) -> dict[str, Any]:
    list_id = named(desk.config, name)
    async with desk.database.reading() as tx:
        row = await roster.list_key(tx, list_id)
    if row is None:
        raise ConfigError([f"list {list_id} has no key yet: run `embargo init`"])
    armored = packets.armor_key(row.public)
    address = desk.config.lists[list_id].address
    return {"list": list_id, "address": address, "fingerprint": row.fingerprint, "key": armored}
