from __future__ import annotations

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

import builders_mail as build
from gateway.mail.model import Form, Mail, Payload, Problem, SignedPayload
from gateway.mail.parse import read_mail, read_payload


def mail_of(raw: bytes) -> Mail:
    found = read_mail(raw)
    assert isinstance(found, Mail), found
    return found


def payload_of(raw: bytes) -> Payload:
    found = read_payload(raw)
    assert isinstance(found, Payload), found
    return found


def test_an_encrypted_mail_gives_its_ciphertext_as_it_stands():
    mail = mail_of(build.head() + build.encrypted())

    assert mail.form is Form.ENCRYPTED
    assert mail.ciphertext == build.ARMORED
    assert mail.payload is None
    assert mail.headers.subject == "Hello"
    assert mail.headers.message_id == "<m1@northwind.example>"


def test_a_ciphertext_in_base64_is_decoded():
    part = b"Content-Type: application/octet-stream\r\nContent-Transfer-Encoding: base64\r\n\r\nAAECAw==\r\n"
    first = b"Content-Type: application/pgp-encrypted\r\n\r\nVersion: 1\r\n"
    raw = build.head() + build.multipart("encrypted", first, part, params="; protocol=application/pgp-encrypted")

    assert mail_of(raw).ciphertext == b"\x00\x01\x02\x03"


def test_signed_bytes_are_the_exact_slice_before_the_delimiter():
    part = build.text_part("From here  \n-- \ntrailing blanks \t\n")
    mail = mail_of(build.head() + build.signed(part))

    assert mail.form is Form.SIGNED
    assert mail.signed == part
    assert mail.signature == build.SIGNATURE
    assert mail.payload is not None
    assert mail.payload.raw == part


def test_a_payload_that_is_one_signed_whole_is_told_apart():
    part = build.text_part("Inside.\n")
    found = read_payload(build.signed(part))

    assert isinstance(found, SignedPayload)
    assert found.signed == part
    assert found.payload.text == "Inside.\n"


def test_signed_bytes_of_a_payload_sealed_with_bare_line_feeds_get_crlf():
    part = build.text_part("Inside.\nTwo.\n")
    found = read_payload(build.signed(part).replace(b"\r\n", b"\n"))

    assert isinstance(found, SignedPayload)
    assert found.signed == part
    assert found.payload.raw == part


def test_parts_are_slices_with_digests_of_their_decoded_content():
    data = bytes(range(256)) * 5
    raw = build.multipart("mixed", build.text_part("Hi\n"), build.file_part("a b.bin", data))
    payload = payload_of(raw)

    text, file = payload.parts
    assert (text.path, file.path) == ((1,), (2,))
    assert not text.is_attachment
    assert file.is_attachment
    assert file.filename == "a b.bin"
    assert file.size == len(data)
    assert file.digest == hashlib.sha256(data).hexdigest()
    # The line end before a delimiter belongs to the delimiter.
    assert raw[file.start : file.end] == build.file_part("a b.bin", data)
    assert payload.text == "Hi\n"


@pytest.mark.parametrize(
    ("disposition", "kind", "expected"),
    [
        pytest.param('attachment; filename="x.patch"', "text/plain", "x.patch", id="plain"),
        pytest.param("attachment; filename=x.patch", "text/plain", "x.patch", id="without quotes"),
        pytest.param("attachment; filename=my fix.patch", "text/plain", "my fix.patch", id="blank without quotes"),
        pytest.param("attachment; filename*=utf-8''%C3%BCber.patch", "text/plain", "\u00fcber.patch", id="RFC 2231"),
        pytest.param(
            "attachment; filename*0*=utf-8''%C3%BC; filename*1=ber; filename*2*=%2Epatch",
            "text/plain",
            "\u00fcber.patch",
            id="RFC 2231 in pieces",
        ),
        pytest.param(
            'attachment; filename="=?utf-8?q?=C3=BCber=2Epatch?="', "text/plain", "\u00fcber.patch", id="RFC 2047"
        ),
        pytest.param("attachment", 'text/plain; name="y.patch"', "y.patch", id="name of the type"),
        pytest.param('inline; filename="a\\"b"', "text/plain", 'a"b', id="quoted pair"),
        pytest.param("attachment; filename*=utf-8''a%0D%0Ab", "text/plain", "a  b", id="line break"),
        pytest.param("attachment; filename=\u00fcber", "text/plain", "\u00fcber", id="raw UTF-8"),
    ],
)
def test_file_names_are_decoded(disposition, kind, expected):
    part = build.text_part("x\n", f"Content-Disposition: {disposition}", kind=kind)
    found = payload_of(build.multipart("mixed", build.text_part(), part))

    assert found.parts[1].filename == expected
    assert found.parts[1].is_attachment


@pytest.mark.parametrize(
    ("kind", "fields", "body", "expected"),
    [
        pytest.param("text/plain", (), b"plain\r\n", "plain\n", id="no charset"),
        pytest.param("text/plain; charset=iso-8859-1", (), b"\xfcber", "\u00fcber", id="latin-1"),
        pytest.param("text/plain; charset=utf-8", (), b"\xfcber", "\u00fcber", id="said UTF-8, is latin-1"),
        pytest.param("text/plain; charset=us-ascii", (), b"\xc3\xbcber", "\u00fcber", id="said ASCII, is UTF-8"),
        pytest.param("text/plain; charset=x-nonsense", (), b"abc", "abc", id="unknown charset"),
        pytest.param("text/plain; charset=utf-7", (), b"+AGE-", "+AGE-", id="a charset that hides text"),
        pytest.param("text/plain; charset=iso-2022-jp", (), b'\x1b$B$"\x1b(B', "\u3042", id="iso-2022-jp"),
        pytest.param(
            "text/plain; charset=utf-8",
            ("Content-Transfer-Encoding: quoted-printable",),
            b"a=C3=BC=\r\nb\r\n",
            "a\u00fcb\n",
            id="quoted-printable",
        ),
        pytest.param(
            "text/plain; charset=utf-8",
            ("Content-Transfer-Encoding: BASE64",),
            b"w7w=\r\n",
            "\u00fc",
            id="base64 in capitals",
        ),
        pytest.param(
            "text/plain; format=flowed",
            (),
            b"one \r\ntwo\r\n stuffed\r\n> q \r\n> r\r\n-- \r\nme\r\n",
            "one two\nstuffed\n> q r\n-- \nme\n",
            id="format=flowed",
        ),
        pytest.param("text/plain; format=flowed; delsp=yes", (), b"on \r\ne\r\n", "one\n", id="DelSp"),
    ],
)
def test_text_is_decoded(kind, fields, body, expected):
    header = build.crlf("".join(f"{field}\n" for field in (f"Content-Type: {kind}", *fields)) + "\n")

    assert payload_of(header + body).text == expected


def test_text_is_the_first_plain_text_though_html_stands_before_it():
    html = build.text_part("<p>html</p>", kind="text/html")
    raw = build.multipart("alternative", html, build.text_part("plain\n"))

    found = payload_of(raw)

    assert found.text == "plain\n"
    assert not found.text_is_html


def test_html_alone_is_reduced_to_its_words():
    source = (
        "<html><head><title>no</title><style>p{}</style></head><body><p>Leak&colon; a &amp; b<br>two"
        "<script>no()</script><!-- no --><blockquote>quoted<p>more</blockquote>1 < 2</body></html>"
    )
    found = payload_of(build.text_part(source, kind="text/html"))

    assert found.text_is_html
    assert found.text == "Leak: a & b\ntwo\n> quoted\n> more\n1 < 2\n"


def test_an_attached_text_is_not_the_text():
    attached = build.text_part("attached\n", "Content-Disposition: attachment")
    found = payload_of(build.multipart("mixed", attached, build.text_part("said\n")))

    assert found.text == "said\n"
    assert found.parts[0].text == "attached\n"


@pytest.mark.parametrize(
    "mark",
    [
        pytest.param('hp="cipher"', id="RFC 9788 cipher"),
        pytest.param('hp="clear"', id="RFC 9788 clear"),
        pytest.param('protected-headers="v1"', id="the forerunner"),
    ],
)
def test_protected_fields_are_read_at_the_root(mark):
    fields = ("Subject: Real =?utf-8?q?=C3=BC?=", "In-Reply-To: <a@b.example>", "To: X <x@B.Example>")
    found = payload_of(build.protected(build.text_part(), *fields, mark=mark))

    assert found.protected is not None
    assert found.protected.subject == "Real \u00fc"
    assert found.protected.in_reply_to == ("<a@b.example>",)
    assert found.protected.is_threaded
    assert found.protected.to[0].address == "x@b.example"


def test_protected_fields_deeper_inside_never_count():
    inner = build.protected(build.text_part(), "Subject: phony")

    assert payload_of(build.multipart("mixed", inner)).protected is None


def test_fields_without_a_mark_are_not_protected():
    assert payload_of(b"Subject: phony\r\n" + build.text_part()).protected is None


def test_the_legacy_display_of_a_protected_text_is_dropped():
    raw = build.protected(
        build.text_part("Subject: Real\n\nLeak: x\n\nText\n", kind='text/plain; hp-legacy-display="1"'),
        "Subject: Real",
    )

    assert payload_of(raw).text == "Leak: x\n\nText\n"


def test_a_broken_reply_field_still_makes_a_reply():
    mail = mail_of(build.head("In-Reply-To: your mail of Monday") + build.text_part())

    assert mail.headers.in_reply_to == ()
    assert mail.headers.is_threaded


def test_references_are_capped_and_keep_root_and_nearest():
    ids = [f"<{number}@x.example>" for number in range(150)]
    mail = mail_of(build.head("References: " + "\n ".join(ids)) + build.text_part())

    assert len(mail.headers.references) == 100
    assert mail.headers.references[0] == ids[0]
    assert mail.headers.references[1:] == tuple(ids[-99:])


@pytest.mark.parametrize(
    "raw",
    [
        pytest.param(b"no header at all", id="no field"),
        pytest.param(b"From nobody Mon\r\nFrom: a@b.example\r\n\r\nx", id="a line that is no field"),
        pytest.param(b"Subject : x\r\n\r\nx", id="a blank before the colon"),
        pytest.param(b" folded\r\nFrom: a@b.example\r\n\r\n", id="begins folded"),
        pytest.param(b"Subject: x\r\n \r\n y\r\n\r\n", id="a blank continuation"),
        pytest.param(b"Subject: x\ry\r\n\r\n", id="a bare carriage return in the header"),
        pytest.param(b"Subject: x\0y\r\n\r\n", id="NUL in the header"),
        pytest.param(b"Content-Type: multipart/mixed\r\n\r\nx", id="multipart without boundary"),
        pytest.param(b"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nx", id="multipart cut off"),
        pytest.param(b"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b--\r\n", id="multipart without parts"),
        pytest.param(
            build.multipart("mixed", build.text_part(), params="\r\nContent-Transfer-Encoding: base64"),
            id="multipart in base64",
        ),
        pytest.param(b"Content-Type: text\r\n\r\nx", id="half a type"),
        pytest.param(b'Content-Type: text/plain; charset="a" b\r\n\r\nx', id="text between parameters"),
        pytest.param(b"Content-Type: text/plain; charset=a; charset=b\r\n\r\nx", id="a parameter twice"),
        pytest.param(
            b"Content-Type: multipart/mixed; boundary*0=b\r\n\r\n--b\r\n\r\n\r\n--b--", id="boundary in pieces"
        ),
    ],
)
def test_what_programs_read_differently_is_malformed(raw):
    found = read_mail(raw)

    assert isinstance(found, Problem)
    assert found.reason == "malformed"


def test_thread_and_subject_of_an_unreadable_mail_are_made_out():
    raw = build.head("In-Reply-To: <ours@lists.example>", "References: <a@x.example>\n <b@x.example>", "broken line")

    found = read_mail(raw + b"\r\nx")

    assert isinstance(found, Problem)
    assert found.threads == ("<ours@lists.example>", "<a@x.example>", "<b@x.example>")
    assert found.subject == "Hello"
    assert "Hello" not in repr(found)


def test_no_content_shows_in_a_repr():
    raw = build.head() + build.multipart("mixed", build.text_part("canary\n"), build.file_part("plain.txt"))
    mail = mail_of(raw.replace(b"Hello", b"canary"))

    assert "canary" not in repr(mail)


_PIECES = st.sampled_from(
    [
        b"\r\n",
        b"\n",
        b"\r\n\r\n",
        b"--b",
        b"--b--",
        b"Content-Type: multipart/mixed; boundary=b",
        b"Content-Type: multipart/signed; boundary=b; protocol=application/pgp-signature",
        b"Content-Type: text/plain; format=flowed; charset=idna",
        b"Content-Type: text/html",
        b"Content-Transfer-Encoding: base64",
        b"Content-Disposition: attachment; filename*1*=x''%",
        b"Subject: =?utf-8?b?====?= =?x?q?=?=",
        b'To: "a\\" <b@c>, (((, x:;, <<>>, @, a@b@c',
        b"References: <a@b> <<c@d>",
        b"<p><!--<script>&#x110000;</p>",
        b"> x \r\n>> y ",
        b"\x00\xff\xc3",
        b" ",
        b"=",
    ]
)


@given(st.lists(_PIECES, max_size=30).map(b"".join) | st.binary(max_size=300))
def test_reading_never_raises(raw):
    assert isinstance(read_mail(raw, envelope_from=""), Mail | Problem)
    assert isinstance(read_payload(raw), Payload | SignedPayload | Problem)


@given(st.lists(st.binary(max_size=200), min_size=1, max_size=5))
def test_attached_bytes_come_out_as_they_went_in(contents):
    raw = build.multipart("mixed", build.text_part(), *(build.file_part(data=data) for data in contents))
    found = payload_of(raw)

    assert [part.digest for part in found.parts[1:]] == [hashlib.sha256(data).hexdigest() for data in contents]


@pytest.mark.parametrize(
    ("data", "text"),
    [
        pytest.param(b"Notice\r\n\r\nUpdate to 1.2.3.\r\n", "Notice\n\nUpdate to 1.2.3.\n", id="text"),
        pytest.param("Gr\u00fc\u00dfe\n".encode(), "Gr\u00fc\u00dfe\n", id="utf-8"),
        pytest.param("Gr\u00fc\u00dfe\n".encode("latin-1"), None, id="another-charset"),
        pytest.param(b"ELF\x00\x01", None, id="binary"),
    ],
)
def test_a_file_of_no_named_kind_is_text_where_it_holds_nothing_else(data: bytes, text: str | None):
    payload = payload_of(build.multipart("mixed", build.text_part(), build.file_part("notice.txt", data)))

    assert payload.parts[1].text == text
    assert payload.parts[1].is_attachment
    assert payload.text == "Hello.\n"
