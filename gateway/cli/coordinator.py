"""``embargo coordinator``: people who may post and steer."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from gateway.cli.output import show
from gateway.cli.work import Address, AddressOption, AsJson, Fingerprints, KeyPaths, ListName, look
from gateway.operator.base import Desk, narrowed
from policy.facts import Person, Role
from storage import roster

app = typer.Typer(help="People who may post and steer.", rich_markup_mode=None)

COLUMNS = {"list": "LIST", "name": "NAME", "address": "ADDRESS", "state": "STATE", "keys": "KEYS"}


@app.command("add")
def add(
    ctx: typer.Context,
    name: Annotated[str, typer.Option("--name", metavar="N", help="What people call them.")],
    address: AddressOption,
    key: KeyPaths,
    list_name: ListName = None,
    fingerprint: Fingerprints = None,
) -> None:
    """Add a coordinator with one or several pinned keys."""
    from gateway.cli.act import do, key_files  # noqa: PLC0415 - showing must not pay for acting
    from gateway.operator import roster as operator_roster  # noqa: PLC0415 - showing must not pay for acting

    files = key_files(key)
    do(ctx, lambda parts: operator_roster.add_coordinator(parts, list_name, name, address, files, fingerprint or ()))


@app.command("ls")
def ls(ctx: typer.Context, list_name: ListName = None, as_json: AsJson = False) -> None:
    """Show the coordinators."""
    show(look(ctx, lambda desk: _people(desk, list_name)), COLUMNS, as_json=as_json, empty="no coordinator")


async def _people(desk: Desk, list_name: str | None) -> list[dict[str, Any]]:
    wanted = narrowed(desk.config, list_name)
    async with desk.database.reading() as tx:
        return [_facts(person) for person in await roster.people(tx, wanted, roles={Role.COORDINATOR})]


def _facts(person: Person) -> dict[str, Any]:
    return {
        "list": person.list_id,
        "name": person.name,
        "address": person.address,
        "keys": [key.fingerprint for key in person.keys],
        "state": person.standing.value,
    }


@app.command("rm")
def rm(ctx: typer.Context, address: Address, list_name: ListName = None) -> None:
    """Remove a coordinator: nothing of theirs speaks for the list any more."""
    from gateway.cli.act import do  # noqa: PLC0415 - showing must not pay for acting
    from gateway.operator import roster as operator_roster  # noqa: PLC0415 - showing must not pay for acting

    do(ctx, lambda parts: operator_roster.remove_coordinator(parts, address, list_name))
