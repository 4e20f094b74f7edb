"""``embargo member``: member organisations."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from gateway.cli.output import emit, facts, show
from gateway.cli.work import Address, AddressOption, AsJson, Fingerprints, KeyPaths, ListName, look
from gateway.leaks import ledger
from gateway.operator.base import Desk, holder, narrowed
from policy.facts import Person, Role, Standing
from storage import roster

app = typer.Typer(help="Member organisations: one alias each, one or several pinned keys.", rich_markup_mode=None)

COLUMNS = {"list": "LIST", "org": "ORGANISATION", "address": "ADDRESS", "state": "STATE", "groups": "GROUPS",
           "keys": "KEYS"}  # fmt: skip
LABELS = {**COLUMNS, "confirmed_leaks": "CONFIRMED LEAKS"}


@app.command("add")
def add(
    ctx: typer.Context,
    org: Annotated[str, typer.Option("--org", metavar="NAME", help="The organisation.")],
    address: AddressOption,
    key: KeyPaths,
    list_name: ListName = None,
    group: Annotated[list[str] | None, typer.Option("--group", metavar="G", help="A group; repeatable.")] = None,
    fingerprint: Fingerprints = None,
) -> None:
    """Add a member whose acceptance of the list's policy you vouch for.

    A copy opens with each of its keys.
    """
    from gateway.cli.act import do, key_files  # noqa: PLC0415 - showing must not pay for acting
    from gateway.operator import roster as operator_roster  # noqa: PLC0415 - showing must not pay for acting

    files, groups = key_files(key), tuple(group or ())
    do(
        ctx,
        lambda parts: operator_roster.add_member(parts, list_name, org, address, files, groups, fingerprint or ()),
    )


@app.command("ls")
def ls(ctx: typer.Context, list_name: ListName = None, as_json: AsJson = False) -> None:
    """Show the members."""
    show(look(ctx, lambda desk: _people(desk, list_name)), COLUMNS, as_json=as_json, empty="no member")


async def _people(desk: Desk, list_name: str | None) -> list[dict[str, Any]]:
    wanted = narrowed(desk.config, list_name)
    async with desk.database.reading() as tx:
        return [_facts(person) for person in await roster.people(tx, wanted, roles={Role.MEMBER})]


def _facts(person: Person) -> dict[str, Any]:
    return {
        "list": person.list_id,
        "org": person.name,
        "address": person.address,
        "keys": [key.fingerprint for key in person.keys],
        "groups": sorted(person.groups),
        "state": person.standing.value,
    }


@app.command("show")
def show_one(ctx: typer.Context, address: Address, list_name: ListName = None, as_json: AsJson = False) -> None:
    """Show one member."""
    found = look(ctx, lambda desk: _person(desk, address, list_name))
    if as_json:
        emit(found)
    else:
        facts({LABELS[name].capitalize(): value for name, value in found.items()})


async def _person(desk: Desk, address: str, list_name: str | None) -> dict[str, Any]:
    async with desk.database.reading() as tx:
        person = await holder(desk.config, tx, address, list_name, Role.MEMBER)
        found = await ledger.confirmed(tx, person.list_id, person.name)
    return {**_facts(person), "confirmed_leaks": len(found)}


@app.command("suspend")
def suspend(ctx: typer.Context, address: Address, list_name: ListName = None) -> None:
    """Suspend a member: no content from now on, queued copies included."""
    from gateway.cli.act import do  # noqa: PLC0415 - showing must not pay for acting
    from gateway.operator import roster as operator_roster  # noqa: PLC0415 - showing must not pay for acting

    do(ctx, lambda parts: operator_roster.change_standing(parts, address, list_name, Standing.SUSPENDED))


@app.command("reinstate")
def reinstate(ctx: typer.Context, address: Address, list_name: ListName = None) -> None:
    """Reinstate a suspended member: it gets new disclosures, and what the suspension kept from it."""
    from gateway.cli.act import do  # noqa: PLC0415 - showing must not pay for acting
    from gateway.operator import roster as operator_roster  # noqa: PLC0415 - showing must not pay for acting

    do(ctx, lambda parts: operator_roster.change_standing(parts, address, list_name, Standing.ACTIVE))


@app.command("rm")
def rm(ctx: typer.Context, address: Address, list_name: ListName = None) -> None:
    """Remove a member, who stays bound by what it got."""
    from gateway.cli.act import do  # noqa: PLC0415 - showing must not pay for acting
    from gateway.operator import roster as operator_roster  # noqa: PLC0415 - showing must not pay for acting

    do(ctx, lambda parts: operator_roster.remove_member(parts, address, list_name))
