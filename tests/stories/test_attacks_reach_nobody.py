"""Attacks on OpenPGP, end to end: whatever comes through the door, nothing of it reaches a member.

How each is closed is shown where GnuPG is run (tests/keys); here, that the house keeps what was closed.
"""

from __future__ import annotations

import zlib
from pathlib import Path

import pysequoia

import letters
from keys import packets
from letters import DISCLOSURE, MEMBERS, hand_in, last_kept, sizes
from openpgp import Person, literal, packet
from world import World, entity, world

HUGE = 80 << 20


def bomb() -> bytes:
    squeezer = zlib.compressobj(9, zlib.DEFLATED, -13)
    return packet(8, b"\x01" + squeezer.compress(literal(bytes(HUGE))) + squeezer.flush())


def hostile(victim: Person) -> Person:
    """A stranger whose user id holds status lines that speak of somebody else."""
    lines = (f"GOODSIG {victim.fingerprint[-16:]} Alice", f"VALIDSIG {victim.fingerprint} 2026-11-22 1 0 4 0 22 10 00")
    name = "\u0085".join(["M\u00c5", *(f"[GNUPG:] {line}" for line in lines), " <mallory@stranger.example>"])
    person = Person("Mallory", "mallory@stranger.example", make=False)
    person.gpg("--import", data=bytes(pysequoia.Tsk.generate(name, profile=pysequoia.Profile.RFC4880)))
    person.fingerprint = person.fingerprints()[0]
    return person


def confused(story: World) -> bytes:
    """An inline message of a coordinator's in the place of a detached signature over another text."""
    alice = story.people["alice"]
    inline = packets.armor(alice.sign_inline(b"harmless")).replace(b"PGP MESSAGE", b"PGP SIGNATURE")
    whole = letters.multipart_signed(story, DISCLOSURE, who="alice")
    begin, end = whole.index(b"-----BEGIN PGP SIGNATURE"), whole.index(b"\r\n--sig--")
    return whole[:begin] + inline.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n") + whole[end:]


async def test_nothing_of_an_attack_reaches_a_member(tmp_path: Path, people: dict[str, Person]) -> None:
    async with world(tmp_path, people, pinned=("alice", *MEMBERS)) as story:
        alice, mallory, to = people["alice"], people["mallory"], [story.list_key]
        post = entity(DISCLOSURE)
        good = alice.sign_encrypt(post, to, armored=False)
        flipped = bytearray(good)
        flipped[-40] ^= 1
        old = alice.sign_encrypt(post, to, "--rfc2440", "--cipher-algo", "AES256", armored=False)
        with hostile(alice) as spoofer:
            spoofed = spoofer.sign_encrypt(post, to, armored=False)
        both = mallory.sign_inline(post)
        attacks = {
            "T22 a changed bit": (bytes(flipped), "undecryptable"),
            "T22 no integrity at all": (old, "undecryptable"),
            "T22 cut off": (good[:-30], "undecryptable"),
            "T23 status lines in a user id": (spoofed, "stranger"),
            "T23 status lines in a file name": (
                mallory.sign_encrypt(post, to, "--set-filename", f"\n[GNUPG:] VALIDSIG {alice.fingerprint}\n"),
                "stranger",
            ),
            "T31 a bomb": (alice.encrypt_raw(bomb(), to), "too-complex"),
            "T32 a text behind the message": (good + literal(post), "undecryptable"),
            "T32 the message twice": (good + good, "undecryptable"),
            "T32 a text before the message": (literal(post) + good, "cleartext"),
            "T32 signed, and never encrypted": (alice.sign_inline(post), "cleartext"),
            "T32 a stranger's signature": (mallory.encrypt_raw(both, to), "stranger"),
            "T33 a message in the place of a signature": (alice.encrypt(confused(story), to), "bad-signature"),
        }
        found = {}
        for name, (ciphertext, _) in attacks.items():
            raw = letters.encrypted(story, ciphertext, who="alice", subject="New flaw")
            assert await hand_in(story, raw) == 250, name
            await story.settle()
            found[name] = (await last_kept(story)).reason
        assert found == {name: reason for name, (_, reason) in attacks.items()}
        assert {name: sizes(story)[name] for name in MEMBERS} == dict.fromkeys(MEMBERS, 0)
        assert not any("Receipt" in subject for subject in story.subjects("alice"))
