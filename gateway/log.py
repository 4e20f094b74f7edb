"""What is logged, and what never is: events in constant words, with ids and reasons.

A log outlives the embargo's care: it is shipped, indexed, read by other people. So it works by
allowlist (law 8). A key that is not in ``ALLOWED`` is dropped; a value is cut to one short line; an
exception becomes its type and the places in the code it came through, never its text (the text of a
database error, say, holds the row); and of what a library logs only who spoke, and where, is kept.
"""

from __future__ import annotations

import io
import logging
import re
import sys
import threading
from collections.abc import Callable, MutableMapping
from contextlib import suppress
from datetime import UTC, datetime
from enum import Enum
from pathlib import Path
from types import TracebackType
from typing import Any, TextIO, cast

import structlog

# Ids, states, counts and places. No address, subject, name or text: those are content, or roster.
ALLOWED = frozenset(
    {
        "alarm", "area", "at", "attempt", "attempts", "bytes", "case", "checks", "code", "copies", "copy", "count",
        "deferred", "delivered", "disclosure", "due_at", "error", "event", "exit_code", "fingerprint", "form", "head",
        "host", "id", "kind", "late_by", "level", "library", "line", "list", "message", "next_at",
        "node", "parts", "peer", "port", "protocol", "queued", "reason", "reasons", "recipients", "seconds", "seq",
        "signal", "size", "stage", "state", "status", "step", "tls", "verdict", "version", "where", "withheld",
    }
)  # fmt: skip
# Third parties that are known to say too much: aiosmtpd logs each DATA line at DEBUG to mail.log.
LOUD = (
    "mail",
    "mail.log",
    "mail.debug",
    "mail.error",
    "sqlalchemy",
    "asyncio",
    "gnupg",
    "aiosqlite",
    "alembic",
    "psycopg",
)
LONGEST = 200  # characters of one value
LONGEST_ERROR = 1000  # six causes of six frames each
DEEPEST = 6  # frames told of one exception

_WORDS = re.compile(r"[A-Za-z0-9 ,.:;'_/()+-]{1,120}")
_Event = MutableMapping[str, Any]


def redact(_logger: object, _method: str, event: _Event) -> _Event:
    """Keep what is allowed, as one short line each; a structlog processor."""
    said = event.get("event")
    kept: _Event = {
        key: _short(value, LONGEST_ERROR if key == "error" else LONGEST)
        for key, value in event.items()
        if key in ALLOWED
    }
    # An event is a constant of the source. One built from data shows by its characters or length.
    kept["event"] = said if isinstance(said, str) and _WORDS.fullmatch(said) else "event withheld"
    return kept


def forget_texts(_logger: object, _method: str, event: _Event) -> _Event:
    """Turn ``exc_info`` into ``error``: types and places, innermost cause last; a structlog processor."""
    info = event.pop("exc_info", None)
    if info is True:
        info = sys.exc_info()
    if isinstance(info, tuple):
        info = info[1]
    if isinstance(info, BaseException):
        event["error"] = describe(info)
    return event


def describe(error: BaseException) -> str:
    """An exception in safe words: ``KeyError at storage/roster.py:40 < gateway/intake.py:88``.

    Its causes follow after "from"; the members of a group in brackets. Its text is never told.
    """
    told = [_one(error)]
    seen = {id(error)}
    cause = error.__cause__ or error.__context__
    while cause is not None and id(cause) not in seen and len(told) < DEEPEST:
        told.append(_one(cause))
        seen.add(id(cause))
        cause = cause.__cause__ or cause.__context__
    return " from ".join(told)


def _one(error: BaseException) -> str:
    name = type(error).__name__
    if isinstance(error, BaseExceptionGroup):
        name += f"[{', '.join(describe(one) for one in error.exceptions[:DEEPEST])}]"
    places: list[str] = []
    frame = error.__traceback__
    while frame is not None:
        path = Path(frame.tb_frame.f_code.co_filename)
        places.append(f"{path.parent.name}/{path.name}:{frame.tb_lineno}")
        frame = frame.tb_next
    return f"{name} at {' < '.join(reversed(places[-DEEPEST:]))}" if places else name


def _short(value: object, limit: int = LONGEST) -> object:
    if value is None or isinstance(value, bool | int | float):
        return value
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    if isinstance(value, Enum):
        return _short(value.value, limit)
    if isinstance(value, list | tuple | set | frozenset):
        return [_short(one, limit) for one in list(value)[:20]]
    if isinstance(value, str):
        return "".join(character if character.isprintable() else "?" for character in value[:limit])
    return type(value).__name__


class LibraryHandler(logging.Handler):
    """Where the standard library's logging ends: who spoke and where from, without what was said."""

    def emit(self, record: logging.LogRecord) -> None:
        """Pass a warning or worse on as an event of ours."""
        if record.levelno < logging.WARNING:
            return
        logger = structlog.get_logger(area="library")
        facts = {"library": record.name, "where": f"{Path(record.pathname).name}:{record.lineno}"}
        say = logger.error if record.levelno >= logging.ERROR else logger.warning
        say("a library reported", exc_info=record.exc_info, **facts)


class _Forgiving(io.TextIOBase):
    """A stream whose reader may be gone: what can't be written is dropped, and stops nothing (law 4).

    A log that raises would turn what is answered 451 into an end of the session, or into a 5xx.
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        with suppress(OSError, ValueError):
            return self._stream.write(text)
        return len(text)

    def flush(self) -> None:
        with suppress(OSError, ValueError):
            self._stream.flush()


def configure(level: str, style: str, *, now: Callable[[], datetime], stream: TextIO | None = None) -> None:
    """Set up logging for this process: ``level`` and ``style`` as in ``[log]``, to standard error.

    ``now`` stamps the events. Safe to call again; the last call holds.
    """
    out = stream if stream is not None else sys.stderr

    def stamp(_logger: object, _method: str, event: _Event) -> _Event:
        event["at"] = now()
        return event

    renderer: Any = structlog.processors.JSONRenderer(sort_keys=True)
    if style != "json":
        renderer = structlog.dev.ConsoleRenderer(colors=out.isatty(), timestamp_key="at", pad_event_to=32)
    structlog.configure(
        processors=[structlog.processors.add_log_level, stamp, forget_texts, redact, renderer],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[level.upper()]),
        logger_factory=structlog.PrintLoggerFactory(file=cast("TextIO", _Forgiving(out))),
        cache_logger_on_first_use=False,
    )
    root = logging.getLogger()
    for handler in list(root.handlers):
        if isinstance(handler, LibraryHandler) or type(handler) is logging.StreamHandler:
            root.removeHandler(handler)
    root.addHandler(LibraryHandler())
    root.setLevel(logging.WARNING)
    for name in LOUD:
        loud = logging.getLogger(name)
        loud.setLevel(logging.WARNING)
        loud.handlers.clear()


def guard_process() -> None:
    """Let no uncaught exception of this process print its text; for ``embargo serve``.

    Python's own hooks print the whole exception to standard error, where the log goes.
    """
    logger = structlog.get_logger(area="process")

    def uncaught(_kind: type[BaseException], error: BaseException, _trace: TracebackType | None) -> None:
        logger.error("uncaught exception", exc_info=error)

    def uncaught_in_thread(told: threading.ExceptHookArgs) -> None:
        logger.error("uncaught exception in a thread", exc_info=told.exc_value)

    def unraisable(told: Any) -> None:  # noqa: ANN401 the type exists for type checkers only
        logger.error("exception while cleaning up", exc_info=told.exc_value)

    sys.excepthook = uncaught
    threading.excepthook = uncaught_in_thread
    sys.unraisablehook = unraisable


def get_logger(area: str) -> structlog.typing.FilteringBoundLogger:
    """A logger for one area of the gateway: ``log.info("copy sent", copy=..., attempts=1)``.

    The first argument is a constant of the source, and the keys are those of ``ALLOWED``.
    """
    logger: structlog.typing.FilteringBoundLogger = structlog.get_logger(area=area)
    return logger
