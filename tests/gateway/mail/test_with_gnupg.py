"""The exact bytes: what GnuPG signs and seals is what is read, and the other way round."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

import builders_mail as build
from gateway.mail import compose
from gateway.mail.model import Mail, SignedPayload
from gateway.mail.parse import read_mail, read_payload
from openpgp import Person

LETTER = compose.Letter(
    list_address="ed@lists.example",
    list_name="Early",
    list_id="ed.lists.example",
    outer_subject="[...]",
    subject="Advisory",
    message_id="<x1@lists.example>",
    date=datetime(2026, 11, 22, tzinfo=UTC),
)
AWKWARD = "From here\n-- \ntrailing \t\n\u00fcber\n.\n" + "long " * 300 + "\n\n\n"


@pytest.fixture(scope="module")
def alice():
    with Person("Alice", "alice@northwind.example") as person:
        yield person


def verified(person: Person, data: bytes, signature: bytes, folder) -> bool:
    (folder / "data").write_bytes(data)
    (folder / "data.asc").write_bytes(signature)
    out = person.gpg("--status-fd", "1", "--verify", str(folder / "data.asc"), str(folder / "data"), may_fail=True)
    return b"GOODSIG" in out


def test_a_signature_over_the_public_notice_holds_after_transport(alice, tmp_path):
    signable = compose.signable(AWKWARD)
    raw = compose.signed_clear(
        LETTER, to="public@northwind.example", signed=signable, signature=alice.sign_detached(signable)
    )

    found = read_mail(raw)

    assert isinstance(found, Mail)
    assert verified(alice, found.signed or b"", found.signature or b"", tmp_path)
    assert not verified(alice, (found.signed or b"") + b"\r\n", found.signature or b"", tmp_path)


@pytest.mark.parametrize("line_end", [pytest.param(b"\r\n", id="CRLF"), pytest.param(b"\n", id="LF")])
def test_a_signature_inside_the_encryption_holds(alice, tmp_path, line_end):
    part = build.text_part("Scope: all \n\nFrom here\n")
    whole = build.multipart(
        "signed",
        part,
        b"Content-Type: application/pgp-signature\r\n\r\n" + alice.sign_detached(part),
        params='; micalg=pgp-sha512; protocol="application/pgp-signature"',
    )
    sealed = alice.encrypt(whole.replace(b"\r\n", line_end), [alice])
    plain, _ = alice.decrypt(sealed)

    found = read_payload(plain)

    assert isinstance(found, SignedPayload)
    assert verified(alice, found.signed, found.signature, tmp_path)


def test_a_sealed_copy_opens_to_the_same_bytes(alice):
    inner = compose.inner(LETTER, compose.text_entity(AWKWARD, [("a.bin", "application/pdf", bytes(range(256)))]))
    raw = compose.outer(LETTER, to="m@northwind.example", ciphertext_armored=alice.encrypt(inner, [alice]))

    found = read_mail(raw)

    assert isinstance(found, Mail)
    assert alice.decrypt(found.ciphertext or b"")[0] == inner
