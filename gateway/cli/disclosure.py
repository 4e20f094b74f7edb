"""``embargo disclosure``: disclosures."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from gateway.cli.output import emit, facts, heading, show, table
from gateway.cli.work import AsHtml, AsJson, AsMarkdown, ListName, look, one_of
from gateway.operator import show as operator_show
from gateway.operator.base import UnclearError
from policy.facts import State
from policy.knowledge import FactKind
from policy.lineorders import Cause

app = typer.Typer(help="Disclosures.", rich_markup_mode=None)

Id = Annotated[str, typer.Argument(metavar="ID", help="As in ED-2026-K7QX.")]
COLUMNS = {
    "id": "ID",
    "list": "LIST",
    "state": "STATE",
    "hold_until": "HOLD UNTIL",
    "embargo_until": "EMBARGO UNTIL",
    "tlp": "TLP",
    "recipients": "RECIPIENTS",
    "subject": "SUBJECT",
}
FACTS = {
    "id": "Id",
    "list": "List",
    "subject": "Subject",
    "state": "State",
    "posted_by": "Posted by",
    "posted_at": "Posted at",
    "hold_until": "Hold until",
    "embargo_until": "Embargo until",
    "tlp": "TLP",
    "scope": "Scope",
    "recipients": "Recipients",
}
COPIES = {"message": "MESSAGE", "address": "ADDRESS", "org": "ORGANISATION", "state": "STATE", "attempts": "ATTEMPTS",
          "at": "AT", "reason": "WHY"}  # fmt: skip
GUESTS = {"id": "ID", "address": "ADDRESS", "name": "NAME", "kind": "KIND", "state": "STATE", "since": "SINCE",
          "until": "UNTIL", "ended_at": "ENDED"}  # fmt: skip
ACKNOWLEDGED = {"address": "ADDRESS", "org": "ORGANISATION", "at": "AT"}
STATUSES = {"address": "ADDRESS", "org": "ORGANISATION", "at": "AT", "text": "STATUS"}
PROPOSALS = {"id": "ID", "state": "STATE", "proposed": "PROPOSED", "until": "VOTES UNTIL", "by": "BY",
             "confirmed_by": "CONFIRMED BY", "agree": "AGREE", "object": "OBJECT"}  # fmt: skip
LEAKS = {"id": "ID", "state": "STATE", "verified": "PROVED", "outcome": "OUTCOME", "reporter": "REPORTED BY",
         "reported_at": "AT"}  # fmt: skip
REPORTED = {"id": "ID", "fact": "FACT", "state": "STATE", "reporter": "REPORTED BY", "reported_at": "AT",
            "confirmed_by": "CONFIRMED BY"}  # fmt: skip
UPSTREAMS = {"name": "NAME", "mode": "MODE", "until": "UNTIL", "over_at": "OVER AT"}
TIMELINE = {"at": "AT", "event": "EVENT", "actor": "BY", "reason": "WHY"}


@app.command("ls")
def ls(
    ctx: typer.Context,
    list_name: ListName = None,
    state: Annotated[list[State] | None, typer.Option("--state", help="Only those in this state; repeatable.")] = None,
    as_json: AsJson = False,
) -> None:
    """Show the disclosures, oldest first."""
    states = frozenset(state) if state else None
    rows = look(ctx, lambda desk: operator_show.every(desk, list_name, states))
    show(rows, COLUMNS, as_json=as_json, empty="no disclosure")


@app.command("show")
def show_one(ctx: typer.Context, disclosure_id: Id, as_json: AsJson = False) -> None:
    """Show one disclosure, with each member's copies and what happened."""
    found = look(ctx, lambda desk: operator_show.one(desk, disclosure_id))
    if as_json:
        emit(found)
    else:
        _print(found)


def _print(found: dict[str, Any]) -> None:
    state = f"{found['state']} (stopped)" if found["stopped"] else found["state"]
    facts({label: state if name == "state" else found[name] for name, label in _labels(found).items()})
    if found["public_post"]:
        facts({"Public post": found["public_post"]})
    for name, columns, title in (
        ("upstreams", UPSTREAMS, "Embargoes of third parties"),
        ("copies", COPIES, "Copies of members and guests"),
        ("guests", GUESTS, "Guests, and with whom it is shared"),
        ("acknowledged", ACKNOWLEDGED, "Acknowledged"),
        ("statuses", STATUSES, "How far members are"),
        ("proposals", PROPOSALS, "Proposed public dates"),
        ("leaks", LEAKS, "Leak cases"),
        ("facts", REPORTED, "Facts that were reported"),
        ("timeline", TIMELINE, "What happened"),
    ):
        if found[name]:
            heading(title)
            table(found[name], columns)


def _labels(found: dict[str, Any]) -> dict[str, str]:
    """The facts with their labels; of what is over, when it was sent and ended rather than what was planned."""
    if not found["ended_at"]:
        return FACTS
    over = {"hold_until": ("released_at", "Released at"), "embargo_until": ("ended_at", "Ended at")}
    return dict(over.get(name, (name, label)) for name, label in FACTS.items())


@app.command("report")
def report(
    ctx: typer.Context,
    disclosure_id: Id,
    as_html: AsHtml = False,
    as_md: AsMarkdown = False,
    as_json: AsJson = False,
    full: Annotated[
        bool, typer.Option("--full", help="With subject, texts, names and addresses; else all of that is left out.")
    ] = False,
) -> None:
    """Tell its whole life on one page, with a timeline; redacted unless --full. Markdown if nothing else is said."""
    from gateway.cli import pages  # noqa: PLC0415 - the other verbs must not pay for it

    one_of(html=as_html, md=as_md, json=as_json)
    life = pages.life(ctx, disclosure_id, full=full)
    if as_json:
        emit(pages.written.document(life))
    else:
        print(pages.page.html(life) if as_html else pages.written.markdown(life), end="")


@app.command("lift")
def lift(
    ctx: typer.Context,
    disclosure_id: Id,
    cause: Annotated[Cause, typer.Option("--cause", help="Why, as in a `Cause:` line.")] = Cause.OTHER,
    send: Annotated[bool, typer.Option("--send", help="Send members first what is still held.")] = False,
) -> None:
    """End the embargo now; everybody who has it is told."""
    from gateway.cli.act import do  # noqa: PLC0415 - showing must not pay for acting
    from gateway.operator import disclosures as operator_disclosures  # noqa: PLC0415 - showing must not pay for acting

    do(ctx, lambda parts: operator_disclosures.lift(parts, disclosure_id, cause.value, send=send))


@app.command("withdraw")
def withdraw(
    ctx: typer.Context,
    disclosure_id: Id,
    reason: Annotated[
        str, typer.Option("--reason", metavar="TEXT", help="Told to whoever has it; `void` as first word frees them.")
    ] = operator_show.CALLED_OFF,
) -> None:
    """Call it off: what is queued never leaves, whoever has it is told."""
    from gateway.cli.act import do  # noqa: PLC0415 - showing must not pay for acting
    from gateway.operator import disclosures as operator_disclosures  # noqa: PLC0415 - showing must not pay for acting

    do(ctx, lambda parts: operator_disclosures.withdraw(parts, disclosure_id, reason))


@app.command("date")
def date(
    ctx: typer.Context,
    disclosure_id: Id,
    hold_until: Annotated[
        str | None, typer.Option("--hold-until", metavar="INSTANT", help="When members get it; `now` ends the hold.")
    ] = None,
    embargo_until: Annotated[
        str | None, typer.Option("--embargo-until", metavar="INSTANT", help="The public date, as in a control line.")
    ] = None,
) -> None:
    """Change the hold or the public date, as a coordinator's lines do; whoever is bound is told."""
    from gateway.cli.act import do  # noqa: PLC0415 - showing must not pay for acting
    from gateway.operator import steering as operator_steering  # noqa: PLC0415 - showing must not pay for acting

    do(ctx, lambda parts: operator_steering.change_dates(parts, disclosure_id, hold_until, embargo_until))


@app.command("guest")
def guest(
    ctx: typer.Context,
    disclosure_id: Id,
    address: Annotated[str, typer.Argument(metavar="ADDRESS", help="The guest's mail address.")],
    name: Annotated[str, typer.Option("--name", metavar="N", help="What people call the guest.")] = "",
    key: Annotated[
        list[Path] | None,
        typer.Option(
            "--key", metavar="FILE", help="The guest's public key.", exists=True, dir_okay=False, readable=True
        ),
    ] = None,
    end: Annotated[bool, typer.Option("--end", help="End what lets the guest in.")] = False,
) -> None:
    """Let somebody who is no member into this one disclosure, as a coordinator's `Guest:` does; --end ends it."""
    from gateway.cli.act import do, key_files  # noqa: PLC0415 - showing must not pay for acting
    from gateway.operator import steering as operator_steering  # noqa: PLC0415 - showing must not pay for acting

    if end and (name or key):
        raise UnclearError("--end takes neither --name nor --key: nobody is let in by it")
    if end:
        do(ctx, lambda parts: operator_steering.let_go(parts, disclosure_id, address))
        return
    files = key_files(key or [])
    do(ctx, lambda parts: operator_steering.let_in(parts, disclosure_id, address, name, files))


@app.command("upstream")
def upstream(
    ctx: typer.Context,
    disclosure_id: Id,
    name: Annotated[str, typer.Argument(metavar="NAME", help="The third party, as the configuration names it.")],
    until: Annotated[str | None, typer.Option("--until", metavar="INSTANT", help="When its embargo ends.")] = None,
    over: Annotated[bool, typer.Option("--over", help="Its embargo is over.")] = False,
) -> None:
    """Say that a third party's embargo holds (without --until: until you say --over), or that it is over."""
    from gateway.cli.act import do  # noqa: PLC0415 - showing must not pay for acting
    from gateway.operator import steering as operator_steering  # noqa: PLC0415 - showing must not pay for acting

    do(ctx, lambda parts: operator_steering.tell_upstream(parts, disclosure_id, name, until, over=over))


@app.command("public-post")
def public_post(
    ctx: typer.Context,
    disclosure_id: Id,
    where: Annotated[str, typer.Argument(metavar="URL", help="Where the public notice stands.")],
) -> None:
    """Note where the public notice stands; nobody is asked for it any more."""
    from gateway.cli.act import do  # noqa: PLC0415 - showing must not pay for acting
    from gateway.operator import steering as operator_steering  # noqa: PLC0415 - showing must not pay for acting

    do(ctx, lambda parts: operator_steering.tell_public_post(parts, disclosure_id, where))


@app.command("fact")
def fact(
    ctx: typer.Context,
    disclosure_id: Id,
    kind: Annotated[FactKind, typer.Argument(metavar="public|exploit|attacks", help="What is known of it.")],
    where: Annotated[str | None, typer.Option("--where", metavar="TEXT", help="Where it is seen.")] = None,
) -> None:
    """Say what is known for a fact, as a coordinator may: `public` and `exploit` lift the embargo at once."""
    from gateway.cli.act import do  # noqa: PLC0415 - showing must not pay for acting
    from gateway.operator import facts as operator_facts  # noqa: PLC0415 - showing must not pay for acting

    do(ctx, lambda parts: operator_facts.tell(parts, disclosure_id, kind, where))


@app.command("confirm")
def confirm(
    ctx: typer.Context,
    fact_id: Annotated[str, typer.Argument(metavar="FACT", help="A member's report, as in FA-2026-3M7T.")],
) -> None:
    """Confirm a fact that a member reported, and do what follows."""
    from gateway.cli.act import do  # noqa: PLC0415 - showing must not pay for acting
    from gateway.operator import facts as operator_facts  # noqa: PLC0415 - showing must not pay for acting

    do(ctx, lambda parts: operator_facts.confirm(parts, fact_id))


@app.command("close")
def close(ctx: typer.Context, disclosure_id: Id) -> None:
    """Close what is lifted: refused while anything of it is open, which is then named."""
    from gateway.cli.act import do  # noqa: PLC0415 - showing must not pay for acting
    from gateway.operator import closing as operator_closing  # noqa: PLC0415 - showing must not pay for acting

    do(ctx, lambda parts: operator_closing.close(parts, disclosure_id))


@app.command("destroy")
def destroy(ctx: typer.Context, disclosure_id: Id) -> None:
    """Destroy the content of what is closed or withdrawn now, for ever; its record stays."""
    from gateway.cli.act import do  # noqa: PLC0415 - showing must not pay for acting
    from gateway.operator import closing as operator_closing  # noqa: PLC0415 - showing must not pay for acting

    do(ctx, lambda parts: operator_closing.destroy(parts, disclosure_id))


@app.command("stop")
def stop(ctx: typer.Context, disclosure_id: Id) -> None:
    """Put an unreleased disclosure on hold until `go`."""
    from gateway.cli.act import do  # noqa: PLC0415 - showing must not pay for acting
    from gateway.operator import disclosures as operator_disclosures  # noqa: PLC0415 - showing must not pay for acting

    do(ctx, lambda parts: operator_disclosures.stop(parts, disclosure_id))


@app.command("go")
def go(ctx: typer.Context, disclosure_id: Id) -> None:
    """Let a stopped disclosure go: at its hold, or at once where that has gone by."""
    from gateway.cli.act import do  # noqa: PLC0415 - showing must not pay for acting
    from gateway.operator import disclosures as operator_disclosures  # noqa: PLC0415 - showing must not pay for acting

    do(ctx, lambda parts: operator_disclosures.go(parts, disclosure_id))
