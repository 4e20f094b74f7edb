"""kill -9 at the worst moments, with the real process, the real clock and the real file."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from deeds import until
from openpgp import Person
from service import STOP_WITHIN, end_of_agents, service

MEMBERS = ("north", "south", "west")


@pytest.mark.side
async def test_killed_while_held_and_while_half_of_the_copies_are_out_everybody_gets_the_one_right_mail(
    tmp_path: Path, people: dict[str, Person]
) -> None:
    async with service(tmp_path, people, relay={"connections": 1}) as gateway:
        await gateway.start()
        post = gateway.writer.compose("alice", "Hold-Until: +10s\nEmbargo-Until: +14d\n\nA flaw in the parser.\n")
        await gateway.deliver(post)
        await gateway.box.wait_for(2)  # the receipts
        await gateway.kill()
        assert not [mail for mail in gateway.box.mails if mail.recipient in {people[name].address for name in MEMBERS}]
        left_behind = gateway.homes()

        # The second copy hangs at the dot, and there the second kill strikes.
        addresses = {people[name].address for name in MEMBERS}
        first = asyncio.create_task(
            gateway.box.wait_until(lambda: len(addresses & {mail.recipient for mail in gateway.box.mails}) == 1, 60)
        )
        await gateway.start()
        await first
        gateway.box.script("hang", at="rcpt")
        if len(addresses & {mail.recipient for mail in gateway.box.mails}) == 1:
            await gateway.box.wait_until(lambda: gateway.box.hung >= 1)
        await gateway.kill()
        assert not left_behind & gateway.homes(), "swept by the next start, agents included"
        await end_of_agents(sorted(left_behind))

        gateway.box.script(at="rcpt")
        await gateway.start()
        await gateway.box.wait_until(lambda: addresses <= {mail.recipient for mail in gateway.box.mails})
        (shown,) = await gateway.json("disclosure", "ls")

        async def is_sent() -> bool:
            told = await gateway.json("disclosure", "show", shown["id"])
            return {copy["state"] for copy in told["copies"]} == {"sent"}

        await until(is_sent)
        code, took = await gateway.end()
        assert code == 0
        assert took < STOP_WITHIN

        for name in MEMBERS:
            copies = gateway.writer.inbox(name)
            assert {copy.message_id for copy in copies} == {gateway.writer.inbox("north")[0].message_id}
            assert {copy.text for copy in copies} == {copies[0].text}
            assert "A flaw in the parser." in copies[0].text
        assert gateway.homes() == set(), "nothing is left behind by an orderly stop"
