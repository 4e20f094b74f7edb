"""The vault: what is sealed for one id opens for that id, unchanged, and not otherwise."""

from __future__ import annotations

import base64
import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keys.errors import VaultError
from keys.vault import SealedItem, TrailSigner, Vault, load_master_key, make_master_key, write_master_key

VAULT = Vault(bytes(32))


@given(st.text(max_size=40), st.binary(max_size=2000))
def test_what_is_sealed_opens_again(item_id: str, data: bytes):
    assert VAULT.open(item_id, VAULT.seal(item_id, data)) == data


@given(st.data())
def test_any_changed_bit_is_noticed(data: st.DataObject):
    item = VAULT.seal("item", b"content")
    which = data.draw(st.sampled_from(["wrapped_key", "body"]))
    sealed = bytearray(getattr(item, which))
    bit = data.draw(st.integers(0, len(sealed) * 8 - 1))
    sealed[bit // 8] ^= 1 << bit % 8
    parts = {"wrapped_key": item.wrapped_key, "body": item.body} | {which: bytes(sealed)}

    with pytest.raises(VaultError):
        VAULT.open("item", SealedItem(**parts))


@given(st.integers(0, 60))
def test_a_cut_off_item_is_noticed(length: int):
    item = VAULT.seal("item", b"content of some length that is longer than that")

    with pytest.raises(VaultError):
        VAULT.open("item", SealedItem(item.wrapped_key, item.body[:length]))
    with pytest.raises(VaultError):
        VAULT.open("item", SealedItem(item.wrapped_key[:length], item.body))


def test_an_item_moved_to_another_id_does_not_open():
    item, other = VAULT.seal("a", b"content"), VAULT.seal("b", b"other")

    with pytest.raises(VaultError):
        VAULT.open("b", item)
    with pytest.raises(VaultError):
        VAULT.open("b", SealedItem(other.wrapped_key, item.body))


def test_a_wrapped_key_is_no_body_and_a_body_no_wrapped_key():
    item = VAULT.seal("a", bytes(32))

    with pytest.raises(VaultError):
        VAULT.open("a", SealedItem(item.body, item.body))


def test_another_master_key_opens_nothing_and_says_nothing():
    item = VAULT.seal("a", b"canary")

    with pytest.raises(VaultError) as told:
        Vault(make_master_key()).open("a", item)

    assert "canary" not in str(told.value)


def test_the_same_content_is_never_sealed_alike():
    first, second = VAULT.seal("a", b"content"), VAULT.seal("a", b"content")

    assert first.body != second.body
    assert first.wrapped_key != second.wrapped_key


def test_an_item_is_handed_over_to_a_new_master_key():
    new = Vault(make_master_key())
    item = VAULT.seal("a", b"content")

    moved = SealedItem(VAULT.rewrap("a", item.wrapped_key, new), item.body)

    assert new.open("a", moved) == b"content"
    with pytest.raises(VaultError):
        VAULT.open("a", moved)


def test_no_secret_is_shown():
    assert "content" not in repr(VAULT.seal("a", b"content"))
    assert repr(VAULT) == "Vault()"
    assert repr(TrailSigner.make()) == "TrailSigner()"


def test_a_master_key_is_written_for_its_owner_alone_and_never_over_another(tmp_path):
    path, key = tmp_path / "master.key", make_master_key()

    write_master_key(path, key)

    assert path.stat().st_mode & 0o777 == 0o600
    assert load_master_key(path) == key
    with pytest.raises(VaultError, match="never overwritten"):
        write_master_key(path, key)


@pytest.mark.parametrize(
    ("content", "mode", "cause"),
    [
        pytest.param(base64.b64encode(bytes(32)), 0o640, "others can read", id="the group can read it"),
        pytest.param(base64.b64encode(bytes(32)), 0o604, "others can read", id="the world can read it"),
        pytest.param(base64.b64encode(bytes(31)), 0o600, "no master key", id="too short"),
        pytest.param(b"not base64, but long enough to be a key", 0o600, "no master key", id="not a key"),
        pytest.param(b"", 0o600, "no master key", id="empty"),
    ],
)
def test_a_master_key_that_is_not_right_is_refused_with_the_way_out(tmp_path, content: bytes, mode: int, cause: str):
    path = tmp_path / "master.key"
    path.write_bytes(content)
    path.chmod(mode)

    with pytest.raises(VaultError, match=cause):
        load_master_key(path)


def test_raw_bytes_are_a_master_key_too(tmp_path):
    path = tmp_path / "credential"
    path.write_bytes(bytes(range(32)))
    path.chmod(0o400)

    assert load_master_key(path) == bytes(range(32))


def test_a_missing_master_key_says_what_to_do(tmp_path):
    with pytest.raises(VaultError, match="embargo init"):
        load_master_key(tmp_path / "none")


def test_a_master_key_of_another_user_is_refused(tmp_path, monkeypatch):
    path = tmp_path / "master.key"
    write_master_key(path, make_master_key())
    os.chown(path, 12345, -1) if os.geteuid() == 0 else monkeypatch.setattr(os, "geteuid", lambda: 12345)

    with pytest.raises(VaultError, match="another user"):
        load_master_key(path)


def test_a_head_is_signed_and_no_other_head_passes():
    signer = TrailSigner.make()
    signature = signer.sign(b"7:abcd")

    assert TrailSigner.verify(signer.public, b"7:abcd", signature)
    assert not TrailSigner.verify(signer.public, b"8:abcd", signature)
    assert not TrailSigner.verify(TrailSigner.make().public, b"7:abcd", signature)
    assert not TrailSigner.verify(b"short", b"7:abcd", signature)
    assert TrailSigner(signer.private).public == signer.public


def test_keys_of_a_wrong_size_are_refused():
    with pytest.raises(VaultError):
        Vault(b"short")
    with pytest.raises(VaultError):
        TrailSigner(b"short")
