"""The command line of every run: what is always on it, what never is, and who starts processes."""

from __future__ import annotations

import logging

import pytest

from keys.engine import _Gpg
from keys.process import Descriptors, Place
from keys.results import SealRequest

NEVER = {
    "--ignore-mdc-error", "--allow-weak-digest-algos", "--auto-key-locate", "--auto-key-retrieve", "--yes",
    "--use-embedded-filename", "--encrypt-to", "--default-key", "--passphrase", "--verbose", "--debug",
}  # fmt: skip
ALWAYS = {
    "--batch", "--no-tty", "--no-options", "--no-autostart", "--no-auto-key-locate", "--no-auto-key-retrieve",
    "--disable-dirmngr", "--no-random-seed-file", "--exit-on-status-write-error",
}  # fmt: skip


def option(command: list[str], name: str) -> str:
    assert command.count(name) == 1
    return command[command.index(name) + 1]


def test_status_passphrase_and_attachment_have_descriptors_of_their_own(tmp_path):
    gpg = _Gpg("/usr/bin/gpg", Place(tmp_path, tmp_path / "a.kbx"))

    command = gpg.command(["--verify", "--", "-&", "-"], Descriptors(7, 8, 9))

    assert option(command, "--status-fd") == "7"
    assert option(command, "--passphrase-fd") == "8"
    assert option(command, "--pinentry-mode") == "loopback"
    assert option(command, "--homedir") == str(tmp_path)
    assert command[-4:] == ["--verify", "--", "-&9", "-"]
    assert command.index("--verify") > max(command.index(word) for word in ALWAYS)


def test_without_a_passphrase_none_is_asked_for(tmp_path):
    gpg = _Gpg("/usr/bin/gpg", Place(tmp_path, tmp_path / "a.kbx"))

    assert "--passphrase-fd" not in gpg.command(["--import"], Descriptors(7, None, None))


def test_the_librarys_own_way_to_start_a_process_is_closed(tmp_path):
    gpg = _Gpg("/usr/bin/gpg", Place(tmp_path, tmp_path / "a.kbx"))

    with pytest.raises(NotImplementedError):
        gpg.encrypt(b"text", ["a@b.example"])
    with pytest.raises(NotImplementedError):
        gpg.list_keys()


async def test_every_run_has_what_it_must_and_nothing_that_it_must_not(engine, ring, list_key, alice, now, monkeypatch):
    commands = []
    original = _Gpg.command

    def command(self, arguments, descriptors):
        commands.append(original(self, arguments, descriptors))
        return commands[-1]

    monkeypatch.setattr(_Gpg, "command", command)

    await engine.open(ring, alice.sign_encrypt(b"text", [list_key.public]))
    await engine.seal_for(ring, b"text", [SealRequest("a", (alice.fingerprint,))])
    await engine.verify(ring, b"text", await engine.sign(ring, b"text"))
    await engine.inspect(alice.public, now=now)
    await engine.facts(alice.public, now=now)
    await engine.make_list_key("x", "X list", "x@lists.example")

    assert len(commands) >= 10
    for one in commands:
        assert set(one) >= ALWAYS
        assert not NEVER & set(one)
        assert "2" not in one  # no descriptor shared with the human text
        assert not any("@" in word for word in one)  # keys are named by fingerprint


async def test_nothing_of_a_run_is_logged(engine, ring, list_key, alice, caplog):
    caplog.set_level(logging.DEBUG)

    await engine.open(ring, alice.sign_encrypt(b"canary", [list_key.public]))
    await engine.seal_for(ring, b"canary", [SealRequest("a", (alice.fingerprint,))])

    assert "canary" not in caplog.text
    assert list_key.passphrase.decode() not in caplog.text
    assert not [record for record in caplog.records if record.name == "gnupg"]
