from __future__ import annotations

import email
import email.policy
import hashlib
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

import builders_mail as build
from gateway.mail import compose
from gateway.mail.model import Payload
from gateway.mail.parse import read_payload
from gateway.mail.rebuild import distributed

BANNER = "== ED-2026-K7QX, TLP:AMBER+STRICT ==\nTo report a leak, reply: Leak: what\n"
LETTER = compose.Letter(
    list_address="ed@lists.example",
    list_name="Early",
    list_id="ed.lists.example",
    outer_subject="[...]",
    subject="[ED-2026-K7QX] x",
    message_id="<x1@lists.example>",
    date=datetime(2026, 11, 22, tzinfo=UTC),
)
HTML = build.text_part("<p>Scope: all</p>", kind="text/html")
TEXT = build.text_part("Scope: all\n\nHello \u00fc.\n")


def payload_of(raw: bytes) -> Payload:
    found = read_payload(raw)
    assert isinstance(found, Payload), found
    return found


def sent(raw: bytes, **options: object) -> Payload:
    """What a member's program finds inside."""
    content = distributed(payload_of(raw), banner=BANNER, **options)  # type: ignore[arg-type]
    inner = compose.inner(LETTER, content)
    # Python's own parser must see the same leaves.
    leaves = [
        part for part in email.message_from_bytes(inner, policy=email.policy.SMTP).walk() if not part.is_multipart()
    ]
    found = payload_of(inner)
    if not any(part.content_type == "message/rfc822" for part in found.parts):
        assert [part.get_content_type() for part in leaves] == [part.content_type for part in found.parts]
    return found


def kinds(payload: Payload) -> list[str]:
    return [part.content_type for part in payload.parts]


def test_the_banner_stands_on_top_of_the_text():
    found = sent(TEXT)

    assert kinds(found) == ["text/plain"]
    assert found.text == BANNER + "\nScope: all\n\nHello \u00fc.\n"


def test_the_control_block_is_left_out():
    assert sent(TEXT, strip_block=1).text == BANNER + "\nHello \u00fc.\n"


def test_protected_fields_of_the_poster_do_not_go_out():
    raw = build.protected(TEXT, "Subject: canary", "From: alice@northwind.example", "X-Canary: canary")
    file = b"Subject: canary\r\nX-Canary: canary\r\n" + build.file_part()

    for mode in ("inline", "part"):
        for one in (raw, build.protected(build.multipart("mixed", TEXT), "Subject: canary"), file):
            content = distributed(payload_of(one), banner=BANNER, banner_mode=mode)
            inner = compose.inner(LETTER, content)
            assert b"canary" not in inner
            assert inner.count(b"hp=") == 1
            assert inner.count(b"Subject:") == 2  # the list's own, and its HP-Outer


def test_an_html_alternative_is_left_out():
    raw = build.multipart("mixed", build.multipart("alternative", TEXT, HTML, boundary="b2"), build.file_part())
    found = sent(raw)

    assert kinds(found) == ["text/plain", "application/octet-stream"]
    assert found.text.startswith(BANNER)


def test_an_attachment_beside_the_html_alternative_stays_to_be_seen():
    beside = build.multipart("mixed", HTML, build.file_part(), boundary="b3")
    found = sent(build.multipart("alternative", TEXT, beside, boundary="b2"))
    content = distributed(payload_of(build.multipart("alternative", TEXT, beside, boundary="b2")), banner=BANNER)

    assert kinds(found) == ["text/plain", "application/octet-stream"]
    assert content.content_type.startswith(("multipart/mixed", "multipart/alternative"))


def test_kept_html_puts_the_banner_in_a_part_of_its_own():
    found = sent(build.multipart("alternative", TEXT, HTML, boundary="b2"), keep_html=True, strip_block=1)

    assert kinds(found) == ["text/plain", "text/plain", "text/html"]
    assert found.parts[0].text == BANNER
    assert found.parts[1].text == "Hello \u00fc.\n"


def test_html_alone_goes_out_as_its_words():
    found = sent(build.multipart("mixed", HTML, build.file_part()))

    assert kinds(found) == ["text/plain", "application/octet-stream"]
    assert found.text == BANNER + "\nScope: all\n"


def test_html_that_is_no_alternative_is_kept():
    assert kinds(sent(build.multipart("mixed", TEXT, HTML))) == ["text/plain", "text/html"]


def test_without_any_text_the_banner_is_a_part():
    found = sent(build.file_part("a.bin", b"abc"))

    assert kinds(found) == ["text/plain", "application/octet-stream"]
    assert found.text == BANNER
    assert found.parts[1].filename == "a.bin"
    assert found.parts[1].digest == hashlib.sha256(b"abc").hexdigest()


def test_a_withheld_part_is_gone_and_the_other_untouched():
    raw = build.multipart("mixed", TEXT, build.file_part("fix.patch", b"canary"), build.file_part("poc.c", b"stays"))
    withheld = next(part.path for part in payload_of(raw).parts if part.filename == "fix.patch")

    for mode in ("inline", "part"):
        found = sent(raw, drop={withheld}, banner_mode=mode)
        assert "fix.patch" not in repr(found.parts) + found.raw.decode()
        assert [part.digest for part in found.parts if part.filename] == [hashlib.sha256(b"stays").hexdigest()]


def test_a_withheld_part_deep_inside_is_gone():
    deep = build.multipart("mixed", build.file_part("a.bin", b"a"), build.file_part("b.bin", b"b"), boundary="b3")
    found = sent(build.multipart("mixed", TEXT, build.multipart("related", deep, boundary="b2")), drop={(2, 1, 1)})

    assert [part.filename for part in found.parts] == ["", "b.bin"]


def test_all_parts_withheld_leaves_the_banner():
    found = sent(build.multipart("mixed", build.file_part()), drop={(1,)})

    assert kinds(found) == ["text/plain"]
    assert found.text == BANNER


def test_a_banner_part_leaves_the_posters_tree_as_it_is():
    tree = build.multipart(
        "mixed",
        build.multipart("alternative", TEXT, HTML, boundary="b2"),
        build.file_part(),
        epilogue=b"odd epilogue\r\n",
    )
    found = sent(tree, banner_mode="part", strip_block=1)

    assert found.text == BANNER
    assert kinds(found) == ["text/plain", "text/plain", "text/html", "application/octet-stream"]
    body = tree.partition(b"\r\n\r\n")[2]
    assert body in found.raw


def test_an_untouched_multipart_is_copied_as_it_is():
    related = build.multipart("related", HTML, build.file_part("i.png"), params='; type="text/html"', boundary="b2")

    assert related in sent(build.multipart("mixed", TEXT, related)).raw


def test_a_nested_signature_goes_along_untouched():
    nested = build.signed(build.text_part("signed elsewhere \n"))

    assert nested in sent(build.multipart("mixed", TEXT, nested)).raw


def test_an_attached_message_goes_along_untouched():
    attached = b"Content-Type: message/rfc822\r\n\r\n" + build.head() + build.encrypted()

    assert attached in sent(build.multipart("mixed", TEXT, attached)).raw


def test_payload_lines_with_bare_line_feeds_keep_their_bytes():
    raw = build.multipart("mixed", TEXT, build.text_part("a\nb\n", "Content-Disposition: attachment; filename=a"))
    found = sent(raw.replace(b"\r\n", b"\n"))

    assert found.parts[1].digest == hashlib.sha256(b"a\nb\n").hexdigest()


def test_the_same_payload_gives_the_same_bytes():
    raw = build.multipart("mixed", TEXT, build.file_part())

    assert distributed(payload_of(raw), banner=BANNER) == distributed(payload_of(raw), banner=BANNER)


def test_a_boundary_of_ours_in_the_posters_bytes_changes_nothing():
    first = distributed(payload_of(build.multipart("mixed", TEXT, build.file_part())), banner=BANNER)
    ours = first.content_type.partition('boundary="')[2].rstrip('"')
    hostile = build.text_part(f"--{ours}--\n", "Content-Disposition: attachment; filename=x")

    assert len(sent(build.multipart("mixed", TEXT, build.file_part(), hostile)).parts) == 3


_PLAIN = st.text(alphabet=st.characters(exclude_categories=["Cs"], exclude_characters="\0\r"), max_size=80)


@given(
    contents=st.lists(st.binary(max_size=400), max_size=4),
    text=_PLAIN,
    mode=st.sampled_from(["inline", "part"]),
    keep_html=st.booleans(),
    with_html=st.booleans(),
)
def test_attachments_come_through_byte_for_byte(contents, text, mode, keep_html, with_html):
    body = build.text_part(text.replace("--b", ""))
    first = build.multipart("alternative", body, HTML, boundary="b2") if with_html else body
    raw = build.multipart("mixed", first, *(build.file_part(f"{n}.bin", data) for n, data in enumerate(contents)))

    found = sent(raw, banner_mode=mode, keep_html=keep_html)

    digests = [part.digest for part in found.parts if part.filename]
    assert digests == [hashlib.sha256(data).hexdigest() for data in contents]
    assert BANNER.strip() in found.text


@pytest.mark.parametrize("drop", [(), ((2,),)])
def test_only_a_read_payload_can_be_distributed(drop):
    bogus = Payload(raw=b"broken", parts=(), text="", text_is_html=False, protected=None)

    with pytest.raises(ValueError, match="read before"):
        distributed(bogus, banner=BANNER, drop=drop)


def test_the_subject_repeated_for_old_programs_is_left_out():
    legacy = build.text_part("Subject: canary\n", kind='text/rfc822-headers; protected-headers="v1"')
    raw = build.multipart("mixed", legacy, TEXT)

    assert kinds(sent(raw)) == ["text/plain"]
    assert kinds(sent(raw, banner_mode="part")) == ["text/plain", "text/rfc822-headers", "text/plain"]
