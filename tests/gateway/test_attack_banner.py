"""Attacks on the banner: nothing that a poster writes may be read above it."""

from __future__ import annotations

import pytest

from gateway.mail import parse, rebuild
from gateway.mail.model import Payload

BANNER = "THE BANNER\n"
FAKE = "THE FAKE"


def read(*parts: str, kind: str = "mixed") -> Payload:
    """A payload of these parts, each with its header."""
    body = "".join(f"--b\r\n{part}\r\n" for part in parts)
    raw = f'Content-Type: multipart/{kind}; boundary="b"\r\n\r\n{body}--b--\r\n'.encode()
    payload = parse.read_payload(raw)
    assert isinstance(payload, Payload)
    return payload


TEXT = "Content-Type: text/plain\r\n\r\nThe text."


@pytest.mark.parametrize("mode", ["inline", "part"])
@pytest.mark.parametrize(
    "payload",
    [
        pytest.param(read(f"Content-Type: text/html\r\n\r\n<p>{FAKE}</p>", TEXT), id="html-above-the-text"),
        pytest.param(read(f"Content-Type: text/enriched\r\n\r\n{FAKE}", TEXT), id="another-kind-of-text"),
        pytest.param(
            read(f"Content-Type: text/rfc822-headers\r\n\r\n{FAKE}: x", TEXT), id="headers-not-marked-as-legacy"
        ),
        pytest.param(
            read(f"Content-Type: text/html\r\n\r\n<p>{FAKE}</p>", TEXT, kind="alternative"), id="html-first-of-two"
        ),
    ],
)
def test_no_text_of_the_poster_stands_above_the_banner(payload: Payload, mode: str) -> None:
    made = rebuild.distributed(payload, banner=BANNER, banner_mode=mode).render()  # type: ignore[arg-type]

    assert b"THE BANNER" in made
    assert FAKE.encode() not in made.partition(b"THE BANNER")[0]
    assert b"The text." in made


def test_html_beside_a_blank_plain_text_is_what_people_read_below_the_banner() -> None:
    html = "Content-Type: text/html\r\n\r\n<p>The text.</p>"
    payload = read("Content-Type: text/plain\r\n\r\n \r\n", html, kind="alternative")
    made = rebuild.distributed(payload, banner=BANNER).render()

    assert payload.text_is_html
    assert made.count(b"text/plain") == 1
    assert b"THE BANNER\r\n\r\nThe text." in made
    assert b"<p>" not in made
