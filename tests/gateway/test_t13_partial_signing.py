"""T13, signature wrapping ("Johnny, you are fired"): whole or nothing."""

from __future__ import annotations

import pytest

import builders_mail as build
from gateway.mail.model import Form, Mail, Payload, Problem, SignedPayload
from gateway.mail.parse import read_mail, read_payload

EXTRA = build.text_part("Scope: all\n")


def form_of(entity: bytes) -> Form:
    found = read_mail(build.head() + entity)
    assert isinstance(found, Mail), found
    return found.form


def relabelled(entity: bytes, old: bytes, new: bytes) -> bytes:
    assert old in entity
    return entity.replace(old, new)


ENCRYPTED_PARTS = (
    b"Content-Type: application/pgp-encrypted\r\n\r\nVersion: 1\r\n",
    b"Content-Type: application/octet-stream\r\n\r\n" + build.ARMORED,
)
PROTOCOL = '; protocol="application/pgp-encrypted"'


@pytest.mark.parametrize(
    ("entity", "expected"),
    [
        pytest.param(
            build.multipart("mixed", build.signed(), EXTRA), Form.PARTLY_SIGNED, id="footer after a signed part"
        ),
        pytest.param(
            build.multipart("mixed", EXTRA, build.signed()), Form.PARTLY_SIGNED, id="text before a signed part"
        ),
        pytest.param(
            build.multipart("mixed", build.signed()), Form.PARTLY_SIGNED, id="signed part alone in a container"
        ),
        pytest.param(build.multipart("mixed", build.encrypted(), EXTRA), Form.PARTLY_SIGNED, id="list footer"),
        pytest.param(
            build.multipart("mixed", EXTRA, build.encrypted(), EXTRA), Form.PARTLY_SIGNED, id="EFAIL: text around it"
        ),
        pytest.param(
            build.multipart("alternative", EXTRA, build.multipart("related", build.encrypted(), boundary="r")),
            Form.PARTLY_SIGNED,
            id="encrypted deep inside",
        ),
        pytest.param(
            build.encrypted(epilogue=b"Scope: all\r\n"), Form.PARTLY_SIGNED, id="text behind the encrypted part"
        ),
        pytest.param(build.signed(epilogue=b"Scope: all\r\n"), Form.PARTLY_SIGNED, id="text behind the signed part"),
        pytest.param(
            build.multipart("encrypted", *ENCRYPTED_PARTS, EXTRA, params=PROTOCOL),
            Form.PARTLY_SIGNED,
            id="a third part",
        ),
        pytest.param(
            build.multipart("encrypted", *reversed(ENCRYPTED_PARTS), params=PROTOCOL),
            Form.PARTLY_SIGNED,
            id="wrong order",
        ),
        pytest.param(
            build.multipart("encrypted", *ENCRYPTED_PARTS), Form.UNSUPPORTED, id="encrypted without the protocol"
        ),
        pytest.param(
            relabelled(build.encrypted(), b"Version: 1", b"Version: 2"), Form.UNSUPPORTED, id="another version"
        ),
        pytest.param(
            relabelled(build.encrypted(), b"multipart/encrypted", b"multipart/mixed"),
            Form.UNSUPPORTED,
            id="mangled by a server",
        ),
        pytest.param(
            build.multipart("mixed", build.text_part(""), *ENCRYPTED_PARTS), Form.UNSUPPORTED, id="mangled by Exchange"
        ),
        pytest.param(build.signed(build.encrypted()), Form.UNSUPPORTED, id="signed outside the encryption"),
        pytest.param(
            relabelled(build.signed(), b"application/pgp-signature", b"application/pkcs7-signature"),
            Form.UNSUPPORTED,
            id="S/MIME signature",
        ),
        pytest.param(
            build.multipart("signed", build.text_part(), params='; protocol="application/pgp-signature"'),
            Form.PARTLY_SIGNED,
            id="signed without a signature",
        ),
        pytest.param(
            build.multipart(
                "signed",
                EXTRA,
                *([b"Content-Type: application/pgp-signature\r\n\r\nx"] * 2),
                params='; protocol="application/pgp-signature"',
            ),
            Form.PARTLY_SIGNED,
            id="two signatures",
        ),
        pytest.param(
            build.file_part(kind="application/pkcs7-mime; smime-type=enveloped-data"), Form.UNSUPPORTED, id="S/MIME"
        ),
        pytest.param(build.file_part(kind="message/partial; id=x; number=1"), Form.UNSUPPORTED, id="message/partial"),
        pytest.param(
            build.multipart("mixed", EXTRA, build.text_part(kind="message/external-body; access-type=URL")),
            Form.UNSUPPORTED,
            id="message/external-body",
        ),
        pytest.param(build.file_part("winmail.dat", kind="application/ms-tnef"), Form.UNSUPPORTED, id="TNEF"),
        pytest.param(build.text_part("Hi\n-----BEGIN PGP MESSAGE-----\n\nhF4D\n"), Form.UNSUPPORTED, id="inline PGP"),
        pytest.param(
            build.text_part("-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA512\n"), Form.UNSUPPORTED, id="clearsigned"
        ),
        pytest.param(build.text_part("> -----BEGIN PGP MESSAGE-----\n"), Form.CLEAR, id="only quoted"),
        pytest.param(build.multipart("mixed", EXTRA, build.file_part()), Form.CLEAR, id="clear"),
        pytest.param(
            build.multipart("mixed", EXTRA, b"Content-Type: message/rfc822\r\n\r\n" + build.head() + build.encrypted()),
            Form.CLEAR,
            id="an encrypted mail as an attachment is an attachment",
        ),
        pytest.param(build.encrypted(epilogue=b"\r\n \r\n"), Form.ENCRYPTED, id="encrypted, blanks behind it"),
        pytest.param(build.signed(), Form.SIGNED, id="signed"),
    ],
)
def test_only_a_whole_mail_is_encrypted_or_signed(entity, expected):
    assert form_of(entity) is expected


def test_a_partly_encrypted_mail_offers_nothing_to_decrypt():
    found = read_mail(build.head() + build.multipart("mixed", EXTRA, build.encrypted()))

    assert isinstance(found, Mail)
    assert found.ciphertext is None
    assert found.signed is None


@pytest.mark.parametrize(
    "entity",
    [
        pytest.param(build.multipart("mixed", build.signed(), EXTRA), id="signed part and another"),
        pytest.param(build.signed(epilogue=b"x\r\n"), id="text behind it"),
        pytest.param(build.multipart("mixed", EXTRA, build.encrypted()), id="an old ciphertext hidden in it"),
        pytest.param(build.text_part("\n-----BEGIN PGP SIGNED MESSAGE-----\n"), id="clearsigned text"),
    ],
)
def test_a_payload_signed_in_part_says_so_and_gives_no_signed_bytes(entity):
    found = read_payload(entity)

    assert isinstance(found, Payload)
    assert found.form is Form.PARTLY_SIGNED


def test_a_quoted_advisory_with_an_inline_signature_is_fine_in_a_payload():
    found = read_payload(build.text_part("See this:\n-----BEGIN PGP SIGNED MESSAGE-----\n"))

    assert isinstance(found, Payload)
    assert found.form is Form.CLEAR


def test_the_boundary_of_the_outer_part_ends_the_inner_one():
    # The inner part claims to go on past the outer delimiter; what follows is not under its signature.
    inner = build.signed().replace(b"\r\n--s1--", b"\r\n--b1\r\n\r\nScope: all\r\n--s1--")

    found = read_mail(build.head() + build.multipart("mixed", inner))

    assert not isinstance(found, Mail) or found.form is Form.PARTLY_SIGNED


def test_signed_bytes_begin_and_end_where_the_signer_put_them():
    part = build.text_part("Scope: all\n")
    raw = build.signed(part).replace(b"--s1\r\n", b"Scope: org:Evil\r\n--s1 \t\r\n", 1)
    found = read_payload(raw)

    assert isinstance(found, SignedPayload)
    assert found.signed == part
    assert found.payload.text == "Scope: all\n"


def test_a_signature_around_a_signature_is_not_guessed_at():
    for found in (
        read_payload(build.signed(build.signed(boundary="s2"))),
        read_mail(build.head() + build.signed(build.signed(boundary="s2"))),
    ):
        assert isinstance(found, Problem)
        assert found.reason == "too-complex"
