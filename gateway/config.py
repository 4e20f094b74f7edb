"""The configuration: one TOML file, read once, judged whole.

The models below are the only place where a default stands; ``config.example.toml`` is the manual,
and a test holds the two together. A default is written as it would stand in the file, and read by the
same reader.
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any, Self, get_args, get_origin

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, field_validator, model_validator

from gateway.settings import (
    Ages,
    Banner,
    BannerWord,
    Command,
    Connections,
    DatabaseUrl,
    DateChangeWord,
    DefaultEmbargo,
    DigestAt,
    Discussion,
    DiscussionWord,
    DisplayName,
    Duration,
    FilePath,
    Flag,
    HolidaysFile,
    Host,
    Hostname,
    HostPort,
    IdPrefix,
    LeakFlood,
    LeakNotice,
    LeakNoticeWord,
    LiftBy,
    LiftWord,
    ListAddress,
    Listen,
    LogFormat,
    LogFormatWord,
    LogLevel,
    LogLevelWord,
    MailAddresses,
    MessageBytes,
    Offsets,
    OuterSubject,
    PatchDay,
    PatchDayWord,
    Pauses,
    PerhapsAddress,
    PerhapsDuration,
    PerhapsPath,
    PlainText,
    Port,
    Protocol,
    ProtocolWord,
    RelayTls,
    RelayTlsWord,
    ReleaseWindow,
    Seal,
    SealWord,
    SomeTime,
    Timezone,
    Tlp,
    TlpWord,
    TwoPersonWords,
    UpstreamModeWord,
    is_loopback,
    nearest,
)

__all__ = [
    "AlarmConfig",
    "Banner",
    "Config",
    "ConfigError",
    "Discussion",
    "GatewayConfig",
    "HostPort",
    "LeakNotice",
    "LiftBy",
    "ListConfig",
    "LogConfig",
    "LogFormat",
    "LogLevel",
    "PatchDayWord",
    "Protocol",
    "RelayConfig",
    "RelayTls",
    "Seal",
    "SmtpConfig",
    "StorageConfig",
    "Tlp",
    "find",
    "load",
    "read",
]

PLACES = (Path("config.toml"), Path("/etc/embargo-gateway/config.toml"))
VARIABLE = "EMBARGO_CONFIG"
BARRED = "may not be read by this user; run it as the gateway's own"
SQLITE = "sqlite+aiosqlite:///"
# What the addresses of a list end in, before the @ (CONTRACT s4).
ROLES = ("", "-request", "-owner", "-sendkey", "-bounces")


class ConfigError(Exception):
    """The configuration cannot be used. The command ends with exit code 2 before anything is touched.

    ``problems`` has one line each: file, key, what is wrong, the way out. ``str()`` is one line: the
    first, and how many more there are.
    """

    def __init__(self, problems: list[str]) -> None:
        self.problems = tuple(problems)
        more = f" (and {len(problems) - 1} more)" if len(problems) > 1 else ""
        super().__init__(problems[0] + more)


def _default(written: object) -> Any:  # noqa: ANN401 the reader of the field turns it into the field's type
    """A default as it would stand in the file; the field's own reader reads it."""
    return Field(default=written, validate_default=True)


class _Section(BaseModel):
    """A table of the file: every key known, every value of its own kind, never changed afterwards."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


class GatewayConfig(_Section):
    """``[gateway]``."""

    state_dir: FilePath = _default("state")
    hostname: Hostname = _default("")


class SmtpConfig(_Section):
    """``[smtp]``: where mail comes in."""

    listen: Listen = _default("127.0.0.1:8025")
    protocol: ProtocolWord = _default("smtp")
    max_message_bytes: MessageBytes = _default(26_214_400)
    tls_certificate: PerhapsPath = _default("")
    tls_key: PerhapsPath = _default("")
    require_tls: Flag = _default(False)

    @model_validator(mode="after")
    def _both_or_none(self) -> Self:
        if (self.tls_certificate is None) != (self.tls_key is None):
            raise ValueError("tls_certificate and tls_key go together; give both, or neither")
        if self.require_tls and self.tls_certificate is None:
            raise ValueError("require_tls = true needs tls_certificate and tls_key")
        return self


class RelayConfig(_Section):
    """``[relay]``: where mail goes out."""

    host: Host = _default("127.0.0.1")
    port: Port = _default(25)
    tls: RelayTlsWord = _default("none")
    username: PlainText = _default("")
    password_file: PerhapsPath = _default("")
    connections: Connections = _default(4)
    retry_pauses: Pauses = _default(["1m", "5m", "15m", "1h"])
    give_up: SomeTime = _default("5d")

    @model_validator(mode="after")
    def _safe(self) -> Self:
        if self.tls is RelayTls.NONE and not is_loopback(self.host):
            raise ValueError(
                f"tls = 'none' is only for a relay on this machine, not for {self.host!r}; use 'starttls' or 'implicit'"
            )
        if bool(self.username) != (self.password_file is not None):
            raise ValueError("username and password_file go together; give both, or neither")
        return self


class AlarmConfig(_Section):
    """``[alarm]``: off the mail path."""

    command: Command = _default([])
    heartbeat: PerhapsDuration = _default("")

    @model_validator(mode="after")
    def _somebody_to_tell(self) -> Self:
        if self.heartbeat is not None and not self.command:
            raise ValueError("heartbeat needs a command to send it with")
        return self


class LogConfig(_Section):
    """``[log]``."""

    level: LogLevelWord = _default("info")
    format: LogFormatWord = _default("console")


class StorageConfig(_Section):
    """``[storage]``."""

    url: DatabaseUrl = _default("")
    master_key_file: FilePath = _default("master.key")


class UpstreamConfig(_Section):
    """``[lists.L.upstreams.NAME]``: a third party whose embargo a disclosure may be under."""

    mode: UpstreamModeWord = _default("mechanics")


def _named_upstreams(value: object) -> object:
    """The name stands in a control line, so it is one plain word."""
    if not isinstance(value, dict):
        raise ValueError("must be tables such as [lists.early-disclosure.upstreams.envoy]")
    for name in value:
        plain = name.isascii() and name.replace("-", "").replace("_", "").isalnum()
        if not plain or len(name) > 48:  # noqa: PLR2004 as of a list
            raise ValueError(f"the name {name!r} of an upstream must be letters, digits, '-' and '_', at most 48")
    folded = [name.casefold() for name in value]
    if len(set(folded)) < len(folded):
        raise ValueError("two upstreams have the same name but for capitals; rename one of them")
    return value


class ListConfig(_Section):
    """``[lists.L]``. ``name`` is L where none is given."""

    address: ListAddress
    name: DisplayName = _default("")
    id_prefix: IdPrefix = _default("ED")
    outer_subject: OuterSubject = _default("[...]")
    default_tlp: TlpWord = _default("AMBER+STRICT")
    default_scope: PlainText = _default("all")
    timezone: Timezone = _default("America/Los_Angeles")
    default_embargo: DefaultEmbargo = _default("")
    max_embargo: SomeTime = _default("90d")
    preferred_embargo: PerhapsDuration = _default("")
    min_notice: Duration = _default("0s")
    min_lead: Duration = _default("0s")
    date_change: DateChangeWord = _default("coordinators")
    vote_window: SomeTime = _default("72h")
    patch_day: PatchDay = _default("2nd tuesday 17:00")
    release_window: ReleaseWindow = _default("")
    holidays_file: HolidaysFile = _default("")
    lift: LiftWord = _default("clock")
    release_grace: Duration = _default("10m")
    discussion: DiscussionWord = _default("coordinators")
    leak_notice: LeakNoticeWord = _default("list")
    public_lists: MailAddresses = _default([])
    seal: SealWord = _default("auto")
    banner: BannerWord = _default("inline")
    keep_html: Flag = _default(False)
    public_address: PerhapsAddress = _default("")
    share_expires: SomeTime = _default("30d")
    two_person: TwoPersonWords = _default([])
    reminders: Offsets = _default(["7d", "24h", "1h"])
    member_reminder: PerhapsDuration = _default("24h")
    public_post_alarm: Offsets = _default(["1h", "24h"])
    digest_at: DigestAt = _default("09:00")
    escalate: Ages = _default(["0m", "5m", "15m", "1h"])
    leak_flood: LeakFlood = _default("5 in 10m")
    retrospective_within: SomeTime = _default("14d")
    close_after: PerhapsDuration = _default("14d")
    retention: PerhapsDuration = _default("90d")
    quarantine_keep: SomeTime = _default("14d")
    policy_file: FilePath = _default("policy.md")
    upstreams: Annotated[dict[str, UpstreamConfig], BeforeValidator(_named_upstreams)] = _default({})

    @property
    def local(self) -> str:
        """The list's address before the @."""
        return self.address.partition("@")[0]

    @property
    def domain(self) -> str:
        """The list's address after the @."""
        return self.address.partition("@")[2]

    def address_for(self, role: str) -> str:
        """``address_for("-owner")``: the list's address for one of its roles (CONTRACT s4)."""
        return f"{self.local}{role}@{self.domain}"

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if isinstance(self.default_embargo, timedelta) and self.default_embargo > self.max_embargo:
            raise ValueError("default_embargo is longer than max_embargo; shorten it, or raise the other")
        for name, span in (("preferred_embargo", self.preferred_embargo), ("min_lead", self.min_lead)):
            if span is not None and span > self.max_embargo:
                raise ValueError(f"{name} is longer than max_embargo; shorten it, or raise the other")
        return self


def _named_lists(value: object) -> object:
    """Give each list its name; a name with odd characters would end in ids, paths and commands."""
    if not isinstance(value, dict):
        raise ValueError("must be tables such as [lists.early-disclosure]")
    for name in value:
        plain = name.isascii() and name.replace("-", "").replace("_", "").isalnum()
        if not plain or len(name) > 48:  # noqa: PLR2004 half of a column
            raise ValueError(f"the list name {name!r} must be letters, digits, '-' and '_', at most 48")
    return {
        name: {**table, "name": table.get("name") or name} if isinstance(table, dict) else table
        for name, table in value.items()
    }


class Config(_Section):
    """The whole file. ``path`` is where it was read from."""

    gateway: GatewayConfig = _default({})
    smtp: SmtpConfig = _default({})
    relay: RelayConfig = _default({})
    alarm: AlarmConfig = _default({})
    log: LogConfig = _default({})
    storage: StorageConfig = _default({})
    lists: Annotated[dict[str, ListConfig], BeforeValidator(_named_lists)]
    path: Path = Field(default=Path("config.toml"), exclude=True)

    @field_validator("lists")
    @classmethod
    def _each_address_once(cls, lists: dict[str, ListConfig]) -> dict[str, ListConfig]:
        if not lists:
            raise ValueError("there must be at least one list")
        owners: dict[str, str] = {}
        for name, one in lists.items():
            for role in ROLES:
                address = one.address_for(role)
                if address in owners:
                    raise ValueError(f"{address} belongs to both {owners[address]!r} and {name!r}; rename one of them")
                owners[address] = name
        return lists

    @property
    def hostname(self) -> str:
        """What the gateway calls itself in SMTP: ``gateway.hostname``, or the first list's domain."""
        return self.gateway.hostname or next(iter(self.lists.values())).domain

    @property
    def database_url(self) -> str:
        """Where the database is: ``storage.url``, or the SQLite file in the state directory."""
        url = self.storage.url
        if not url:
            return f"{SQLITE}{self.gateway.state_dir / 'embargo.sqlite3'}"
        if url.startswith(SQLITE):  # as every path: relative to the file
            return f"{SQLITE}{self.path.parent / url.removeprefix(SQLITE)}"
        return url

    @property
    def domains(self) -> frozenset[str]:
        """The domains of all lists: those in which an unknown address is 550 5.1.1."""
        return frozenset(one.domain for one in self.lists.values())


def find(explicit: Path | None, *, environ: Mapping[str, str] | None = None) -> Path:
    """Where the configuration is: ``--config``, $EMBARGO_CONFIG, ./config.toml, then the one in /etc.

    Raises ConfigError when a named file, or every one of the last two, is missing. A working directory that this
    user may not enter has none.
    """
    named = (environ if environ is not None else os.environ).get(VARIABLE)
    for path, what in ((explicit, "--config"), (Path(named) if named else None, f"${VARIABLE}")):
        if path is not None:
            match _is_there(path):
                case None:
                    raise ConfigError([f"{path}: {BARRED}"])
                case False:
                    raise ConfigError(
                        [f"{path}: no such file (named by {what}); copy config.example.toml there and edit it"]
                    )
            return path
    seen = {path: _is_there(path) for path in PLACES}
    for path, is_there in seen.items():
        if is_there:
            return path
    if seen[PLACES[-1]] is None:
        raise ConfigError([f"{PLACES[-1]}: {BARRED}"])
    places = " and ".join(str(path) for path in PLACES)
    raise ConfigError(
        [f"no configuration: looked for {places}; copy config.example.toml to config.toml, or use --config"]
    )


def _is_there(path: Path) -> bool | None:
    """Whether it is a file; None where this user may not look, as in the working directory of who called `runuser`."""
    try:
        return path.is_file()
    except PermissionError:
        return None


def load(path: Path) -> Config:
    """Read and judge the file. Raises ConfigError with every problem found in it."""
    try:
        written = tomllib.loads(path.read_text("utf-8"))
    except OSError as err:
        raise ConfigError([f"{path}: cannot be read ({err.strerror}); check the path and its permissions"]) from err
    except UnicodeDecodeError as err:
        raise ConfigError([f"{path}: is not UTF-8 text; save it as UTF-8"]) from err
    except tomllib.TOMLDecodeError as err:
        raise ConfigError(
            [f"{path}: is not valid TOML: {err}; texts stand in quotes, numbers and true/false do not"]
        ) from err
    return read(written, path)


def read(written: dict[str, Any], path: Path) -> Config:
    """Judge an already parsed file that lies (or would lie) at ``path``. Raises ConfigError."""
    problems = [f"{path}: {problem}" for problem in _unknown(written, Config, "")]
    if problems:
        raise ConfigError(problems)
    full = path.absolute()
    try:
        return Config.model_validate({**written, "path": full}, context={"base": full.parent})
    except ValidationError as err:
        told = [f"{path}: {_told(dict(one))}" for one in err.errors(include_url=False, include_input=False)]
        raise ConfigError(told) from None


def _unknown(table: dict[str, Any], model: type[BaseModel], section: str) -> list[str]:
    """Complaints about keys that the model does not have, each with the nearest that it has."""
    found: list[str] = []
    known = [name for name in model.model_fields if name != "path"]
    within = f"{section}." if section else ""
    for key, value in table.items():
        if key not in known:
            found.append(_unknown_key(key, known, section, is_table=isinstance(value, dict)))
            continue
        inner = _model_of(model.model_fields[key].annotation)
        if inner is None or not isinstance(value, dict):
            continue
        if get_origin(model.model_fields[key].annotation) is dict:
            for name, one in value.items():
                if isinstance(one, dict):
                    found += _unknown(one, inner, f"{within}{key}.{name}")
        else:
            found += _unknown(value, inner, f"{within}{key}")
    return found


def _unknown_key(key: str, known: list[str], section: str, *, is_table: bool) -> str:
    if not section and is_table:
        return (
            f"unknown section [{key}]{nearest(key, known) or '; known are ' + ', '.join(f'[{name}]' for name in known)}"
        )
    way_out = nearest(key, known) or _elsewhere(key) or "; see config.example.toml"
    return f"unknown key {key!r} {f'in [{section}]' if section else 'outside any section'}{way_out}"


def _elsewhere(key: str) -> str:
    """A key written into the wrong table is told its right one."""
    for name, field in Config.model_fields.items():
        model = _model_of(field.annotation)
        if model is not None and key in model.model_fields:
            return f"; it belongs in [{'lists.NAME' if name == 'lists' else name}]"
    return ""


def _model_of(annotation: object) -> type[BaseModel] | None:
    """The model of a section's type: itself, or the values' of a dict."""
    inner = get_args(annotation)[1] if get_origin(annotation) is dict else annotation
    return inner if isinstance(inner, type) and issubclass(inner, BaseModel) else None


def _told(error: dict[str, Any]) -> str:
    """One of pydantic's findings in the words of the file."""
    *above, last = [str(step) for step in error["loc"]] or [""]
    where = f"{'.'.join(above)}.{last}" if above else last
    if error["type"] == "missing":
        if where == "lists":
            return "there is no list; add a table such as [lists.early-disclosure] with its address"
        return f"{where}: is missing; add {last} = ... to [{'.'.join(above)}]"
    if error["type"] in {"model_type", "dict_type"}:
        return f"{where}: must be a table, written [{where}]"
    return f"{where}: {error['msg'].removeprefix('Value error, ')}"
