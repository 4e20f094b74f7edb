"""The people of the demo: each with a GnuPG home of his own, as on his own computer."""

from __future__ import annotations

import asyncio
import email
import email.message
import email.policy
import hashlib
import shutil
import smtplib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

PATIENCE = 30.0  # seconds that one run of gpg may take


@dataclass(frozen=True, slots=True)
class Letter:
    """A mail as its reader sees it: what everybody could see outside, and what only he can read inside."""

    outer: email.message.EmailMessage
    inner: email.message.EmailMessage = field(repr=False)
    is_signed_by_list: bool

    @property
    def subject(self) -> str:
        """The real subject, from inside the encryption."""
        return str(self.inner["Subject"])

    @property
    def text(self) -> str:
        """The text part."""
        body = self.inner.get_body(("plain",))
        return str(body.get_content()).replace("\r\n", "\n") if body is not None else ""

    @property
    def attachments(self) -> dict[str, bytes]:
        """File names and contents."""
        found: dict[str, bytes] = {}
        for part in self.inner.walk():
            data = part.get_payload(decode=True)
            if part.get_filename() and isinstance(data, bytes):
                found[str(part.get_filename())] = data
        return found


@dataclass(slots=True)
class Actor:
    """Somebody with a key: writes, signs, encrypts and reads with ``gpg`` alone."""

    name: str
    address: str
    home: Path
    fingerprint: str = ""
    sent: int = 0

    async def gpg(self, *arguments: str, data: bytes = b"") -> tuple[int, bytes, bytes]:
        """Run gpg in this person's home; give exit code, output, and status lines and messages."""
        process = await asyncio.create_subprocess_exec(
            "gpg", "--homedir", str(self.home), "--batch", "--no-tty", "--quiet", "--trust-model", "always",
            "--pinentry-mode", "loopback", "--passphrase", "", "--no-auto-key-locate", "--status-fd", "2", *arguments,
            stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
        )  # fmt: skip
        async with asyncio.timeout(PATIENCE):
            output, status = await process.communicate(data)
        return process.returncode or 0, output, status

    async def make_key(self) -> None:
        """Make an Ed25519 key with a Curve25519 subkey."""
        self.home.mkdir(mode=0o700)
        owner = f"{self.name} <{self.address}>"
        await self.gpg("--quick-generate-key", owner, "ed25519", "cert,sign", "never")
        _, listing, _ = await self.gpg("--with-colons", "--list-keys")
        lines = [line.split(b":") for line in listing.splitlines()]
        self.fingerprint = next(fields[9].decode() for fields in lines if fields[0] == b"fpr")
        await self.gpg("--quick-add-key", self.fingerprint, "cv25519", "encr", "never")

    async def export(self, path: Path) -> Path:
        """Write the public key to a file."""
        _, armored, _ = await self.gpg("--armor", "--export", self.fingerprint)
        await asyncio.to_thread(path.write_bytes, armored)
        return path

    async def know(self, certificate: bytes) -> str:
        """Take somebody's public key, as everybody on a list does with the list's; give its fingerprint."""
        _, _, status = await self.gpg("--import", data=certificate)
        return next(line.split()[-1].decode() for line in status.splitlines() if b" IMPORT_OK " in line)

    async def write(
        self,
        *,
        to: str,
        subject: str,
        text: str,
        attachments: Sequence[tuple[str, bytes]] = (),
        answers: Letter | None = None,
        as_sender: str | None = None,
        signed: bool = True,
    ) -> bytes:
        """A mail to the list as a mail program makes it: PGP/MIME, signed and encrypted (RFC 3156 s6.2).

        ``signed=False``: encrypted alone, as from a phone that has no key.
        """
        self.sent += 1
        sender = as_sender or f"{self.name} <{self.address}>"
        own_id = f"<{self.sent}.{self.fingerprint[:8].lower()}@{self.address.partition('@')[2]}>"
        threading = [("In-Reply-To", str(answers.outer["Message-ID"]))] if answers else []
        inside = email.message.EmailMessage(policy=email.policy.SMTP)
        for name, value in [("From", sender), ("To", to), ("Subject", subject), ("Message-ID", own_id), *threading]:
            inside[name] = value
        inside.set_content(text)
        for filename, data in attachments:
            inside.add_attachment(data, maintype="text", subtype="x-patch", filename=filename)
        inside.set_param("protected-headers", "v1")
        sign = ["--sign"] if signed else []
        _, armored, _ = await self.gpg("--armor", *sign, "--encrypt", "--recipient", f"<{to}>", data=inside.as_bytes())
        outside = "\r\n".join(
            [
                f"From: {sender}",
                f"To: {to}",
                "Subject: ...",
                f"Message-ID: {own_id}",
                "MIME-Version: 1.0",
                'Content-Type: multipart/encrypted; protocol="application/pgp-encrypted"; boundary="b"',
                "",
                "--b",
                "Content-Type: application/pgp-encrypted",
                "",
                "Version: 1",
                "",
                "--b",
                "Content-Type: application/octet-stream",
                "",
                *armored.decode().splitlines(),
                "--b--",
                "",
            ]
        )
        return outside.encode()

    async def read(self, raw: bytes, list_fingerprint: str) -> Letter | None:
        """Open a mail with this person's key alone; None where it does not open."""
        outer = email.message_from_bytes(raw, policy=email.policy.default)
        ciphertext = [part.get_payload(decode=True) for part in outer.iter_parts()][-1]
        code, plain, status = await self.gpg("--decrypt", data=ciphertext if isinstance(ciphertext, bytes) else b"")
        if code:
            return None
        valid = [line.split() for line in status.decode(errors="replace").splitlines() if " VALIDSIG " in line]
        is_signed = b"GOODSIG" in status and any(words[-1] == list_fingerprint for words in valid)
        return Letter(outer, email.message_from_bytes(plain, policy=email.policy.default), is_signed)

    async def close(self) -> None:
        """End the agent and remove the home."""
        process = await asyncio.create_subprocess_exec("gpgconf", "--homedir", str(self.home), "--kill", "all")
        await process.wait()
        await asyncio.to_thread(shutil.rmtree, self.home, ignore_errors=True)


async def post(host: str, port: int, sender: str, recipient: str, raw: bytes) -> None:
    """Hand a mail to a server by SMTP. Raises smtplib.SMTPException when it does not take it."""

    def hand_over() -> None:
        with smtplib.SMTP(host, port, timeout=PATIENCE) as client:
            client.sendmail(sender, [recipient], raw)

    await asyncio.to_thread(hand_over)


def sha256(data: bytes) -> str:
    """The SHA-256 of some bytes, in hex."""
    return hashlib.sha256(data).hexdigest()
