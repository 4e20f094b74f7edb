from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.mail import words
from gateway.mail.headers import normal_address, read_addresses, read_ids
from gateway.mail.model import Address


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("user@Lists.Example", "user@lists.example", id="domain in lower case"),
        pytest.param("User@lists.example", "User@lists.example", id="local part as it is"),
        pytest.param("u+tag@lists.example", "u+tag@lists.example", id="a tag is part of the local part"),
        pytest.param("a@b\u00fccher.example", "a@xn--bcher-kva.example", id="U-label"),
        pytest.param("a@XN--BCHER-KVA.example", "a@xn--bcher-kva.example", id="A-label"),
        pytest.param("a@bu\u0308cher.example", "a@xn--bcher-kva.example", id="decomposed"),
        pytest.param("a@p\u0430ypal.example", "a@xn--pypal-4ve.example", id="Cyrillic look-alike is another domain"),
        pytest.param("a@stra\u00dfe.example", "a@xn--strae-oqa.example", id="sharp s, IDNA 2008"),
        pytest.param("a@\ufb01n.example", None, id="ligature"),
        pytest.param("a@\uff45xample.example", None, id="full width"),
        pytest.param("a@e\u200dx.example", None, id="zero width"),
        pytest.param("a@b.example.", None, id="trailing dot"),
        pytest.param("a@.example", None, id="empty label"),
        pytest.param("a@", None, id="no domain"),
        pytest.param("a", None, id="no at sign"),
        pytest.param("@b.example", None, id="no local part"),
        pytest.param("@r.example:a@b.example", None, id="route"),
        pytest.param("a@b@c.example", None, id="two at signs"),
        pytest.param("(c)a@b.example", None, id="comment"),
        pytest.param('"a"@b.example', None, id="quoted"),
        pytest.param("a b@c.example", None, id="blank"),
        pytest.param("a%c.example@b.example", None, id="percent path"),
        pytest.param("c!a@b.example", None, id="bang path"),
        pytest.param("a\0@b.example", None, id="NUL in local part"),
        pytest.param("a@b\0.example", None, id="NUL in domain"),
        pytest.param("a@b.example\n", None, id="line feed at the end"),
        pytest.param("\u00fc@b.example", None, id="local part beyond ASCII"),
        pytest.param("a@[192.0.2.1]", None, id="domain literal"),
        pytest.param(".a@b.example", None, id="leading dot"),
        pytest.param("a..b@c.example", None, id="two dots"),
        pytest.param("a" * 65 + "@b.example", None, id="local part too long"),
        pytest.param("a@" + "b." * 130 + "example", None, id="too long"),
    ],
)
def test_addresses_have_one_spelling_or_none(text, expected):
    assert normal_address(text) == expected


@given(st.text(max_size=60))
def test_a_normal_address_stays_as_it_is(text):
    once = normal_address(text)

    assert once is None or (normal_address(once) == once and once.isascii())


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        pytest.param("a@b.example", [("", "a@b.example")], id="bare"),
        pytest.param("Alice <a@b.example>, <c@d.example>", [("Alice", "a@b.example"), ("", "c@d.example")], id="two"),
        pytest.param('"Doe, Jane" <a@b.example>', [("Doe, Jane", "a@b.example")], id="comma in quotes"),
        pytest.param("=?utf-8?q?J=C3=B6=2C?= <a@b.example>", [("J\u00f6,", "a@b.example")], id="comma encoded"),
        pytest.param("=?utf-8?q?x=40evil=2Eexample?= <a@b.example>", [("x@evil.example", "a@b.example")], id="address"),
        pytest.param("team: a@b.example, c@d.example;", [("", "a@b.example"), ("", "c@d.example")], id="group"),
        pytest.param("undisclosed-recipients:;", [], id="empty group"),
        pytest.param("a@b.example (Alice (x) \\) y)", [("", "a@b.example")], id="comment"),
        pytest.param("a (c) @ b.example", [("", "a@b.example")], id="blanks and comments inside"),
        pytest.param("", [], id="nothing"),
        pytest.param("<@r.example:a@b.example>", [("", "?@r.example:a@b.example")], id="route is kept as an outsider"),
        pytest.param("<a\0@b.example>", [("", "?a @b.example")], id="NUL never vanishes"),
        pytest.param("<x@y.example> <a@b.example>", [("<x@y.example>", "a@b.example")], id="two in brackets"),
        pytest.param("Alice", [("", "?Alice")], id="no address at all"),
        pytest.param("((((", [], id="nothing but open comments"),
    ],
)
def test_address_lists_are_taken_apart(value, expected):
    assert read_addresses(value.encode()) == tuple(Address(*pair) for pair in expected)


@given(
    st.lists(st.sampled_from(['"', "\\", "<", ">", "(", ")", ",", ";", ":", "@", "a", " ", "=?utf-8?q?"]), max_size=40)
)
def test_an_address_list_never_raises(pieces):
    for address in read_addresses("".join(pieces).encode()):
        assert address.address.startswith("?") or normal_address(address.address) == address.address


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        pytest.param(b"<a@b>", ("<a@b>",), id="one"),
        pytest.param(b"<a@b><c@d>  <a@b>", ("<a@b>", "<c@d>"), id="once each"),
        pytest.param(b"Your mail of Monday <a@b>", ("<a@b>",), id="with prose"),
        pytest.param(b"<a b@c> <ab> <@> <a@>", (), id="none"),
        pytest.param(b"<" + b"a" * 300 + b"@b>", (), id="too long"),
        pytest.param("<\u00fc@b>".encode(), (), id="beyond ASCII"),
        pytest.param(b"<a@b\r\nX: y>", (), id="line break"),
    ],
)
def test_message_ids_are_read_strictly(value, expected):
    assert read_ids(value) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        pytest.param(b"plain", "plain", id="plain"),
        pytest.param(b"=?utf-8?q?=C3?= =?utf-8?q?=BC?=", "\u00fc", id="a character split between words"),
        pytest.param(b"=?utf-8?B?w7w=?= x =?iso-8859-1*de?Q?=FC_?=", "\u00fc x \u00fc", id="two charsets, a language"),
        pytest.param(b"=?utf-8?q?a=0D=0AX-Evil:_y?=", "a  X-Evil: y", id="line break"),
        pytest.param(b"=?utf-8?q?a=E2=80=A8b=C2=85c=00d=09e?=", "a b c d e", id="other separators"),
        pytest.param(b"=?utf-8?b?!!!?=", "", id="no base64"),
        pytest.param(b"=?nope?q?a?=", "a", id="unknown charset"),
        pytest.param("\u00fc".encode(), "\u00fc", id="raw UTF-8"),
        pytest.param(b"\xfc", "\u00fc", id="raw latin-1"),
        pytest.param(b"=?utf-8?q?a b?=", "=?utf-8?q?a b?=", id="no word: a blank inside"),
    ],
)
def test_encoded_words_are_decoded_into_one_clean_line(value, expected):
    assert words.decode(value) == expected


@given(st.text(max_size=200))
def test_what_is_encoded_is_decoded_again(text):
    encoded = words.encode(text)

    assert all(" " <= char <= "~" for char in encoded)
    assert words.decode(encoded) == " ".join(words.cleaned(text).split())
