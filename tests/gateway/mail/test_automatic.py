from __future__ import annotations

import pytest

import builders_mail as build
from gateway.mail.model import Mail, Payload
from gateway.mail.parse import read_mail, read_payload

OURS = ("early-disclosure.lists.example",)


def judged(raw: bytes, envelope_from: str | None = "a@b.example") -> str | None:
    found = read_mail(raw, envelope_from=envelope_from, own_list_ids=OURS)
    assert isinstance(found, Mail), found
    return found.automatic


def calendar(method: str) -> bytes:
    return build.text_part("BEGIN:VCALENDAR\n", kind=f"text/calendar; method={method}")


def report(kind: str) -> bytes:
    return build.multipart("report", build.text_part(), build.text_part(), params=f"; report-type={kind}")


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        pytest.param(build.head("Auto-Submitted: auto-replied") + build.text_part(), "auto-submitted", id="RFC 3834"),
        pytest.param(
            build.head("Auto-Submitted: Auto-Generated; x=y") + build.encrypted(), "auto-submitted", id="sealed"
        ),
        pytest.param(build.head("Auto-Submitted: auto-notified") + build.text_part(), "auto-submitted", id="RFC 5436"),
        pytest.param(build.head(*["Received: by x"] * 50) + build.encrypted(), "loop", id="too many hops"),
        pytest.param(
            build.head("List-Id: Early <Early-Disclosure.lists.example>") + build.encrypted(), "loop", id="own List-Id"
        ),
        pytest.param(build.head() + report("delivery-status"), "bounce", id="DSN"),
        pytest.param(build.head() + report("disposition-notification"), "read-receipt", id="MDN"),
        pytest.param(build.head() + report("x"), "report", id="some report"),
        pytest.param(build.head("X-Failed-Recipients: a@b.example") + build.text_part(), "bounce", id="Exim"),
        pytest.param(build.head("X-Autoreply: yes") + build.text_part(), "vacation", id="X-Autoreply"),
        pytest.param(build.head("Precedence: auto_reply") + build.text_part(), "vacation", id="Precedence"),
        pytest.param(build.head("Precedence: junk") + build.text_part(), "bulk", id="junk"),
        pytest.param(build.head("Return-Path: <>") + build.text_part(), "null-sender", id="null return path"),
        pytest.param(build.head() + calendar("REQUEST"), "calendar", id="an invitation"),
        pytest.param(
            build.head() + build.multipart("alternative", build.text_part(), calendar("reply")),
            "calendar",
            id="accepted",
        ),
        pytest.param(
            build.head() + build.text_part("\U0001f44d", "Content-Disposition: reaction"), "reaction", id="RFC 9078"
        ),
    ],
)
def test_what_no_person_wrote_is_told(raw, expected):
    assert judged(raw) == expected


@pytest.mark.parametrize(
    "subject",
    [
        "Automatic reply: [...]",
        "AUTOMATIC REPLY: x",
        "Auto-Reply: x",
        "Out of Office AutoReply: x",
        "Out of the office: x",
        "Abwesenheitsnotiz: x",
        "Automatische Antwort: x",
        "R\u00e9ponse automatique : x",
        "Respuesta autom\u00e1tica: x",
        "Risposta automatica: x",
        "Resposta autom\u00e1tica: x",
        "Automatisch antwoord: x",
        "Autosvar: x",
        "\u0410\u0432\u0442\u043e\u043c\u0430\u0442 \u043e\u0442\u0432\u0435\u0442: x",
        "\u0410\u0432\u0442\u043e\u043e\u0442\u0432\u0435\u0442: x",
        "\u81ea\u52a8\u7b54\u590d: x",
        "\u81ea\u52d5\u5fdc\u7b54: x",
    ],
)
def test_a_vacation_subject_in_clear_is_automatic(subject):
    raw = build.crlf(f"From: a@b.example\nSubject: {subject}\nIn-Reply-To: <a@b.example>\n") + build.text_part()

    assert judged(raw) == "vacation"


@pytest.mark.parametrize(
    "subject",
    [
        "Re: Automatic reply: x",
        "LEAK: our automatic reply: it quoted the patch",
        "Automatic reply leaked the subject",
        "Out of office printer: vulnerability",
        "Re: [ED-2026-K7QX] out of office: bug",
        "Absence of checks: heap overflow",
    ],
)
def test_a_persons_subject_is_not(subject):
    assert judged(build.crlf(f"From: a@b.example\nSubject: {subject}\n") + build.text_part()) is None


@pytest.mark.parametrize(
    "raw",
    [
        pytest.param(build.head("Auto-Submitted: no") + build.text_part(), id="Auto-Submitted: no"),
        pytest.param(build.head("Auto-Submitted: no (by hand)") + build.text_part(), id="with a comment"),
        pytest.param(
            build.head("Precedence: list", "List-Id: <psirt.northwind.example>") + build.text_part(), id="alias"
        ),
        pytest.param(
            build.head("Precedence: bulk", "List-Id: <psirt.northwind.example>") + build.text_part(), id="old alias"
        ),
        pytest.param(build.head("Precedence: bulk") + build.encrypted(), id="weak marks on a sealed mail"),
        pytest.param(build.head("X-Auto-Response-Suppress: All") + build.text_part(), id="a wish, not a mark"),
        pytest.param(build.head(*["Received: by x"] * 49) + build.text_part(), id="49 hops"),
        pytest.param(
            build.head() + build.multipart("alternative", build.text_part(), calendar("request")), id="sends a date"
        ),
    ],
)
def test_a_persons_mail_is_never_taken_for_automatic(raw):
    assert judged(raw) is None


def test_the_null_sender_marks_a_clear_mail_but_no_sealed_one():
    assert judged(build.head() + build.text_part(), envelope_from="") == "null-sender"
    assert judged(build.head() + build.encrypted(), envelope_from="") is None


def test_a_reaction_inside_the_encryption_is_told_too():
    found = read_payload(build.text_part("\U0001f44d", "Content-Disposition: reaction"))

    assert isinstance(found, Payload)
    assert found.automatic == "reaction"
