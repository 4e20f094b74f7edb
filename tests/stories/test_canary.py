"""Law 8, and the first invariant: a secret word is found nowhere outside a seal, in whatever clothes."""

from __future__ import annotations

import base64
import contextlib
import email.policy
import os
import secrets
from collections.abc import Iterable, Iterator
from email import message_from_bytes
from pathlib import Path

from deeds import until
from openpgp import Person
from service import service
from world import LIST, envelope_mail


def clothes(word: str) -> Iterator[bytes]:
    """A word as it stands, in hex, in quoted-printable with every byte encoded, and in base64 at each offset."""
    for plain in (word.encode(), word.lower().encode(), word.upper().encode(), word[::-1].encode()):
        yield plain
        yield plain.hex().encode()
        yield plain.hex().upper().encode()
        yield "".join(f"={byte:02X}" for byte in plain).encode()
        yield plain.decode().encode("utf-16-le")
        for offset in range(3):
            coded = base64.b64encode(b"\0" * offset + plain)
            yield coded[4 if offset else 0 : len(coded) // 4 * 4 - 4]


def found(words: Iterable[str], places: dict[str, bytes]) -> list[tuple[str, bytes]]:
    return [
        (name, form) for name, data in places.items() for word in words for form in set(clothes(word)) if form in data
    ]


def files(*directories: Path) -> dict[str, bytes]:
    """Every file's name and bytes; what a running service takes away meanwhile is not there."""
    there = {}
    for directory in directories:
        for place, _, names in os.walk(directory):  # of a directory that is gone it says nothing
            for path in (Path(place, name) for name in names):
                with contextlib.suppress(FileNotFoundError):
                    if path.is_file():
                        there[str(path)] = path.name.encode() + b"\0" + path.read_bytes()
    return there


async def test_the_word_is_nowhere_outside_a_seal_after_a_whole_story_with_errors_and_a_kill(
    tmp_path: Path, people: dict[str, Person]
) -> None:
    hidden = ("subject", "body", "attached", "filename", "leak", "clear", "poor")
    words = {name: f"Q{secrets.token_hex(9)}" for name in hidden}
    async with service(tmp_path, people) as gateway:
        writer = gateway.writer
        await gateway.start()
        post = f"Embargo-Until: +14d\nRef: https://bugs.example/{words['body']}\n\nThe flaw is {words['body']}.\n"
        attachment = (f"{words['filename']}.patch", f"+ {words['attached']}\n".encode() * 50)
        await gateway.deliver(writer.compose("alice", post, subject=words["subject"], attachments=[attachment]))
        await gateway.box.wait_until(lambda: bool(gateway.box.to(people["north"].address)))
        seen = writer.inbox("north")[0]
        assert words["subject"] in seen.subject
        assert words["body"] in seen.text
        assert f"{words['filename']}.patch" in seen.attachments

        # Errors: a line that does not parse, a stranger in clear, a broken message, a reply with a word that is no key.
        wrong = f"Hold-Untill: {words['poor']}\nEmbargo-Until: 02/06/2026\n\n{words['body']}\n"
        await gateway.deliver(writer.compose("alice", wrong, subject=words["subject"]))
        clear = f"From: x@corp.example\r\nSubject: {words['clear']}\r\n\r\n{words['clear']}\r\n".encode()
        await gateway.deliver(clear)
        sealed = people["alice"].sign_encrypt(f"Subject: {words['body']}\r\n\r\nx".encode(), [gateway.list_key])
        damaged = sealed[:200] + b"AAAA" + sealed[204:]
        await gateway.deliver(
            envelope_mail(damaged, subject=words["clear"], sender="alice@project.example", message_id="<d@x.example>")
        )
        code, _, _ = await gateway.run("disclosure", "show", "ED-2026-0000")
        assert code == 1

        leak = writer.compose("north", f"Leak: {words['leak']}, to a journalist\n\n{words['leak']}\n", reply_to=seen)
        await gateway.deliver(leak)

        async def alarmed() -> bool:
            return any(words["leak"] in copy.text for copy in writer.inbox("adam"))

        await until(alarmed)

        everywhere = files(tmp_path / "state", gateway.temporary)
        assert any(name.endswith("-wal") for name in everywhere)
        assert found(words.values(), everywhere) == []
        await gateway.kill()
        assert found(words.values(), files(tmp_path / "state", gateway.temporary)) == []
        await gateway.start()
        code, _ = await gateway.end()
        assert code == 0

        assert found(words.values(), files(tmp_path / "state", gateway.temporary)) == []
        assert b"copy" in gateway.log, "at level debug, and it did speak"
        assert found(words.values(), {"log": bytes(gateway.log)}) == []
        sent = {f"{number} to {mail.recipient}": mail.content for number, mail in enumerate(gateway.box.mails)}
        assert found(words.values(), sent) == []
        assert found(words.values(), {mail.sender: mail.sender.encode() for mail in gateway.box.mails}) == []
        told = {"subject", "from", "to", "date", "message-id", "in-reply-to", "references", "list-id", "list-post"}
        told |= {"precedence", "mime-version", "content-type", "auto-submitted", "x-auto-response-suppress"}
        for mail in gateway.box.mails:
            outer = message_from_bytes(mail.content, policy=email.policy.default)
            assert {name.lower() for name in outer} <= told
            assert outer["Subject"] == "[...]"
            assert "ED-2026" not in mail.content.decode(), "no id either"
        code, out, _ = await gateway.run("audit", "export")
        assert found(words.values(), {"audit": out.encode()}) == []
        assert LIST in out or "early-disclosure" in out


def test_the_search_itself_finds_the_word_in_each_of_its_clothes() -> None:
    word = "Qabcdef0123456789"
    dressed = [
        word.encode(),
        word.encode().hex().encode(),
        *(base64.b64encode(b"z" * offset + word.encode() + b"tail") for offset in range(3)),
        "".join(f"={byte:02X}" for byte in word.encode()).encode(),
    ]
    for one in dressed:
        assert found([word], {"here": b"before " + one + b" after"}) != [], one
