"""The command line: ``embargo [--config PATH] NOUN VERB``, one module a noun.

A noun's module is imported when it is asked for, so that a command costs what it uses. Exit codes: 0
done, 1 refused or a check failed, 2 usage or configuration. An error is one line on standard error:
what, where, what to do.
"""

from __future__ import annotations

import difflib
import importlib
import importlib.metadata
import io
import sys
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

NOUNS = {
    "init": "Make what is missing: state directory, database, master key, list keys. Safe to repeat.",
    "serve": "Run the service until SIGTERM or SIGINT.",
    "demo": "Play one disclosure from the post to its end, with real keys and real mail.",
    "check": "Say what would keep mail from flowing.",
    "explain": "Say what a mail would be taken for and who would get it; changes nothing, sends nothing.",
    "list": "The configured lists, and their public keys.",
    "coordinator": "People who may post and steer: add, ls, rm.",
    "member": "Member organisations: add, ls, show, suspend, reinstate, rm.",
    "key": "Pinned keys: ls, show, replace, add, rm.",
    "disclosure": (
        "Disclosures: ls, show, report, lift, withdraw, stop, go, date, guest, upstream, public-post, fact, confirm, "
        "close, destroy."
    ),
    "proposal": "Proposed public dates: ls, confirm.",
    "share": "What members ask to share: ls, show, approve, deny.",
    "leak": "Leak reports: ls, show, open, vouch, assess, dismiss.",
    "quarantine": "Mails kept back: ls, show, release, discard.",
    "queue": "Copies not delivered yet: ls, retry.",
    "alarm": "The pager command, and what it was told: test, ls, ack.",
    "stats": "Numbers of a period: embargoes told, lifted, withdrawn, how long, how late, why, leaks.",
    "audit": "The audit trail: ls, verify, export.",
}
REFUSED, WRONG = 1, 2


class Nouns(TyperGroup):
    """The nouns, each imported when it is used; and the one place where a command's failure becomes a line."""

    def list_commands(self, ctx: Any) -> list[str]:  # noqa: ANN401, ARG002 - typer keeps its type to itself
        """Name the nouns in the order in which they are told."""
        return [*NOUNS]  # not list(): the module of that noun takes the name here once it is imported

    def get_command(self, ctx: Any, cmd_name: str) -> Any:  # noqa: ANN401 - as above
        """Import a noun's module; None for an unknown noun."""
        if cmd_name not in NOUNS:
            near = difflib.get_close_matches(cmd_name, NOUNS, n=1)
            ctx.fail(f"no command {cmd_name!r}" + (f"; did you mean {near[0]!r}?" if near else ""))
        module = importlib.import_module(f"gateway.cli.{cmd_name}")
        return typer.main.get_command(module.app)

    def format_commands(self, ctx: Any, formatter: Any) -> None:  # noqa: ANN401, ARG002 - as above
        """Write what each noun is for, without importing any."""
        with formatter.section("Commands"):
            formatter.write_dl([*NOUNS.items()])

    def main(self, *args: Any, **extra: Any) -> Any:  # noqa: ANN401 - as above
        """Run a command and end the process with its exit code; nothing ends in a traceback."""
        extra |= {"prog_name": "embargo", "standalone_mode": False}
        if isinstance(sys.stdout, io.TextIOWrapper):  # a name with an umlaut must not end a command under LANG=C
            sys.stdout.reconfigure(errors="backslashreplace")
        try:
            code = super().main(*args, **extra)
        except typer.TyperException as error:
            where = getattr(getattr(error, "ctx", None), "command_path", None) or "embargo"
            say(f"{where}: {error.format_message().rstrip('.').replace('Value error, ', '')}; see `{where} --help`")
            sys.exit(WRONG)
        except typer.Abort:
            say("embargo: broken off")
            sys.exit(REFUSED)
        except Exception as error:  # noqa: BLE001 - the one place where all of them become a line
            told = importlib.import_module("gateway.cli.failures").told(error)
            say(f"embargo: {told.line}")
            sys.exit(told.code)
        sys.exit(min(code, REFUSED) if isinstance(code, int) and code != WRONG else code)


def say(line: str) -> None:
    """Write one line to standard error; whatever of a mail or a file name is in it can't move a terminal."""
    plain = "".join(character if character.isprintable() else "?" for character in line.replace("\n", " "))
    print(plain, file=sys.stderr)


app = typer.Typer(
    cls=Nouns,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _version(wanted: bool) -> None:
    if wanted:
        print(f"embargo-gateway {importlib.metadata.version('embargo-gateway')}")
        raise typer.Exit


@app.callback(invoke_without_command=False)
def embargo(
    ctx: typer.Context,
    config: Annotated[
        Path | None,
        typer.Option(
            "--config",
            metavar="PATH",
            help="The configuration; else $EMBARGO_CONFIG, ./config.toml, /etc/embargo-gateway/config.toml.",
        ),
    ] = None,
    version: Annotated[  # noqa: ARG001 - its callback acts
        bool, typer.Option("--version", is_eager=True, callback=_version, help="Show the version.")
    ] = False,
) -> None:
    """Embargo Gateway: a mailing list for security fixes that are not public yet."""
    ctx.obj = config


def main() -> None:
    """Run the command line; ends the process."""
    app()
