"""T16: fields that stand twice, and others that programs read differently."""

from __future__ import annotations

import pytest

import builders_mail as build
from gateway.mail.fields import SINGLE_IN_ENTITY, SINGLE_IN_MESSAGE
from gateway.mail.model import Mail, Payload, Problem
from gateway.mail.parse import read_mail, read_payload


@pytest.mark.parametrize("name", sorted(SINGLE_IN_MESSAGE | SINGLE_IN_ENTITY))
def test_a_field_that_may_stand_once_stands_once(name):
    raw = build.crlf(f"{name}: text/plain\n{name.upper()}: text/plain\n\nx\n")

    for found in (read_mail(raw), read_payload(raw)):
        assert isinstance(found, Problem)
        assert found.reason == "malformed"


@pytest.mark.parametrize("name", ["Content-Type", "Content-Transfer-Encoding", "Content-Disposition"])
def test_also_inside_a_part(name):
    part = build.crlf(f"{name}: text/plain\n{name}: text/plain\n\nx\n")

    found = read_payload(build.multipart("mixed", part))

    assert isinstance(found, Problem)
    assert found.reason == "malformed"


def test_a_part_may_repeat_what_only_a_message_has_once():
    part = build.crlf("Subject: a\nSubject: b\n\nx\n")

    assert isinstance(read_payload(build.multipart("mixed", part)), Payload)


def test_several_authors_are_all_seen():
    raw = build.crlf("From: A <a@northwind.example>, team: b@contoso.example;\n\nx\n")
    found = read_mail(raw)

    assert isinstance(found, Mail)
    assert [address.address for address in found.headers.sender] == ["a@northwind.example", "b@contoso.example"]


def test_a_name_that_looks_like_an_address_is_a_name():
    raw = build.crlf('From: "alice@northwind.example" <mallory@evil.example>\n\nx\n')
    found = read_mail(raw)

    assert isinstance(found, Mail)
    assert [address.address for address in found.headers.sender] == ["mallory@evil.example"]


def test_a_line_break_in_an_encoded_word_makes_no_field():
    raw = build.crlf("Subject: =?utf-8?q?x=0D=0AIn-Reply-To:_=3Ca@b=3E?=\n\nx\n")
    found = read_mail(raw)

    assert isinstance(found, Mail)
    assert found.headers.subject == "x  In-Reply-To: <a@b>"
    assert not found.headers.is_threaded


def test_folding_is_undone_and_nothing_else():
    raw = build.crlf("Subject: one\n two\n\tthree\n\nx\n")
    found = read_mail(raw)

    assert isinstance(found, Mail)
    assert found.headers.subject == "one two three"


def test_the_transfer_encoding_is_that_of_the_whole_value():
    raw = build.crlf("Content-Type: text/plain\nContent-Transfer-Encoding: 7bit base64\n\naGk=\n")
    found = read_payload(raw)

    assert isinstance(found, Payload)
    assert found.parts[0].text is None
    assert found.parts[0].is_attachment
