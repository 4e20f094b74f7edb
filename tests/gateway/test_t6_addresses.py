"""T6: the gateway is no relay, whatever an address is dressed up as; T7: and it tells nobody who is known."""

from __future__ import annotations

import pytest

from front_door import LIST, FrontDoor

LOCAL = "early-disclosure"


@pytest.mark.parametrize(
    "path",
    [
        pytest.param(f"<@a.example,@b.example:{LIST}>", id="a route"),
        pytest.param("<@lists.example:eve@evil.example>", id="a route through us"),
        pytest.param(f"<(comment){LIST}>", id="a comment"),
        pytest.param(f"<{LIST}(comment)>", id="a comment behind"),
        pytest.param("<us er@lists.example>", id="a blank"),
        pytest.param('<"early-disclosure"@lists.example>', id="a quoted local part"),
        pytest.param('<"evil@att "@lists.example>', id="an address in quotes"),
        pytest.param('<"eve@evil.example"@lists.example>', id="a foreign address in quotes"),
        pytest.param("<eve%evil.example@lists.example>", id="a percent sign"),
        pytest.param("<evil.example!eve@lists.example>", id="a bang path"),
        pytest.param(f"<{LOCAL}@lists\0.example>", id="a NUL in the domain"),
        pytest.param(f"<{LIST}\0>", id="a NUL at the end"),
        pytest.param(f"<{LOCAL}>", id="no domain"),
        pytest.param(f"<{LOCAL}@>", id="an empty domain"),
        pytest.param("<@lists.example>", id="an empty local part"),
        pytest.param(f"<{LIST}.>", id="a trailing dot"),
        pytest.param(f"<{LOCAL}@.lists.example>", id="a leading dot"),
        pytest.param(f"<{LOCAL}@[127.0.0.1]>", id="a literal"),
        pytest.param(f"<{LIST}@evil.example>", id="two at signs"),
        pytest.param("<eve@evil.example@lists.example>", id="two at signs, ours last"),
        pytest.param(f"<<{LIST}>>", id="double brackets"),
        pytest.param(f"<{LIST}", id="no closing bracket"),
        pytest.param(LIST, id="no brackets"),
        pytest.param(f"< {LIST}>", id="a blank inside the brackets"),
        pytest.param(f"<{LIST},eve@evil.example>", id="two addresses"),
        pytest.param("<eve@evil.example>", id="another domain"),
        pytest.param("<early-disclosure@lists.example.evil.example>", id="our domain inside another"),
        pytest.param("<early-disclosure@sub.lists.example>", id="a domain below ours"),
        pytest.param("<>", id="nobody"),
        pytest.param("<postmaster>", id="postmaster"),
    ],
)
async def test_no_other_spelling_is_taken(path: str):
    async with FrontDoor() as front:
        client = await front.client()
        await client.say(b"MAIL FROM:<a@x.example>")

        answer = await client.say(b"RCPT TO:" + path.encode())

        assert answer == b"550 5.7.1 no such address here\r\n"
        assert front.asked == []
        assert (await client.say(b"DATA")).startswith(b"503")


@pytest.mark.parametrize("path", [f"<{LIST.upper()}>", "<Early-Disclosure@Lists.Example>", f" <{LIST}>"])
async def test_upper_and_lower_case_are_the_same_address(path: str):
    async with FrontDoor() as front:
        client = await front.client()
        await client.say(b"MAIL FROM:<a@x.example>")

        assert (await client.say(b"RCPT TO:" + path.encode())).startswith(b"250")
        assert front.asked == [LIST]


async def test_an_unknown_address_of_ours_is_told_in_the_same_words():
    async with FrontDoor() as front:
        client = await front.client()
        await client.say(b"MAIL FROM:<a@x.example>")

        unknown = await client.say(b"RCPT TO:<nobody@lists.example>")
        foreign = await client.say(b"RCPT TO:<nobody@evil.example>")

        assert unknown == b"550 5.1.1 no such address here\r\n"
        assert unknown.split(b" ", 2)[2] == foreign.split(b" ", 2)[2]


async def test_a_bounce_address_with_a_plus_is_asked_for_whole():
    async with FrontDoor() as front:
        front.known.add("early-disclosure-bounces+k7qx9d3m@lists.example")
        client = await front.client()
        await client.say(b"MAIL FROM:<>")

        assert (await client.say(b"RCPT TO:<early-disclosure-bounces+k7qx9d3m@lists.example>")).startswith(b"250")
        assert (await client.say(b"RCPT TO:<early-disclosure-bounces+other@lists.example>")).startswith(b"550 5.1.1")


@pytest.mark.parametrize("parameters", [b"NOTIFY=NEVER", b"ORCPT=rfc822;eve@evil.example", b"X"])
async def test_parameters_of_a_recipient_are_not_offered(parameters: bytes):
    async with FrontDoor() as front:
        client = await front.client()
        await client.say(b"MAIL FROM:<a@x.example>")

        assert (await client.say(b"RCPT TO:<" + LIST.encode() + b"> " + parameters)).startswith(b"555 5.5.4 ")
        assert (await client.say(b"DATA")).startswith(b"503")


async def test_vrfy_says_the_same_of_everybody():
    async with FrontDoor() as front:
        client = await front.client()

        answers = {await client.say(b"VRFY " + name) for name in (LIST.encode(), b"nobody", b"eve@evil.example", b"\0")}

        assert len(answers) == 1
        assert front.asked == []
