"""T18, MIME bombs: each is found within a tenth of a second of processor time."""

from __future__ import annotations

import gzip
import resource

import pytest

import builders_mail as build
from gateway.mail.limits import check
from gateway.mail.model import Mail, Payload, Problem
from gateway.mail.parse import read_mail, read_payload

ALLOWED = 0.1  # seconds of processor time


def nested(depth: int) -> bytes:
    head = b"".join(f'Content-Type: multipart/mixed; boundary="b{n}"\r\n\r\n--b{n}\r\n'.encode() for n in range(depth))
    tail = b"".join(f"\r\n--b{n}--\r\n".encode() for n in reversed(range(depth)))
    return head + b"\r\nx" + tail


def parts(count: int) -> bytes:
    return b"Content-Type: multipart/mixed; boundary=b\r\n\r\n" + b"--b\r\n\r\nx\r\n" * count + b"--b--\r\n"


def header(text: str) -> bytes:
    return build.crlf(text + "\n\nx\n")


def folded(name: str, piece: str, count: int) -> bytes:
    return header(f"{name}:" + f"\n {piece}" * count)


BOMBS = {
    "500 levels": nested(500),
    "21 levels": nested(22),
    "200,000 parts": parts(200_000),
    "501 parts": parts(501),
    "a subject of 20,000 encoded words": folded("Subject", "=?utf-8?q?=41?=", 20_000),
    "2,000 encoded words under the cap of bytes": folded("Subject", "=?utf-8?q?=41?=", 2_000),
    "20,000 addresses": folded("To", "a@b.example,", 20_000),
    "4,000 addresses under the cap of bytes": header(
        "Content-Type: text/plain; hp=clear\nTo:" + "\n a@b.example," * 4_000
    ),
    "3,000 RFC 2231 pieces": header(
        "Content-Type: text/plain" + "".join(f";\n a*{number}*=%41" for number in range(3_000))
    ),
    "100,000 fields": header("\n".join(f"X-{number}: y" for number in range(100_000))),
    "600 fields": header("\n".join(f"X-{number}: y" for number in range(600))),
    "70 KB of header": folded("Subject", "x" * 70, 1_000),
    "a header line of 1,000": header("Subject: " + "x" * 1_000),
    "a header of 25 MB without an end": b"Subject: " + b"x\r\n " * 6_000_000,
    "a body line of 20 MB": header("Subject: x") + b"x" * 20_000_000,
    "300 parts with a header of 54 KB each": b"Content-Type: multipart/mixed; boundary=b\r\n\r\n"
    + (b"--b\r\n" + (b"X-Y: " + b"y" * 900 + b"\r\n") * 60 + b"\r\n\r\n") * 300
    + b"--b--",
}

HARMLESS = {
    "20 levels": nested(20),
    "499 parts": parts(499),
    "3,000 encapsulated messages": b"Content-Type: message/rfc822\r\n\r\n" * 3_000,
    "5,000 open comments in an address": folded("To", "(" * 100, 50),
    "5,000 open brackets in an address": folded("To", "<" * 100, 50),
    "60,000 open quotes": folded("To", '"' * 100, 600),
    "backslashes": folded("To", '"' + "\\" * 99, 600),
    "an unclosed tag, often": b"Content-Type: text/html\r\n\r\n" + b"<script <!-- <p\r\n" * 60_000,
    "deep quotes": b"Content-Type: text/html\r\n\r\n" + b"<blockquote>" * 5_000,
    "10,000 folds of one character": header("Content-Type: text/plain; hp=clear\nTo: x" + "\n x" * 10_000),
    "near-delimiters": b"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\n"
    + b"--bx\r\n" * 150_000
    + b"--b--",
    "blanks behind a delimiter": b"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\n--b"
    + b" " * 60_000
    + b"x\r\n--b--",
}


def processor_time() -> float:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


@pytest.mark.parametrize("raw", [pytest.param(raw, id=name) for name, raw in BOMBS.items()])
@pytest.mark.parametrize("read", [read_mail, read_payload])
def test_a_bomb_is_too_complex_and_found_at_once(raw, read):
    began = processor_time()
    found = read(raw)
    spent = processor_time() - began

    assert isinstance(found, Problem)
    assert found.reason == "too-complex"
    assert spent < ALLOWED


@pytest.mark.parametrize("raw", [pytest.param(raw, id=name) for name, raw in HARMLESS.items()])
def test_what_looks_like_one_is_read_quickly(raw):
    began = processor_time()
    found = read_payload(raw)
    spent = processor_time() - began

    assert isinstance(found, Payload)
    assert spent < 10 * ALLOWED


def test_a_text_of_more_than_a_megabyte_is_no_letter():
    found = read_payload(build.text_part("x\n" * 600_000))

    assert isinstance(found, Problem)
    assert found.reason == "too-complex"


def test_an_attached_text_may_be_large():
    log = build.text_part("x\n" * 600_000, "Content-Disposition: attachment; filename=log.txt")
    found = read_payload(build.multipart("mixed", build.text_part(), log))

    assert isinstance(found, Payload)
    assert found.parts[1].size == 1_800_000
    assert found.parts[1].text is None


def test_the_largest_mail_allowed_takes_less_than_a_second():
    part = build.file_part(data=gzip.compress(b"x") * 800_000)
    raw = build.head() + build.multipart("mixed", build.text_part(), part)
    assert len(raw) > 20_000_000

    began = processor_time()
    found = read_mail(raw)
    spent = processor_time() - began

    assert isinstance(found, Mail)
    assert spent < 1


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        pytest.param(build.head() + build.text_part(), None, id="fine"),
        pytest.param(BOMBS["70 KB of header"], "too-complex", id="header bytes"),
        pytest.param(BOMBS["600 fields"], "too-complex", id="fields"),
        pytest.param(BOMBS["a body line of 20 MB"], "too-complex", id="line"),
        pytest.param(header("Subject: x") + b"x" * 60_000 + b"\r\ny", None, id="a long line of a sloppy sender"),
        pytest.param(b"", None, id="nothing"),
    ],
)
def test_raw_bytes_are_judged_before_any_structure(raw, reason):
    found = check(raw)

    assert (found.reason if found else None) == reason
