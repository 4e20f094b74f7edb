"""Mails written by hand, byte for byte: what a test means is what stands on the wire."""

from __future__ import annotations

import base64

ARMORED = b"-----BEGIN PGP MESSAGE-----\r\n\r\nhF4DAAAA\r\n=abcd\r\n-----END PGP MESSAGE-----\r\n"
SIGNATURE = b"-----BEGIN PGP SIGNATURE-----\r\n\r\niHUEABYK\r\n=abcd\r\n-----END PGP SIGNATURE-----\r\n"


def crlf(text: str) -> bytes:
    """Text with LF lines as it goes over the wire."""
    return text.encode("utf-8", "surrogateescape").replace(b"\n", b"\r\n")


def head(*fields: str) -> bytes:
    """A header section of a plain mail, with these fields after the usual ones."""
    usual = (
        "From: Alice <alice@northwind.example>",
        "To: early-disclosure@lists.example",
        "Subject: Hello",
        "Date: Sun, 22 Nov 2026 01:00:00 +0000",
        "Message-ID: <m1@northwind.example>",
        "MIME-Version: 1.0",
    )
    return crlf("".join(f"{field}\n" for field in (*usual, *fields)))


def text_part(text: str = "Hello.\n", *fields: str, kind: str = "text/plain; charset=utf-8") -> bytes:
    """An entity of text."""
    return crlf("".join(f"{field}\n" for field in (f"Content-Type: {kind}", *fields)) + "\n" + text)


def file_part(name: str = "fix.patch", data: bytes = b"\x00\x01\x02", kind: str = "application/octet-stream") -> bytes:
    """An attached file in base64."""
    header = (
        f"Content-Type: {kind}\nContent-Transfer-Encoding: base64\n"
        f'Content-Disposition: attachment; filename="{name}"\n\n'
    )
    return crlf(header) + base64.encodebytes(data).replace(b"\n", b"\r\n")


def multipart(subtype: str, *parts: bytes, params: str = "", boundary: str = "b1", epilogue: bytes = b"") -> bytes:
    """An entity of parts, its own MIME header first."""
    delimiter = b"--" + boundary.encode()
    header = f'Content-Type: multipart/{subtype}; boundary="{boundary}"{params}\r\n\r\n'.encode()
    body = b"".join(delimiter + b"\r\n" + part + b"\r\n" for part in parts)
    return header + body + delimiter + b"--\r\n" + epilogue


def encrypted(ciphertext: bytes = ARMORED, *, epilogue: bytes = b"", boundary: str = "e1") -> bytes:
    """RFC 3156 s4."""
    return multipart(
        "encrypted",
        b"Content-Type: application/pgp-encrypted\r\n\r\nVersion: 1\r\n",
        b"Content-Type: application/octet-stream\r\n\r\n" + ciphertext,
        params='; protocol="application/pgp-encrypted"',
        boundary=boundary,
        epilogue=epilogue,
    )


def signed(part: bytes | None = None, *, epilogue: bytes = b"", boundary: str = "s1") -> bytes:
    """RFC 3156 s5."""
    return multipart(
        "signed",
        text_part() if part is None else part,
        b"Content-Type: application/pgp-signature\r\n\r\n" + SIGNATURE,
        params='; micalg=pgp-sha256; protocol="application/pgp-signature"',
        boundary=boundary,
        epilogue=epilogue,
    )


def protected(entity: bytes, *fields: str, mark: str = 'hp="cipher"') -> bytes:
    """An entity whose header protects these fields: ``mark`` is put into its Content-Type."""
    first, rest = entity.split(b"\r\n", 1)
    return first + f"; {mark}".encode() + b"\r\n" + crlf("".join(f"{field}\n" for field in fields)) + rest
