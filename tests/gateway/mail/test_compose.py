from __future__ import annotations

import email
import email.policy
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

import builders_mail as build
from gateway.mail import compose, emit
from gateway.mail.compose import Letter
from gateway.mail.model import Form, Mail, Payload
from gateway.mail.parse import read_mail, read_payload

LETTER = Letter(
    list_address="early-disclosure@lists.example",
    list_name="Example early disclosure",
    list_id="early-disclosure.lists.example",
    outer_subject="[...]",
    subject="[ED-2026-K7QX] Heap overflow in canary",
    message_id="<x1@lists.example>",
    date=datetime(2026, 11, 22, 2, 3, 4, 500, tzinfo=timezone(timedelta(hours=1))),
    poster="Alice",
    in_reply_to=("<a@lists.example>",),
    references=tuple(f"<{number}@lists.example>" for number in range(40)),
)
ALLOWED = [
    "From",
    "To",
    "Subject",
    "Date",
    "Message-ID",
    "In-Reply-To",
    "References",
    "List-Id",
    "List-Post",
    "Precedence",
    "MIME-Version",
    "Content-Type",
]


def outer_of(letter: Letter = LETTER) -> bytes:
    return compose.outer(letter, to="security@northwind.example", ciphertext_armored=build.ARMORED)


def test_outside_stand_the_allowed_fields_and_no_other():
    raw = outer_of()
    message = email.message_from_bytes(raw, policy=email.policy.SMTP)

    assert message.keys() == ALLOWED
    assert message["From"] == "Example early disclosure <early-disclosure@lists.example>"
    assert message["To"] == "security@northwind.example"
    assert message["Subject"] == "[...]"
    assert message["Date"] == "Sun, 22 Nov 2026 01:03:04 +0000"
    assert message["List-Post"] == "<mailto:early-disclosure@lists.example>"
    assert message["List-Id"] == '"Example early disclosure" <early-disclosure.lists.example>'
    assert message["References"].split() == list(LETTER.references)
    assert b"canary" not in raw
    assert b"Alice" not in raw


def test_what_the_gateway_itself_writes_says_so():
    message = email.message_from_bytes(outer_of(replace(LETTER, auto_submitted="auto-generated")))

    assert set(message.keys()) - set(ALLOWED) == {"Auto-Submitted", "X-Auto-Response-Suppress"}
    assert message["Auto-Submitted"] == "auto-generated"
    assert message["X-Auto-Response-Suppress"] == "All"


def test_the_outside_is_what_rfc_3156_wants():
    raw = outer_of()
    found = read_mail(raw)
    message = email.message_from_bytes(raw, policy=email.policy.SMTP)

    assert isinstance(found, Mail)
    assert found.form is Form.ENCRYPTED
    assert found.ciphertext == build.ARMORED
    assert message.get_param("protocol") == "application/pgp-encrypted"
    assert [part.get_content_type() for part in message.iter_parts()] == [
        "application/pgp-encrypted",
        "application/octet-stream",
    ]
    assert [part.keys() for part in message.iter_parts()] == [["Content-Type"], ["Content-Type"]]


def test_every_line_ends_in_crlf_and_is_short():
    inner = compose.inner(LETTER, compose.text_entity("\u00fc" * 3000 + "\n" + "x" * 3000 + "\n"))

    for raw in (outer_of(), inner):
        assert b"\n" not in raw.replace(b"\r\n", b"")
        assert b"\r" not in raw.replace(b"\r\n", b"")
        assert max(map(len, raw.split(b"\r\n"))) <= 78


def test_the_same_letter_gives_the_same_bytes():
    content = compose.text_entity("Hi\n", [("a.txt", "text/plain", b"x")])

    assert compose.inner(LETTER, content) == compose.inner(LETTER, content)
    assert outer_of() == outer_of()


def test_inside_the_header_is_protected():
    raw = compose.inner(LETTER, compose.text_entity("Hello.\n"))
    found = read_payload(raw)
    message = email.message_from_bytes(raw, policy=email.policy.SMTP)

    assert message.get_param("hp") == "cipher"
    assert message.get_param("protected-headers") == "v1"
    assert message["From"] == "Alice via Example early disclosure <early-disclosure@lists.example>"
    assert message["To"] == "Example early disclosure <early-disclosure@lists.example>"
    assert isinstance(found, Payload)
    assert found.protected is not None
    assert found.protected.subject == LETTER.subject
    assert found.protected.message_id == LETTER.message_id
    assert found.protected.references == LETTER.references
    assert found.text == "Hello.\n"


def test_hp_outer_repeats_the_outer_fields_but_for_the_recipient():
    outer = email.message_from_bytes(outer_of(), policy=email.policy.compat32)
    inner = email.message_from_bytes(compose.inner(LETTER, compose.text_entity("x")), policy=email.policy.compat32)

    copies = [value.split(": ", 1) for value in inner.get_all("HP-Outer")]

    assert [name for name, _ in copies] == ["From", "Subject", "Date", "Message-ID", "In-Reply-To", "References"]
    for name, value in copies:
        assert value.split() == outer[name].split()


def test_the_recipient_is_nowhere_inside():
    assert b"northwind" not in compose.inner(LETTER, compose.text_entity("x"))


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        pytest.param("Plain", '"Plain" <a@b.example>', id="plain"),
        pytest.param('Q "x" \\', '"Q \\"x\\" \\\\" <a@b.example>', id="quotes"),
        pytest.param("", "a@b.example", id="none"),
        pytest.param("\u00dcber", "=?utf-8?b?w5xiZXI=?= <a@b.example>", id="beyond ASCII"),
        pytest.param("=?utf-8?q?x?=", "=?utf-8?b?PT91dGYtOD9xP3g/PQ==?= <a@b.example>", id="looks encoded"),
    ],
)
def test_display_names_stay_display_names(name, expected):
    assert emit.mailbox(name, "a@b.example") == expected


@given(st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=400))
def test_any_text_comes_through(text):
    raw = compose.inner(LETTER, compose.text_entity(text))
    found = read_payload(raw)
    expected = text.replace("\r\n", "\n").replace("\r", "\n").removesuffix("\n") + "\n"

    assert isinstance(found, Payload)
    assert found.text == expected.replace("\0", "\N{REPLACEMENT CHARACTER}")
    assert raw.isascii()
    python = email.message_from_bytes(raw, policy=email.policy.SMTP).get_payload(decode=True)
    assert python.decode().replace("\r\n", "\n") == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("Hello.\n", b"Hello.\r\n", id="as it is"),
        pytest.param("From me\n", b"=46rom me\r\n", id="From_"),
        pytest.param("-- \nme\n", b"--=20\r\nme\r\n", id="blank at the end"),
        pytest.param("a=\u00fc\n", b"a=3D=C3=BC\r\n", id="beyond ASCII"),
        pytest.param("\u3042\u3044\n", b"44GC44GEDQo=\r\n", id="mostly beyond ASCII"),
    ],
)
def test_text_survives_signing_and_transport(text, expected):
    assert compose.signable(text).endswith(b"\r\n\r\n" + expected)


def test_attachments_of_what_the_gateway_writes():
    sealed = compose.inner(LETTER, compose.text_entity("copy\n"))
    content = compose.text_entity(
        "Receipt\n", [("copy.eml", "message/rfc822", sealed), ("\u00fc.bin", "bad type", b"\0")]
    )
    raw = compose.inner(LETTER, content)
    message = email.message_from_bytes(raw, policy=email.policy.SMTP)

    _, proof, other = message.iter_parts()
    assert sealed in raw
    assert proof.get_content()["Subject"] == LETTER.subject
    assert other.get_filename() == "\u00fc.bin"
    assert other.get_content() == b"\0"
    assert other.get_content_type() == "application/octet-stream"


@given(st.text(max_size=300))
def test_file_names_come_through(name):
    content = compose.text_entity("x", [(name, "application/pdf", b"x")])
    found = read_payload(compose.inner(LETTER, content))

    assert isinstance(found, Payload)
    assert found.parts[1].is_attachment
    if len(name.encode("utf-8", "replace")) < 200:
        assert " ".join(found.parts[1].filename.split()).replace("?", "") in " ".join(
            emit.words.cleaned(name).split()
        ).replace("?", "")


def test_a_boundary_never_stands_in_what_it_encloses():
    first = emit.boundary_for([b"x"])
    second = emit.boundary_for([b"x", first.encode()])

    assert first != second
    assert emit.boundary_for([b"x"]) == first


def test_a_public_notice_is_signed_in_clear():
    signed = compose.signable("Advisory \u00fc\n")
    raw = compose.signed_clear(LETTER, to="oss@public.example", signed=signed, signature=build.SIGNATURE)
    found = read_mail(raw)

    assert isinstance(found, Mail)
    assert found.form is Form.SIGNED
    assert found.signed == signed
    assert found.signature == build.SIGNATURE
    assert found.payload is not None
    assert found.payload.text == "Advisory \u00fc\n"
    assert b'micalg="pgp-sha512"' in raw
    assert b"Alice" not in raw


def test_clear_text_is_never_taken_for_a_ciphertext():
    with pytest.raises(ValueError, match="armored"):
        compose.outer(LETTER, to="a@b.example", ciphertext_armored=b"Subject: secret\r\n\r\nplain")


def test_a_naive_date_is_refused():
    with pytest.raises(ValueError, match="zone"):
        compose.rfc5322_date(datetime(2026, 1, 1, tzinfo=UTC).replace(tzinfo=None))
