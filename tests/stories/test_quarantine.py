"""What is not believed: every reason has its mail, nothing reaches a member, a human is told."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

import letters
from letters import DISCLOSURE, MEMBERS, last_kept, sizes
from openpgp import Person
from world import LIST, STEADY, World, entity, world

POST = "Embargo-Until: +14d\n\nA disclosure.\n"
OTHER = "other-list@lists.example.org"


def _ahead(story: World, minutes: int) -> tuple[str, str]:
    return ("--faked-system-time", (story.clock.now() + timedelta(minutes=minutes)).strftime("%Y%m%dT%H%M%S!"))


def _partly(story: World) -> bytes:
    boundary = b'Content-Type: multipart/mixed; boundary="mix"\r\n\r\n--mix\r\n'
    signed = letters.multipart_signed(story, POST, who="alice")
    payload = boundary + signed + b"\r\n--mix\r\nContent-Type: text/plain\r\n\r\nlist footer\r\n--mix--\r\n"
    ciphertext = story.people["alice"].encrypt(payload, [story.list_key])
    return letters.encrypted(story, ciphertext, who="alice", subject="New flaw")


def _changed_within(story: World) -> bytes:
    person = story.people["alice"]
    signed = person.sign_inline(entity(POST + "Release on Monday.\n")).replace(b"Monday", b"Sunday")
    return letters.encrypted(story, person.encrypt_raw(signed, [story.list_key]), who="alice", subject="New flaw")


def rows(story: World) -> dict[str, tuple[str, Callable[[], bytes]]]:
    people = story.people
    alice = letters.address_of(story, "alice")
    dear = story.last("north", "Flaw")
    inline = people["alice"].gpg("--armor", "--clearsign", data=POST.encode()).decode()
    inline_sealed = people["alice"].sign_encrypt(POST.encode(), [story.list_key]).decode()
    smime = 'application/pkcs7-mime; smime-type=enveloped-data; name="smime.p7m"'
    return {
        "in clear": ("cleartext", lambda: letters.clear(POST, sender="Eve <eve@elsewhere.example>")),
        "in clear, bearing a coordinator's address": ("cleartext", lambda: letters.clear(POST, sender=alice)),
        "signed by a coordinator but not encrypted": (
            "cleartext",
            lambda: letters.signed_only(story, POST, who="alice"),
        ),
        "encrypted, not signed": ("unsigned", lambda: letters.unsigned(story, POST, who="alice")),
        "signed by a stranger": ("stranger", lambda: story.compose("mallory", POST)),
        "signed by a stranger under a coordinator's From": (
            "stranger",
            lambda: letters.encrypted(
                story, people["mallory"].sign_encrypt(entity(POST), [story.list_key]), who="alice"
            ),
        ),
        "signed by a stranger and by a coordinator": (
            "stranger",
            lambda: letters.signed_payload(story, letters.multipart_signed(story, POST, who="alice"), who="mallory"),
        ),
        "changed after it was signed": ("bad-signature", lambda: _changed_within(story)),
        "a good signature over one part only": ("partly-signed", lambda: _partly(story)),
        "a list footer below the encryption": (
            "cleartext",  # not all of it is encrypted, which is told before that not all of it is signed
            lambda: story.compose("alice", POST) + b"footer of a list\r\n",
        ),
        "encrypted to somebody else": (
            "undecryptable",
            lambda: letters.encrypted(story, people["alice"].sign_encrypt(entity(POST), [people["adam"]]), who="alice"),
        ),
        "two senders": (
            "malformed",
            lambda: b"From: eve@elsewhere.example\r\n" + letters.clear(POST, sender=alice),
        ),
        "more headers than mail programs make": (
            "too-complex",
            lambda: b"X-More: 1\r\n" * 600 + letters.clear("Hello\n"),
        ),
        "an inline signature": ("unsupported", lambda: letters.clear(inline, sender=alice)),
        "inline encryption": ("unsupported", lambda: letters.clear(inline_sealed, sender=alice)),
        "S/MIME": (
            "unsupported",
            lambda: (
                b"Content-Type: "
                + smime.encode()
                + b"\r\nSubject: New flaw\r\nFrom: "
                + alice.encode()
                + b"\r\nMIME-Version: 1.0\r\n\r\nMIIB\r\n"
            ),
        ),
        "written to another list": ("wrong-list", lambda: story.compose("alice", POST, to=OTHER)),
        "signed eleven minutes ahead": (
            "stale-signature",
            lambda: letters.signed_payload(
                story, entity(POST), who="alice", options=_ahead(story, 11), subject="New flaw"
            ),
        ),
        "a member's new mail": ("member-new-thread", lambda: story.compose("north", POST)),
        "a member's signature under a coordinator's From": (
            "member-new-thread",
            lambda: letters.encrypted(
                story, people["north"].sign_encrypt(entity(POST), [story.list_key]), who="alice", subject="New flaw"
            ),
        ),
        "a coordinator's answer to something unknown": (
            "unknown-thread",
            lambda: story.compose("alice", POST, references=["<unknown@corp.example>"]),
        ),
        "a member's Re: without a thread": (
            "unknown-thread",
            lambda: story.compose("north", "Any news?\n", subject="Re: something else"),
        ),
        "a reply by a member outside the scope": (
            "not-in-audience",
            lambda: story.compose("west", "May I know more?\n", references=[dear.message_id], subject="Re: Flaw"),
        ),
        "a new mail of a coordinator without control lines": (
            "no-control-block",
            lambda: story.compose("alice", "Lunch?\n"),
        ),
        "a control line of a member": (
            "control-lines",
            lambda: story.compose("north", "Hold-Until: now\n\nPlease.\n", reply_to=dear),
        ),
        "a misspelled control line": ("control-lines", lambda: story.compose("alice", "Hold-Untill: +1h\n\nFlaw.\n")),
        "talk of a leak by a member": (
            "possible-leak",
            lambda: story.compose(
                "north", "I fear the patch was pushed to a public repository by mistake.\n", reply_to=dear
            ),
        ),
    }


SCOPED = "Scope: org:Northwind, org:Southgate\n" + DISCLOSURE
NOTED = {  # who gets a sealed note or is asked, with a word of its subject
    "in clear, bearing a coordinator's address": ("alice", "Kept back: cleartext"),
    "signed by a coordinator but not encrypted": ("alice", "Kept back: cleartext"),
    "a list footer below the encryption": ("alice", "Kept back: cleartext"),
    "encrypted, not signed": ("alice", "Kept back: unsigned"),
    "written to another list": ("alice", "Kept back: wrong-list"),
    "signed eleven minutes ahead": ("alice", "Kept back: stale-signature"),
    "a member's new mail": ("north", "Kept back: member-new-thread"),
    "a member's signature under a coordinator's From": ("north", "Kept back: member-new-thread"),
    "a coordinator's answer to something unknown": ("alice", "Kept back: unknown-thread"),
    "a member's Re: without a thread": ("north", "Kept back: unknown-thread"),
    "a new mail of a coordinator without control lines": ("alice", "Kept back: no control lines"),
    "a control line of a member": ("north", "Kept back: please look"),
    "a misspelled control line": ("alice", "Kept back: please look"),
    "talk of a leak by a member": ("north", "Is this about a leak?"),
}
IN_THE_DIGEST = {"in clear", "two senders", "signed by a stranger", "more headers than mail programs make"}


async def test_each_mail_that_is_not_believed_is_kept_with_its_own_reason_and_reaches_no_member(
    tmp_path: Path, people: dict[str, Person]
) -> None:
    async with world(tmp_path, people, pinned=("alice", "adam", *MEMBERS), list={"timezone": STEADY}) as story:
        await story.post("alice", SCOPED)
        old = story.compose("alice", POST)
        cast = rows(story)
        found, told, noted = {}, {}, {}
        for name, (_, make) in cast.items():
            before, earlier = sizes(story), len(await letters.kept(story))
            assert await letters.hand_in(story, make()) == 250, name
            await story.settle()
            if len(await letters.kept(story)) == earlier:
                found[name] = "not kept"
                continue
            entry = await last_kept(story)
            found[name] = entry.reason
            assert entry.reasons[0] == entry.reason
            more = {who: count - before[who] for who, count in sizes(story).items() if count != before[who]}
            told[name] = more.pop("adam", 0) == 1
            if name in NOTED:
                who, subject = NOTED[name]
                latest = [copy.subject for copy in story.inbox(who)[-2:]]
                noted[name] = (who, next((subject for one in latest if subject in one), str(latest)))
            assert set(more) - {"alice"} <= {NOTED.get(name, ("", ""))[0]}, (name, more)

        assert found == {name: reason for name, (reason, _) in cast.items()}
        assert noted == NOTED
        assert {name for name, at_once in told.items() if not at_once} == IN_THE_DIGEST
        assert story.box.to(people["mallory"].address) == []
        await _digest(story)
        await _lines(story)
        await story.pass_time(5 * 86_400)
        assert await letters.hand_in(story, old) == 250
        assert (await last_kept(story)).reason == "stale-signature"


async def _digest(story: World) -> None:
    """The rest is told once a day, with its reasons."""
    before = sizes(story)
    await story.pass_time(86_200)
    assert "digest" not in " ".join(story.subjects("adam"))
    await story.pass_time(200)
    digest = story.last("adam", "Daily digest")
    assert f"== Kept back since the last digest ({len(IN_THE_DIGEST)}) ==" in digest.text
    assert all(reason in digest.text for reason in ("cleartext", "malformed", "stranger", "too-complex"))
    assert {name: sizes(story)[name] - before[name] for name in MEMBERS} == dict.fromkeys(MEMBERS, 0)
    await story.pass_time(2 * 86_400)
    assert sum("Kept back since" in copy.text for copy in story.inbox("adam")) == 1


async def _lines(story: World) -> None:
    """No note quotes, no note is in clear, and all of them are signed by the list."""
    for who in ("north", "alice"):
        for copy in story.inbox(who):
            assert copy.good_signer(), copy.subject


@pytest.mark.side
async def test_a_note_to_an_address_that_may_be_forged_is_sent_a_few_times_an_hour_only(
    tmp_path: Path, people: dict[str, Person]
) -> None:
    async with world(tmp_path, people, pinned=("alice", "north")) as story:
        for _ in range(9):
            await story.deliver(letters.clear("Hello\n", sender=letters.address_of(story, "north")))
        await story.settle()
        notes = story.inbox("north")
        assert len(notes) == 6
        assert all("cleartext" in note.subject and "Hello" not in note.text for note in notes)
        assert "crossed the net readable" in notes[0].text
        assert len(await letters.kept(story)) == 9

        await story.pass_time(3700)
        await story.deliver(letters.clear("Hello\n", sender=letters.address_of(story, "north")))
        await story.settle()
        assert len(story.inbox("north")) == 7


async def test_other_addresses_than_the_list_keep_what_is_no_concern_of_theirs(
    tmp_path: Path, people: dict[str, Person]
) -> None:
    async with world(tmp_path, people, pinned=("alice", "north")) as story:
        address = LIST.replace("@", "-request@")
        stranger, member = letters.clear("Who are you?\n", to=address), story.compose("north", "Help\n", to=address)
        for raw, reason, told in ((stranger, "cleartext", 0), (member, "unsupported", 1)):
            before = len(story.inbox("alice"))
            assert await letters.hand_in(story, raw, to=address) == 250
            await story.settle()
            assert (await last_kept(story)).reason == reason
            assert len(story.inbox("alice")) == before + told, "of strangers tells the digest"
        assert "the coordinators were told" in story.last("north").text, "who is proved is not left in silence"
        assert "comes to whoever writes to the -sendkey address" in story.last("north").text
        assert len(story.inbox("north")) == 1, "and a stranger is"
