"""What a value in the configuration may look like: one type a kind, each with its own complaint.

Every reader below takes what TOML gives and returns the value the program works with, or raises
ValueError with a text that says what is wrong and how to put it right (gateway/config.py adds the
file and the key).
"""

from __future__ import annotations

import difflib
import ipaddress
import os
import re
import zoneinfo
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, time, timedelta
from enum import StrEnum
from pathlib import Path
from typing import Annotated, TypeVar

from pydantic import BeforeValidator, ValidationInfo

from policy.calendars import Window, parse_holidays, parse_window
from policy.facts import UpstreamMode
from policy.floods import Flood, parse_flood
from policy.instants import parse_duration, parse_patch_day

CREDENTIALS = "$CREDENTIALS_DIRECTORY/"
# Where systemd shows the unit's credentials while it runs (systemd.exec(5)): for `embargo` from a shell.
CREDENTIALS_FALLBACK = "/run/credentials/embargo-gateway.service"

_LOCAL = r"[A-Za-z0-9!#$&'*/=?^_`{|}~-]+(?:\.[A-Za-z0-9!#$&'*/=?^_`{|}~-]+)*"
_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_HOSTNAME = re.compile(rf"{_LABEL}(?:\.{_LABEL})*")
_CLOCK = re.compile(r"([01]?[0-9]|2[0-3]):([0-5][0-9])", re.ASCII)
_ADDRESS = re.compile(rf"(?P<local>{_LOCAL})@(?P<domain>{_LABEL}(?:\.{_LABEL})*)")

Word = TypeVar("Word", bound=StrEnum)


class Protocol(StrEnum):
    """How mail comes in."""

    SMTP = "smtp"
    LMTP = "lmtp"


class RelayTls(StrEnum):
    """How the way to the next hop is protected."""

    NONE = "none"
    STARTTLS = "starttls"
    IMPLICIT = "implicit"


class LogLevel(StrEnum):
    """From which level on events are written."""

    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


class LogFormat(StrEnum):
    """For people or for machines."""

    CONSOLE = "console"
    JSON = "json"


class Tlp(StrEnum):
    """The labels of TLP 2.0."""

    CLEAR = "CLEAR"
    GREEN = "GREEN"
    AMBER = "AMBER"
    AMBER_STRICT = "AMBER+STRICT"
    RED = "RED"


class DateChange(StrEnum):
    """How a public date changes once members have it."""

    COORDINATORS = "coordinators"
    AGREEMENT = "agreement"


class Discussion(StrEnum):
    """Who gets a member's reply."""

    COORDINATORS = "coordinators"
    AUDIENCE = "audience"


class LeakNotice(StrEnum):
    """Who is told of a proved leak beside the coordinators."""

    LIST = "list"
    COORDINATORS = "coordinators"


class LiftBy(StrEnum):
    """Who ends an embargo: its public date, or a coordinator at or after that date."""

    CLOCK = "clock"
    COORDINATOR = "coordinator"


class Seal(StrEnum):
    """How copies are sealed: each alone, one body for all, or by their number."""

    AUTO = "auto"
    EACH = "each"
    SHARED = "shared"


class Banner(StrEnum):
    """Where the gateway's lines stand in a member's copy."""

    INLINE = "inline"
    PART = "part"


class TwoPerson(StrEnum):
    """What a second coordinator has to agree to."""

    RELEASE = "release"
    LIFT = "lift"
    WIDEN = "widen"
    DISMISS = "dismiss"
    ROSTER = "roster"
    SHARE = "share"


class PatchDayWord(StrEnum):
    """The one word that ``default_embargo`` takes beside a duration."""

    PATCH_DAY = "patch-day"


@dataclass(frozen=True, slots=True)
class Holidays:
    """The days on which a list does not like to publish, and the file that names them."""

    path: Path
    days: frozenset[date]


@dataclass(frozen=True, slots=True)
class HostPort:
    """Where a server listens. ``port`` 0 is any free one."""

    host: str
    port: int

    def __str__(self) -> str:
        """As it is written in the configuration."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


def nearest(word: str, known: list[str]) -> str:
    """``; did you mean 'x'?`` where something known is near, else an empty text."""
    found = difflib.get_close_matches(word.lower(), known, n=1, cutoff=0.6)
    return f"; did you mean {found[0]!r}?" if found else ""


def is_loopback(host: str) -> bool:
    """Whether ``host`` can only be this machine: ``localhost``, 127.0.0.0/8 or ::1."""
    if host.lower() in {"localhost", "localhost."}:
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _text(value: object, what: str = "a text in quotes") -> str:
    if not isinstance(value, str):
        raise ValueError(f"must be {what}, not {_kind(value)}")
    if not value.isprintable():
        raise ValueError("must not hold line breaks or other control characters")
    return value


def _kind(value: object) -> str:
    kinds = {bool: "true or false", int: "a number", float: "a number", list: "a list", dict: "a table", str: "a text"}
    return kinds.get(type(value), "a date")


def _word_of(words: type[Word]) -> Callable[[object], Word]:
    def read(value: object) -> Word:
        text = _text(value)
        known = [str(word) for word in words]
        if text not in known:
            near = nearest(text, [word.lower() for word in known])
            raise ValueError(f"{text!r} is not one of {', '.join(repr(word) for word in known)}{near}")
        return words(text)

    return read


def _duration(value: object) -> timedelta:
    if isinstance(value, timedelta):
        return value
    span: timedelta = parse_duration(_text(value, "a duration such as '14d' or '10m', in quotes"))
    return span


def _some_time(value: object) -> timedelta:
    span = _duration(value)
    if span <= timedelta(0):
        raise ValueError("must be longer than zero")
    return span


def _perhaps_duration(value: object) -> timedelta | None:
    return None if value == "" else _some_time(value)


def _default_embargo(value: object) -> timedelta | PatchDayWord | None:
    if value == PatchDayWord.PATCH_DAY:
        return PatchDayWord.PATCH_DAY
    try:
        return _perhaps_duration(value)
    except ValueError as err:
        raise ValueError(f"{err} (or 'patch-day', or '' to ask the poster)") from err


def _path(value: object, info: ValidationInfo) -> Path:
    text = _text(value, "a path in quotes")
    if not text:
        raise ValueError("must name a file or directory")
    if text.startswith(CREDENTIALS):
        given = os.environ.get(CREDENTIALS[1:-1], CREDENTIALS_FALLBACK)
        return Path(given, text.removeprefix(CREDENTIALS))
    base = info.context["base"] if info.context else Path()
    return Path(base, Path(text).expanduser())


def _perhaps_path(value: object, info: ValidationInfo) -> Path | None:
    return None if value == "" else _path(value, info)


def _address(value: object) -> str:
    text = _text(value, "a mail address in quotes")
    match = _ADDRESS.fullmatch(text)
    if match is None or len(match["local"]) > 64 or len(match["domain"]) > 255:  # noqa: PLR2004 RFC 5321 s4.5.3.1
        raise ValueError(f"{text!r} is not a plain mail address such as 'name@lists.example.org'")
    return f"{match['local']}@{match['domain'].lower()}"


def _perhaps_address(value: object) -> str | None:
    return None if value == "" else _address(value)


def _addresses(value: object) -> tuple[str, ...]:
    if not isinstance(value, list):
        raise ValueError("must be a list of mail addresses such as ['oss-security@lists.example.com']")
    return tuple(_address(one) for one in value)


def _list_address(value: object) -> str:
    # The local parts of one list differ in what follows this one; an upper-case spelling is the same mailbox.
    return _address(value).lower()


def _hostname(value: object) -> str:
    text = _text(value, "a host name in quotes")
    if text and (not _HOSTNAME.fullmatch(text) or len(text) > 253):  # noqa: PLR2004 RFC 1035 s2.3.4
        raise ValueError(f"{text!r} is not a host name such as 'mx.lists.example.org'")
    return text.lower()


def _host(value: object) -> str:
    text = _text(value, "a host name or address in quotes")
    try:
        return str(ipaddress.ip_address(text.strip("[]")))
    except ValueError:
        return _hostname(text or "?")


def _listen(value: object) -> HostPort:
    text = _text(value, "'host:port' in quotes")
    host, colon, port = text.rpartition(":")
    # isdecimal alone takes digits of every script; int() would, too.
    if not (colon and host and port.isascii() and port.isdecimal() and int(port) < 1 << 16):
        raise ValueError(
            f"{text!r} is not 'host:port', such as '127.0.0.1:8025' or '[::1]:8025' (port 0: any free one)"
        )
    return HostPort(_host(host), int(port))


def _timezone(value: object) -> str:
    text = _text(value, "a time zone in quotes")
    try:
        zoneinfo.ZoneInfo(text)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError) as err:
        known = {zone.lower(): zone for zone in zoneinfo.available_timezones()}
        found = difflib.get_close_matches(text.lower(), list(known), n=1)
        near = f"; did you mean {known[found[0]]!r}?" if found else ""
        raise ValueError(f"{text!r} is no time zone of the IANA list, such as 'Europe/Berlin'{near}") from err
    return text


def _time_of_day(value: object) -> time | None:
    text = _text(value, "a time of day such as '09:00', in quotes")
    if not text:
        return None
    match = _CLOCK.fullmatch(text)
    if match is None:
        raise ValueError(f"{text!r} is no time of day such as '09:00' (or '' for none)")
    return time(int(match[1]), int(match[2]))


def _patch_day(value: object) -> str:
    text = _text(value, "a day of the month such as '2nd tuesday 17:00'")
    parse_patch_day(text)
    return text


def _window(value: object) -> Window | None:
    text = _text(value, "weekdays and hours such as 'tue-thu 08:00-17:00', in quotes")
    return parse_window(text) if text.strip() else None


def _flood(value: object) -> Flood:
    return parse_flood(_text(value, "a number of alarms and a time such as '5 in 10m', in quotes"))


def _holidays(value: object, info: ValidationInfo) -> Holidays | None:
    path = _perhaps_path(value, info)
    if path is None:
        return None
    try:
        return Holidays(path, parse_holidays(path.read_text("utf-8")))
    except OSError as err:
        raise ValueError(f"{path} cannot be read ({err.strerror}); check the path and its permissions") from err
    except UnicodeDecodeError as err:
        raise ValueError(f"{path} is not UTF-8 text; save it as UTF-8") from err
    except ValueError as err:
        raise ValueError(f"{path}: {err}") from err


def _id_prefix(value: object) -> str:
    text = _text(value)
    if not re.fullmatch(r"[A-Z]{1,8}", text):
        raise ValueError(f"{text!r} is not one to eight capital letters")
    if text in {"LK", "QU", "DP"}:
        raise ValueError(
            f"{text!r} is taken: ids of leaks, kept-back mail and proposals begin so; choose other letters"
        )
    return text


def _display_name(value: object) -> str:
    text = _text(value)
    # It becomes the user id of the list's key, `NAME <ADDRESS>`, and a display name in From (RFC 5322 s3.4).
    if len(text) > 100 or any(character in text for character in '<>()"\\@,;:'):  # noqa: PLR2004
        raise ValueError('must be at most 100 characters, without < > ( ) " \\ @ , ; :')
    return text.strip()


def _outer_subject(value: object) -> str:
    text = _text(value)
    if not text.isascii() or not 1 <= len(text) <= 200:  # noqa: PLR2004
        raise ValueError("must be 1 to 200 plain ASCII characters: it travels unencrypted")
    return text


def _command(value: object) -> tuple[str, ...]:
    if not isinstance(value, list):
        raise ValueError("must be a list of texts, the program first: no shell reads it")
    return tuple(_text(word) for word in value)


def _pauses(value: object) -> tuple[timedelta, ...]:
    if not isinstance(value, list) or not value:
        raise ValueError("must be a list of at least one duration such as ['1m', '5m']")
    return tuple(_some_time(one) for one in value)


def _offsets(value: object) -> tuple[timedelta, ...]:
    if not isinstance(value, list):
        raise ValueError("must be a list of durations such as ['7d', '24h'], or [] for none")
    return tuple(_some_time(one) for one in value)


def _ages(value: object) -> tuple[timedelta, ...]:
    if not isinstance(value, list):
        raise ValueError("must be a list of durations such as ['0m', '5m'], or [] for no repetition")
    return tuple(sorted(_duration(one) for one in value))


def _two_person(value: object) -> tuple[TwoPerson, ...]:
    if not isinstance(value, list):
        raise ValueError("must be a list such as ['release', 'lift'], or [] for none")
    return tuple(dict.fromkeys(_word_of(TwoPerson)(one) for one in value))


def _flag(value: object) -> bool:
    if not isinstance(value, bool):
        raise ValueError("must be true or false, without quotes")
    return value


def _number_from(least: int, most: int) -> Callable[[object], int]:
    def read(value: object) -> int:
        if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
            raise ValueError(f"must be a whole number from {least} to {most}, without quotes")
        return value

    return read


def _database_url(value: object) -> str:
    text = _text(value, "a database URL in quotes")
    if not text:
        return ""
    scheme, mark, rest = text.partition("://")
    schemes = {
        "sqlite": "sqlite+aiosqlite",
        "sqlite+aiosqlite": "sqlite+aiosqlite",
        "postgresql": "postgresql+psycopg",
        "postgres": "postgresql+psycopg",
        "postgresql+psycopg": "postgresql+psycopg",
    }
    if not mark or scheme not in schemes:
        # The rest of the URL is not repeated: somebody may have put a password there.
        raise ValueError("is neither 'sqlite:///PATH' nor 'postgresql+psycopg://USER@HOST/DATABASE'")
    before_at = rest.partition("/")[0].rpartition("@")[0]
    if ":" in before_at or re.search(r"[?&]password=", rest):
        raise ValueError(
            "must hold no password: put it into a file and add '?passfile=/path/to/pgpass' (0600) to the URL"
        )
    return f"{schemes[scheme]}://{rest}"


Duration = Annotated[timedelta, BeforeValidator(_duration)]
SomeTime = Annotated[timedelta, BeforeValidator(_some_time)]
PerhapsDuration = Annotated[timedelta | None, BeforeValidator(_perhaps_duration)]
DefaultEmbargo = Annotated[timedelta | PatchDayWord | None, BeforeValidator(_default_embargo)]
TwoPersonWords = Annotated[tuple[TwoPerson, ...], BeforeValidator(_two_person)]
Ages = Annotated[tuple[timedelta, ...], BeforeValidator(_ages)]
Offsets = Annotated[tuple[timedelta, ...], BeforeValidator(_offsets)]
Pauses = Annotated[tuple[timedelta, ...], BeforeValidator(_pauses)]
FilePath = Annotated[Path, BeforeValidator(_path)]
PerhapsPath = Annotated[Path | None, BeforeValidator(_perhaps_path)]
MailAddress = Annotated[str, BeforeValidator(_address)]
PerhapsAddress = Annotated[str | None, BeforeValidator(_perhaps_address)]
MailAddresses = Annotated[tuple[str, ...], BeforeValidator(_addresses)]
ListAddress = Annotated[str, BeforeValidator(_list_address)]
Hostname = Annotated[str, BeforeValidator(_hostname)]
Host = Annotated[str, BeforeValidator(_host)]
Listen = Annotated[HostPort, BeforeValidator(_listen)]
Timezone = Annotated[str, BeforeValidator(_timezone)]
DigestAt = Annotated[time | None, BeforeValidator(_time_of_day)]
LeakFlood = Annotated[Flood, BeforeValidator(_flood)]
ReleaseWindow = Annotated[Window | None, BeforeValidator(_window)]
HolidaysFile = Annotated[Holidays | None, BeforeValidator(_holidays)]
PatchDay = Annotated[str, BeforeValidator(_patch_day)]
IdPrefix = Annotated[str, BeforeValidator(_id_prefix)]
DisplayName = Annotated[str, BeforeValidator(_display_name)]
OuterSubject = Annotated[str, BeforeValidator(_outer_subject)]
Command = Annotated[tuple[str, ...], BeforeValidator(_command)]
Flag = Annotated[bool, BeforeValidator(_flag)]
PlainText = Annotated[str, BeforeValidator(_text)]
DatabaseUrl = Annotated[str, BeforeValidator(_database_url)]
Port = Annotated[int, BeforeValidator(_number_from(1, 65535))]
Connections = Annotated[int, BeforeValidator(_number_from(1, 64))]
# From one kilobyte (a test's) to 256 MiB: a mail is held in memory several times over while it is opened.
MessageBytes = Annotated[int, BeforeValidator(_number_from(1024, 1 << 28))]
ProtocolWord = Annotated[Protocol, BeforeValidator(_word_of(Protocol))]
RelayTlsWord = Annotated[RelayTls, BeforeValidator(_word_of(RelayTls))]
LogLevelWord = Annotated[LogLevel, BeforeValidator(_word_of(LogLevel))]
LogFormatWord = Annotated[LogFormat, BeforeValidator(_word_of(LogFormat))]
TlpWord = Annotated[Tlp, BeforeValidator(_word_of(Tlp))]
DateChangeWord = Annotated[DateChange, BeforeValidator(_word_of(DateChange))]
DiscussionWord = Annotated[Discussion, BeforeValidator(_word_of(Discussion))]
LeakNoticeWord = Annotated[LeakNotice, BeforeValidator(_word_of(LeakNotice))]
LiftWord = Annotated[LiftBy, BeforeValidator(_word_of(LiftBy))]
SealWord = Annotated[Seal, BeforeValidator(_word_of(Seal))]
UpstreamModeWord = Annotated[UpstreamMode, BeforeValidator(_word_of(UpstreamMode))]
BannerWord = Annotated[Banner, BeforeValidator(_word_of(Banner))]
