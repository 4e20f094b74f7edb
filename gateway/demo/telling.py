"""What is known while the demo goes on, and how it is told: each check raises when it does not hold."""

from __future__ import annotations

import textwrap
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from gateway.demo.cast import Actor, Letter, post
from gateway.demo.stage import LIST, Stage, StepFailedError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import Console

WIDTH = 76  # of a line, behind its mark
PATCH = b"--- a/parser.c\n+++ b/parser.c\n@@ -41 +41 @@\n-  if (length > limit)\n+  if (length >= limit)\n"
SUBJECT = "Heap overflow in the header parser"
MEMBERS = (
    ("north", "Northwind", "security@northwind.example", "distributors"),
    ("south", "Southgate", "psirt@southgate.example", "distributors"),
    ("west", "Westlake", "security@westlake.example", "cloud"),
)


@dataclass(slots=True)
class Story:
    """What is known while the story goes on."""

    stage: Stage
    console: Console
    people: dict[str, Actor] = field(default_factory=dict)
    list_fingerprint: str = ""
    disclosure_id: str = ""
    leak_id: str = ""
    hold_until: datetime = field(default_factory=lambda: datetime.max.replace(tzinfo=UTC))
    copies: dict[str, Letter] = field(default_factory=dict)
    checks: int = 0

    def title(self, text: str) -> None:
        """Begin a step."""
        self.console.print(f"\n[bold]{text}[/bold]")

    def tell(self, text: str) -> None:
        """Say what happens."""
        self._say("", text)

    def tell_lines(self, text: str) -> None:
        """Show the control lines that somebody writes: all before the first empty line."""
        for line in text.partition("\n\n")[0].splitlines():
            self._say("| ", line)

    def check(self, text: str, *, holds: bool) -> None:
        """Show one thing that was looked at; raises where it is not so."""
        if not holds:
            self._say("[red]FAILED[/red]  ", text)
            raise StepFailedError(text)
        self.checks += 1
        self._say("[green]ok[/green]  ", text)

    def _say(self, mark: str, text: str) -> None:
        first, *more = textwrap.wrap(text, WIDTH - 4, break_on_hyphens=False) or [""]
        indent = " " * (len(text) - len(text.lstrip()))
        self.console.print(f"  {mark}{indent}{first.lstrip()}", highlight=False, soft_wrap=True)
        for line in more:
            self.console.print(f"      {line}", highlight=False, soft_wrap=True)

    @property
    def members(self) -> list[Actor]:
        """The three members."""
        return [self.people[key] for key, *_ in MEMBERS]

    async def send(self, who: str, raw: bytes) -> None:
        """Hand somebody's mail to the gateway."""
        actor = self.people[who]
        await post(self.stage.host, self.stage.port, actor.address, LIST, raw)

    async def reply(
        self,
        who: str,
        text: str,
        answers: Letter | None = None,
        *,
        attachments: Sequence[tuple[str, bytes]] = (),
        signed: bool = True,
    ) -> None:
        """Show the lines that somebody writes, and hand them to the gateway as an answer in the thread."""
        actor = self.people[who]
        self.tell_lines(f"{actor.name.partition(' ')[0]}: {text}")
        subject = f"Re: {answers.subject if answers else f'[{self.disclosure_id}] {SUBJECT}'}"
        raw = await actor.write(
            to=LIST, subject=subject, text=text, attachments=attachments, answers=answers, signed=signed
        )
        await self.send(who, raw)

    async def hears(self, who: str, words: str, *, inside: bool = False) -> Letter:
        """Wait for a mail to somebody whose real subject (``inside``: whose text) holds some words."""
        return await self.stage.wait_for(self.people[who], words, self.list_fingerprint, inside=inside)

    async def shown(self) -> Any:  # noqa: ANN401 - whatever the command tells
        """What ``embargo disclosure show`` says of it."""
        return await self.stage.embargo_json("disclosure", "show", self.disclosure_id)

    def count(self, actor: Actor) -> int:
        """How many mails reached somebody."""
        return sum(1 for mail in self.stage.mails if mail.recipient == actor.address)
