"""T17: no text from a mail or a roster ends a header field, whatever characters it holds."""

from __future__ import annotations

import email
import email.policy
import itertools
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

import builders_mail as build
from gateway.mail import compose, emit
from gateway.mail.compose import Letter

LETTER = Letter(
    list_address="ed@lists.example",
    list_name="Early",
    list_id="ed.lists.example",
    outer_subject="[...]",
    subject="x",
    message_id="<x1@lists.example>",
    date=datetime(2026, 11, 22, tzinfo=UTC),
    poster="Alice",
)
BREAKS = {
    "CRLF": "\r\n",
    "CR": "\r",
    "LF": "\n",
    "NEL": "\u0085",
    "line separator": "\u2028",
    "paragraph separator": "\u2029",
    "NUL": "\0",
    "tab": "\t",
    "vertical tab": "\v",
    "form feed": "\f",
    "record separator": "\x1e",
    "delete": "\x7f",
}
FIELDS = ("list_name", "subject", "outer_subject", "poster")


def rendered(letter: Letter, file_name: str = "a.txt") -> tuple[bytes, bytes]:
    content = compose.text_entity("text\n", [(file_name, "text/plain", b"x")])
    outer = compose.outer(letter, to="m@northwind.example", ciphertext_armored=build.ARMORED)
    return compose.inner(letter, content), outer


def check(inner: bytes, outer: bytes) -> None:
    for raw in (inner, outer):
        head, _, rest = raw.partition(b"\r\n\r\n")
        assert rest
        for line in head.split(b"\r\n"):
            assert all(0x20 <= byte <= 0x7E for byte in line)
            assert line.strip()
        message = email.message_from_bytes(raw, policy=email.policy.SMTP)
        assert "X-Evil" not in message
        assert "Bcc" not in message
        for part in message.walk():
            assert "X-Evil" not in part
            assert not part.defects
    assert email.message_from_bytes(inner).keys()[:2] == ["Content-Type", "Content-Transfer-Encoding"]


@pytest.mark.parametrize(
    ("field", "character"),
    [pytest.param(f, c, id=f"{f}: {n}") for f, (n, c) in itertools.product(FIELDS, BREAKS.items())],
)
def test_text_in_a_field_ends_no_field(field, character):
    text = f"a{character}X-Evil: b{character}{character}body{character}"

    check(*rendered(replace(LETTER, **{field: text})))


@pytest.mark.parametrize("character", [pytest.param(c, id=n) for n, c in BREAKS.items()])
def test_text_in_a_file_name_ends_no_field(character):
    check(*rendered(LETTER, f"a{character}X-Evil: b{character}{character}body"))


@pytest.mark.parametrize("character", [pytest.param(c, id=n) for n, c in BREAKS.items()])
@pytest.mark.parametrize(
    "field", ["list_address", "message_id", "in_reply_to", "references", "list_id", "auto_submitted"]
)
def test_ids_and_addresses_with_such_characters_are_refused(field, character):
    text = f"<a@b.example{character}X-Evil: x>" if field != "list_address" else f"a@b.example{character}X-Evil: x"
    value = (text,) if field in ("in_reply_to", "references") else text

    with pytest.raises(ValueError, match="header|message id") as caught:
        rendered(replace(LETTER, **{field: value}))

    assert "X-Evil" not in str(caught.value)


@pytest.mark.parametrize("character", [pytest.param(c, id=n) for n, c in BREAKS.items()])
def test_a_recipient_with_such_characters_is_refused(character):
    with pytest.raises(ValueError, match="header"):
        compose.outer(LETTER, to=f"a@b.example{character}", ciphertext_armored=build.ARMORED)


@pytest.mark.parametrize("character", [pytest.param(c, id=n) for n, c in BREAKS.items()])
def test_the_last_check_stands_on_its_own(character):
    with pytest.raises(ValueError, match="must not be sent"):
        emit.header((("X-Any", f"a{character}b"),))
    with pytest.raises(ValueError, match="must not be sent"):
        emit.header(((f"X{character}Any", "a"),))


@given(st.text(max_size=200), st.text(max_size=200), st.text(max_size=200))
def test_no_text_at_all_ends_a_field(subject, poster, file_name):
    check(*rendered(replace(LETTER, subject=subject, poster=poster), file_name))
