"""The log: ids, reasons and places; never what a mail said, whoever tries to log it."""

from __future__ import annotations

import io
import json
import logging
import sys
import threading
from datetime import UTC, datetime
from types import SimpleNamespace

import pytest
import structlog

from gateway import log
from policy.reasons import Reason

CANARY = "heap-overflow-in-frobnicate"
NOW = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)


@pytest.fixture(autouse=True)
def put_back():
    """Leave logging as pytest had it."""
    root = logging.getLogger()
    loggers = [root, *(logging.getLogger(name) for name in log.LOUD)]
    before = [(one, one.level, one.propagate, list(one.handlers)) for one in loggers]
    for one in loggers:
        one.propagate = True  # the gateway's door, opened by a test before, silences aiosmtpd's
    yield
    structlog.reset_defaults()
    for one, level, propagates, handlers in before:
        one.setLevel(level)
        one.propagate = propagates
        one.handlers[:] = handlers


@pytest.fixture(params=["json", "console"])
def written(request):
    stream = io.StringIO()
    log.configure("debug", request.param, now=lambda: NOW, stream=stream)
    return stream


def test_an_event_tells_its_ids_and_reasons(written):
    log.get_logger("intake").info("mail kept back", id="QU-2026-K7QX", reason=Reason.STRANGER, size=1234, at=None)

    said = written.getvalue()
    for expected in ("mail kept back", "QU-2026-K7QX", "stranger", "1234", "2026-11-20T09:00:00.000Z", "intake"):
        assert expected in said


def test_a_json_line_is_one_object():
    stream = io.StringIO()
    log.configure("info", "json", now=lambda: NOW, stream=stream)

    log.get_logger("relay").warning("copy deferred", copy="c1", attempts=2, due_at=NOW)

    assert json.loads(stream.getvalue()) == {
        "area": "relay",
        "at": "2026-11-20T09:00:00.000Z",
        "attempts": 2,
        "copy": "c1",
        "due_at": "2026-11-20T09:00:00.000Z",
        "event": "copy deferred",
        "level": "warning",
    }


@pytest.mark.parametrize("key", ["subject", "text", "address", "filename", "body", "sender", "args", "exception"])
def test_a_key_that_is_not_allowed_is_dropped(written, key):
    log.get_logger("intake").error("something", **{key: CANARY})

    assert CANARY not in written.getvalue()


@pytest.mark.parametrize(
    "value",
    [
        pytest.param(b"heap-overflow-in-frobnicate", id="bytes"),
        pytest.param({"a": CANARY}, id="a mapping"),
        pytest.param(ValueError(CANARY), id="an exception"),
        pytest.param(SimpleNamespace(text=CANARY), id="an object"),
        pytest.param("x" * 1000 + CANARY, id="the end of a long text"),
    ],
)
def test_an_allowed_key_takes_only_short_plain_values(written, value):
    log.get_logger("intake").error("something", reason=value)

    assert CANARY not in written.getvalue()


def test_a_value_never_begins_a_line_of_its_own(written):
    log.get_logger("intake").error("something", id="a\nlevel=info forged\r\n\x1b[2Jb")

    assert written.getvalue().count("\n") == 1
    assert "\x1b[2J" not in written.getvalue()


def test_an_event_made_from_data_is_withheld(written):
    log.get_logger("intake").error(f"failed on {CANARY!r} <a@b.example>\nbody")

    assert CANARY not in written.getvalue()
    assert "event withheld" in written.getvalue()


def fail() -> None:
    try:
        raise KeyError(CANARY)
    except KeyError as err:
        raise RuntimeError(CANARY) from err


def test_an_exception_is_told_by_type_and_place_without_its_text(written):
    try:
        fail()
    except RuntimeError:
        log.get_logger("release").exception("a step failed")

    said = written.getvalue()
    assert "RuntimeError at gateway/test_log.py:" in said
    assert "from KeyError at gateway/test_log.py:" in said
    assert CANARY not in said


def test_a_group_of_exceptions_names_its_members():
    group = ExceptionGroup(CANARY, [ValueError(CANARY), TimeoutError(CANARY)])

    assert log.describe(group) == "ExceptionGroup[ValueError, TimeoutError]"


def test_causes_that_go_round_in_a_circle_end():
    first, second = ValueError(CANARY), KeyError(CANARY)
    first.__cause__, second.__cause__ = second, first

    assert log.describe(first) == "ValueError from KeyError"


@pytest.mark.parametrize("name", ["mail.log", "sqlalchemy.engine", "asyncio", "gnupg", "somebody.else", "py.warnings"])
def test_a_library_is_heard_but_not_quoted(written, name):
    library = logging.getLogger(name)
    try:
        raise RuntimeError(CANARY)
    except RuntimeError:
        library.exception("DATA line: %s", CANARY)
    library.warning("row: %s", CANARY)
    library.debug("b'%s'", CANARY)
    library.info(CANARY)

    said = written.getvalue()
    assert CANARY not in said
    assert said.count("a library reported") == 2
    assert name in said
    assert "RuntimeError at " in said


def test_setting_up_twice_writes_once(written):
    second = io.StringIO()
    log.configure("debug", "json", now=lambda: NOW, stream=second)

    logging.getLogger("mail.log").warning("x")

    assert written.getvalue() == ""
    assert second.getvalue().count("\n") == 1


class Gone(io.StringIO):
    """A pipe whose reader ended."""

    def write(self, text):
        raise BrokenPipeError(text)


@pytest.mark.parametrize("ends", ["its reader is gone", "it is closed"])
def test_a_log_that_nobody_reads_any_more_stops_nothing(ends):
    stream = Gone() if ends == "its reader is gone" else io.StringIO()
    log.configure("info", "json", now=lambda: NOW, stream=stream)
    if ends == "it is closed":
        stream.close()

    log.get_logger("intake").error("not-kept", reason="database")


def test_a_level_leaves_out_what_is_below_it():
    stream = io.StringIO()
    log.configure("warning", "json", now=lambda: NOW, stream=stream)

    log.get_logger("relay").info("quiet")
    log.get_logger("relay").warning("loud")

    assert "quiet" not in stream.getvalue()
    assert "loud" in stream.getvalue()


def test_no_hook_of_the_process_prints_an_exception(written, monkeypatch):
    for owner, name in ((sys, "excepthook"), (threading, "excepthook"), (sys, "unraisablehook")):
        monkeypatch.setattr(owner, name, getattr(owner, name))
    log.guard_process()
    error = RuntimeError(CANARY)

    sys.excepthook(RuntimeError, error, None)
    threading.excepthook(SimpleNamespace(exc_value=error))
    sys.unraisablehook(SimpleNamespace(exc_value=error))

    assert written.getvalue().count("RuntimeError") == 3
    assert CANARY not in written.getvalue()
