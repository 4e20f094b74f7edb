"""Each copy sealed on its own, or one body for all: either way a copy opens with its member's keys alone."""

from __future__ import annotations

from pathlib import Path

import pysequoia
import pytest

from openpgp import Person
from world import Copy, world

MEMBERS = ("north", "south", "west")


@pytest.mark.parametrize("seal", [pytest.param(mode, id=mode) for mode in ("each", "shared")])
async def test_a_copy_names_and_opens_with_its_members_own_key_alone(
    tmp_path: Path, people: dict[str, Person], seal: str
) -> None:
    async with world(tmp_path, people, list={"seal": seal}) as story:
        await story.post("alice", "Embargo-Until: +14d\n\nA flaw.\n", attachments=[("fix.patch", b"--- a\n")])
        copies = {name: story.last(name) for name in MEMBERS}

        bodies = set()
        for name, copy in copies.items():
            ciphertext = _ciphertext(copy)
            listing = people[name].list_packets(ciphertext)
            assert _named_keys(listing) == _encryption_keys(people[name])
            assert "compressed packet" not in listing
            assert copy.good_signer()
            bodies.add(ciphertext[-40:])
            for other in (*MEMBERS, "alice", "mallory"):
                if other != name:
                    with pytest.raises(AssertionError, match="decrypt"):
                        people[other].decrypt(ciphertext)
            assert _opened_by_sequoia(people[name], story.list_key, ciphertext) == copy.plaintext

        assert len({copy.message_id for copy in copies.values()}) == 1
        assert len({copy.plaintext for copy in copies.values()}) == 1


def _ciphertext(copy: Copy) -> bytes:
    part = copy.outer.get_payload(1)
    data = part.get_payload(decode=True)  # type: ignore[union-attr]
    assert isinstance(data, bytes)
    return data


def _named_keys(listing: str) -> set[str]:
    return {
        line.split("keyid ")[1].split()[0] for line in listing.splitlines() if line.startswith(":pubkey enc packet")
    }


def _encryption_keys(person: Person) -> set[str]:
    listing = person.gpg("--with-colons", "--list-keys", person.fingerprint).decode()
    return {line.split(":")[4] for line in listing.splitlines() if line.startswith("sub:")}


def _opened_by_sequoia(person: Person, list_key: bytes, ciphertext: bytes) -> bytes:
    """A second OpenPGP implementation opens it and verifies the list's signature."""
    signer = pysequoia.Cert.from_bytes(list_key)
    decryptor = pysequoia.Tsk.from_bytes(person.secret).decryptor()
    opened = pysequoia.decrypt(ciphertext, decryptor, store=lambda _: [signer])
    assert [signature.certificate for signature in opened.valid_sigs] == [signer.fingerprint]
    assert opened.bytes is not None
    return opened.bytes
