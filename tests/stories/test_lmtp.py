"""Mail handed over by a local mail server: LMTP (RFC 2033)."""

from __future__ import annotations

import asyncio
from pathlib import Path

from deeds import AT_ONCE
from openpgp import Person
from world import LIST, world


async def test_a_disclosure_comes_in_by_lmtp(tmp_path: Path, people: dict[str, Person]) -> None:
    async with world(tmp_path, people, smtp={"protocol": "lmtp"}) as story:
        raw = story.compose("alice", AT_ONCE)
        reader, writer = await asyncio.open_connection(story.host, story.port)

        async def say(line: bytes) -> bytes:
            writer.write(line + b"\r\n")
            answer = await reader.readline()
            while answer[3:4] == b"-":
                answer = await reader.readline()
            return answer

        assert (await reader.readline()).startswith(b"220 ")
        assert (await say(b"EHLO project.example")).startswith(b"5")
        assert (await say(b"LHLO project.example")).startswith(b"250")
        assert (await say(b"MAIL FROM:<alice@project.example>")).startswith(b"250")
        assert (await say(f"RCPT TO:<{LIST}>".encode())).startswith(b"250")
        assert (await say(b"DATA")).startswith(b"354")
        assert (await say(raw.replace(b"\r\n.", b"\r\n..") + b".")).startswith(b"250")
        assert (await say(b"QUIT")).startswith(b"221")
        writer.close()
        await writer.wait_closed()
        await story.settle()
        assert len(story.inbox("north")) == 1
