"""The configuration: one default each, every complaint one line with file, key and the way out."""

from __future__ import annotations

import itertools
import re
import tomllib
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel

from gateway import config
from gateway.config import Config, ConfigError, HostPort, RelayTls, find, load

ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / "config.example.toml"
MINIMAL = '[lists.early-disclosure]\naddress = "early-disclosure@lists.example.org"\n'


def write(folder: Path, text: str = MINIMAL) -> Path:
    path = folder / "config.toml"
    path.write_text(text, "utf-8")
    return path


def complaint(folder: Path, text: str) -> str:
    with pytest.raises(ConfigError) as caught:
        load(write(folder, text))
    said = str(caught.value)
    assert "\n" not in said
    assert said.startswith(str(folder / "config.toml"))
    return said


def uncommented() -> str:
    return re.sub(r"(?m)^#(?=[a-z_]+ = )", "", EXAMPLE.read_text("utf-8"))


# ------------------------------------------------------------------------------ the example file


def test_the_example_with_every_line_uncommented_is_the_defaults(tmp_path):
    every_line = load(write(tmp_path, uncommented()))
    as_it_stands = load(write(tmp_path, EXAMPLE.read_text("utf-8")))
    minimal = load(write(tmp_path))

    assert every_line == as_it_stands == minimal


def sections(model: type[BaseModel] = Config) -> dict[str, type[BaseModel]]:
    found = {}
    for name, field in model.model_fields.items():
        inner = config._model_of(field.annotation)
        if inner is not None:
            found["lists.early-disclosure" if name == "lists" else name] = inner
    return found


@pytest.mark.parametrize("section", sections())
def test_the_example_names_every_key_of_a_section_once_at_its_default(section):
    table = tomllib.loads(uncommented())
    for step in section.split("."):
        table = table[step]
    fields = sections()[section].model_fields

    assert sorted(table) == sorted(fields)
    for name, field in fields.items():
        if not field.is_required():
            assert table[name] == field.default, name


def test_every_line_of_the_example_is_prose_a_setting_a_table_or_a_required_key():
    required = {name for model in sections().values() for name, f in model.model_fields.items() if f.is_required()}

    for line in EXAMPLE.read_text("utf-8").splitlines():
        key = line.partition(" = ")[0]
        assert line == "" or line.startswith(("# ", "[")) or line == "#" or key.startswith("#") or key in required, line
        assert not re.match(r"#[^ a-z]", line), line
        assert len(line) <= 110


def test_every_setting_of_the_example_has_a_comment_above_it():
    lines = EXAMPLE.read_text("utf-8").splitlines()

    for before, line in itertools.pairwise(lines):
        if re.match(r"#?[a-z_]+ = ", line):
            assert before.startswith("#"), line


# ----------------------------------------------------------------------------------- what is read


def test_paths_are_relative_to_the_file_and_durations_are_timedeltas(tmp_path):
    read = load(write(tmp_path))

    one = read.lists["early-disclosure"]
    assert read.gateway.state_dir == tmp_path / "state"
    assert read.storage.master_key_file == tmp_path / "master.key"
    assert one.policy_file == tmp_path / "policy.md"
    assert one.max_embargo == timedelta(days=90)
    assert one.release_grace == timedelta(minutes=10)
    assert one.min_notice == timedelta(0)
    assert one.default_embargo is None
    assert read.relay.retry_pauses == tuple(timedelta(minutes=n) for n in (1, 5, 15, 60))
    assert read.relay.give_up == timedelta(days=5)
    assert read.smtp.listen == HostPort("127.0.0.1", 8025)
    assert read.path == tmp_path / "config.toml"


def test_what_is_not_said_follows_from_the_first_list(tmp_path):
    read = load(write(tmp_path))

    assert read.hostname == "lists.example.org"
    assert read.domains == {"lists.example.org"}
    assert read.lists["early-disclosure"].name == "early-disclosure"
    assert read.database_url == f"sqlite+aiosqlite:///{tmp_path / 'state' / 'embargo.sqlite3'}"
    assert read.lists["early-disclosure"].address_for("-owner") == "early-disclosure-owner@lists.example.org"


def test_a_relative_path_given_on_the_command_line_is_read_from_there(tmp_path, monkeypatch):
    write(tmp_path)
    monkeypatch.chdir(tmp_path)

    assert load(Path("config.toml")).gateway.state_dir == tmp_path / "state"


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        pytest.param("0.0.0.0:25", HostPort("0.0.0.0", 25), id="any interface"),
        pytest.param("[::1]:0", HostPort("::1", 0), id="IPv6 and any free port"),
        pytest.param("localhost:8025", HostPort("localhost", 8025), id="a name"),
    ],
)
def test_where_to_listen(tmp_path, written, meant):
    read = load(write(tmp_path, f'[smtp]\nlisten = "{written}"\n{MINIMAL}'))

    assert read.smtp.listen == meant
    assert str(read.smtp.listen) == written


@pytest.mark.parametrize(
    ("url", "meant"),
    [
        pytest.param("postgresql+psycopg://gw@db.example/embargo", None, id="as the contract has it"),
        pytest.param("postgresql://gw@db.example/embargo", "postgresql+psycopg://gw@db.example/embargo", id="short"),
        pytest.param("sqlite:////var/lib/x.db", "sqlite+aiosqlite:////var/lib/x.db", id="sqlite elsewhere"),
        pytest.param(
            "postgresql+psycopg://gw@/e?host=/run/pg&passfile=/etc/pgpass", None, id="socket and password file"
        ),
    ],
)
def test_database_urls(tmp_path, url, meant):
    assert load(write(tmp_path, f'[storage]\nurl = "{url}"\n{MINIMAL}')).database_url == (meant or url)


def test_a_relative_database_file_is_relative_to_the_configuration(tmp_path):
    read = load(write(tmp_path, f'[storage]\nurl = "sqlite:///db/x.sqlite3"\n{MINIMAL}'))

    assert read.database_url == f"sqlite+aiosqlite:///{tmp_path}/db/x.sqlite3"


def test_a_default_embargo_is_a_duration_a_patch_day_or_nothing(tmp_path):
    def one(value):
        return (
            load(write(tmp_path, f'{MINIMAL}default_embargo = "{value}"\n')).lists["early-disclosure"].default_embargo
        )

    assert one("14d") == timedelta(days=14)
    assert one("patch-day") == "patch-day"
    assert one("") is None


def test_secrets_come_from_the_credentials_of_the_unit(tmp_path, monkeypatch):
    text = f'[storage]\nmaster_key_file = "$CREDENTIALS_DIRECTORY/master.key"\n{MINIMAL}'

    monkeypatch.setenv("CREDENTIALS_DIRECTORY", "/run/credentials/gw")
    assert load(write(tmp_path, text)).storage.master_key_file == Path("/run/credentials/gw/master.key")
    monkeypatch.delenv("CREDENTIALS_DIRECTORY")
    fallback = Path("/run/credentials/embargo-gateway.service/master.key")
    assert load(write(tmp_path, text)).storage.master_key_file == fallback


def test_a_list_address_is_one_mailbox_in_every_spelling(tmp_path):
    read = load(write(tmp_path, '[lists.a]\naddress = "Early-Disclosure@Lists.Example.ORG"\n'))

    assert read.lists["a"].address == "early-disclosure@lists.example.org"


def test_tls_to_another_machine_is_taken_and_loopback_needs_none(tmp_path):
    for host, tls in (
        ("mail.example", "starttls"),
        ("mail.example", "implicit"),
        ("127.9.9.9", "none"),
        ("::1", "none"),
    ):
        read = load(write(tmp_path, f'[relay]\nhost = "{host}"\ntls = "{tls}"\n{MINIMAL}'))
        assert (read.relay.host, read.relay.tls) == (host, RelayTls(tls))


# ------------------------------------------------------------------------------- what is refused


L = MINIMAL


@pytest.mark.parametrize(
    ("text", "key", "said"),
    [
        pytest.param(f'[gateway]\nhostnam = "x"\n{L}', "'hostnam' in [gateway]", "did you mean 'hostname'?", id="typo"),
        pytest.param(f"[smpt]\n{L}", "unknown section [smpt]", "did you mean 'smtp'?", id="typo in a section"),
        pytest.param(f'{L}relese_grace = "1m"\n', "[lists.early-disclosure]", "'release_grace'", id="typo in a list"),
        pytest.param(f'{L}state_dir = "x"\n', "'state_dir'", "belongs in [gateway]", id="key of another section"),
        pytest.param(f'hostname = "x"\n{L}', "'hostname' outside any section", "belongs in [gateway]", id="key on top"),
        pytest.param(f"{L}wibble = 1\n", "'wibble'", "see config.example.toml", id="near nothing"),
        pytest.param(f'[relay]\ntls = "startls"\n{L}', "relay.tls", "did you mean 'starttls'?", id="near a word"),
        pytest.param(f'[relay]\nhost = "mail.example"\n{L}', "relay", "only for a relay on this machine", id="clear"),
        pytest.param(f'[relay]\nhost = "127.0.0.1.evil.example"\n{L}', "relay", "this machine", id="no loopback"),
        pytest.param(f'[relay]\nport = "25"\n{L}', "relay.port", "without quotes", id="number in quotes"),
        pytest.param(f"[relay]\nport = 70000\n{L}", "relay.port", "1 to 65535", id="no port"),
        pytest.param(f"[relay]\nport = true\n{L}", "relay.port", "whole number", id="true is no number"),
        pytest.param(f'[relay]\nusername = "x"\n{L}', "relay", "password_file go together", id="name, no password"),
        pytest.param(f"[relay]\nretry_pauses = []\n{L}", "relay.retry_pauses", "at least one", id="no pauses"),
        pytest.param(f'[relay]\nretry_pauses = ["1x"]\n{L}', "relay.retry_pauses", "1x", id="odd pause"),
        pytest.param(f'[relay]\nretry_pauses = ["0s"]\n{L}', "relay.retry_pauses", "longer than zero", id="no pause"),
        pytest.param(f'[smtp]\ntls_key = "k.pem"\n{L}', "smtp", "go together", id="key without certificate"),
        pytest.param(f"[smtp]\nrequire_tls = true\n{L}", "smtp", "needs tls_certificate", id="TLS without files"),
        pytest.param(f'[smtp]\nrequire_tls = "yes"\n{L}', "smtp.require_tls", "true or false", id="text for a flag"),
        pytest.param(f'[smtp]\nlisten = "8025"\n{L}', "smtp.listen", "'host:port'", id="port alone"),
        pytest.param(f'[smtp]\nlisten = "x:99999"\n{L}', "smtp.listen", "'host:port'", id="port too high"),
        pytest.param(f"[smtp]\nmax_message_bytes = 0\n{L}", "smtp.max_message_bytes", "from 1024", id="no mail at all"),
        pytest.param(f'[alarm]\ncommand = "page"\n{L}', "alarm.command", "no shell", id="command as a text"),
        pytest.param(f'[alarm]\nheartbeat = "5m"\n{L}', "alarm", "needs a command", id="heartbeat without command"),
        pytest.param(f'[log]\nlevel = "verbose"\n{L}', "log.level", "'debug', 'info'", id="unknown level"),
        pytest.param(f'[storage]\nurl = "mysql://x"\n{L}', "storage.url", "postgresql+psycopg", id="other database"),
        pytest.param(f'{L}timezone = "Europe/Berln"\n', ".timezone", "did you mean 'Europe/Berlin'?", id="zone typo"),
        pytest.param(f'{L}timezone = "PT"\n', ".timezone", "no time zone", id="PT is no zone"),
        pytest.param(f'{L}timezone = "../../etc/passwd"\n', ".timezone", "no time zone", id="zone as a path"),
        pytest.param(f'{L}digest_at = "25:00"\n', ".digest_at", "no time of day", id="no such hour"),
        pytest.param(f"{L}digest_at = 9\n", ".digest_at", "'09:00', in quotes", id="an hour as a number"),
        pytest.param(f'{L}patch_day = "9th tuesday 17:00"\n', ".patch_day", "9th", id="no such week"),
        pytest.param(f'{L}release_window = "tue-thu 17:00-08:00"\n', ".release_window", "no hours", id="odd hours"),
        pytest.param(f'{L}release_window = "sometimes"\n', ".release_window", "no weekday", id="odd window"),
        pytest.param(f'{L}holidays_file = "none.txt"\n', ".holidays_file", "cannot be read", id="no holidays"),
        pytest.param(f'{L}holidays_file = "config.toml"\n', ".holidays_file", "line 1: ", id="no dates in it"),
        pytest.param(f'{L}lift = "coordinators"\n', ".lift", "did you mean 'coordinator'?", id="who lifts?"),
        pytest.param(f'{L}min_lead = "91d"\n', "lists.early-disclosure", "min_lead is longer than", id="lead over"),
        pytest.param(
            f'{L}preferred_embargo = "91d"\n', "lists.early-disclosure", "preferred_embargo is longer", id="wish over"
        ),
        pytest.param(f"{L}max_embargo = 90\n", ".max_embargo", "in quotes", id="duration as a number"),
        pytest.param(f'{L}max_embargo = "0d"\n', ".max_embargo", "longer than zero", id="no embargo"),
        pytest.param(f'{L}public_lists = "a@b.example"\n', "public_lists", "must be a list of", id="text for a list"),
        pytest.param(f'{L}public_lists = ["oss"]\n', "public_lists", "plain mail address", id="no address in a list"),
        pytest.param(f'{L}default_embargo = "91d"\n', "lists.early-disclosure", "longer than max_embargo", id="over"),
        pytest.param(f'{L}default_embargo = "soon"\n', ".default_embargo", "'patch-day'", id="odd default"),
        pytest.param(f'{L}default_tlp = "WHITE"\n', ".default_tlp", "'CLEAR'", id="label of TLP 1"),
        pytest.param(f'{L}id_prefix = "QU"\n', ".id_prefix", "taken", id="prefix of the quarantine"),
        pytest.param(f'{L}id_prefix = "ed"\n', ".id_prefix", "capital letters", id="small letters"),
        pytest.param(f'{L}outer_subject = "\\u00e9"\n', ".outer_subject", "ASCII", id="subject outside ASCII"),
        pytest.param(f'{L}name = "A\\nBcc: x"\n', ".name", "line breaks", id="line break in a name"),
        pytest.param(f'{L}name = "A <b@c.example>"\n', ".name", "without <", id="address in a name"),
        pytest.param(f'{L}public_address = "x"\n', ".public_address", "plain mail address", id="no address"),
        pytest.param(f'{L}seal = "never"\n', ".seal", "'auto', 'each', 'shared'", id="no such seal"),
        pytest.param("", "no list", "[lists.early-disclosure]", id="nothing at all"),
        pytest.param("[lists]\n", "lists", "at least one list", id="no list"),
        pytest.param(
            '[lists.a]\nname = "A"\n', "lists.a.address", "is missing; add address = ...", id="no address key"
        ),
        pytest.param('[lists."a b"]\naddress = "a@b.example"\n', "lists", "'a b' must be letters", id="odd list name"),
        pytest.param("[lists]\na = 1\n", "lists.a", "must be a table", id="a list that is none"),
        pytest.param(f"gateway = 1\n{L}", "gateway", "must be a table", id="a section that is none"),
        pytest.param('[lists.a]\naddress = "a@b@c"\n', "lists.a.address", "plain mail address", id="two at signs"),
        pytest.param("[lists.a\n", "config.toml", "not valid TOML", id="broken TOML"),
        pytest.param("[relay]\nport = 1\nport = 2\n", "config.toml", "not valid TOML", id="a key twice"),
    ],
)
def test_a_complaint_names_the_key_and_the_way_out(tmp_path, text, key, said):
    told = complaint(tmp_path, text)

    assert key in told
    assert said in told


@pytest.mark.parametrize(
    "url",
    [
        pytest.param("postgresql+psycopg://gw:hunter2@db.example/e", id="before the host"),
        pytest.param("postgresql+psycopg://db.example/e?password=hunter2", id="in the query"),
        pytest.param("mysql://gw:hunter2@db.example/e", id="in a scheme that is refused anyway"),
    ],
)
def test_a_password_in_the_file_is_refused_and_not_repeated(tmp_path, url):
    told = complaint(tmp_path, f'[storage]\nurl = "{url}"\n{MINIMAL}')

    assert "storage.url" in told
    assert "hunter2" not in told


@pytest.mark.parametrize(
    "second",
    [
        pytest.param("one@lists.example.org", id="the same"),
        pytest.param("ONE@lists.example.org", id="in capitals"),
        pytest.param("one-owner@lists.example.org", id="another's owner address"),
    ],
)
def test_two_lists_never_share_an_address(tmp_path, second):
    text = f'[lists.a]\naddress = "one@lists.example.org"\n[lists.b]\naddress = "{second}"\n'

    assert "belongs to both 'a' and 'b'" in complaint(tmp_path, text)


def test_every_problem_is_kept_though_one_line_is_told(tmp_path):
    with pytest.raises(ConfigError) as caught:
        load(write(tmp_path, f'[relay]\nport = 0\n[log]\nlevel = "x"\n{MINIMAL}seal = "y"\n'))

    assert len(caught.value.problems) == 3
    assert str(caught.value).endswith("(and 2 more)")


def test_a_file_that_is_not_text_or_not_readable_is_said_to_be_so(tmp_path):
    (tmp_path / "config.toml").write_bytes(b"\xff\xfe")

    with pytest.raises(ConfigError, match="save it as UTF-8"):
        load(tmp_path / "config.toml")
    with pytest.raises(ConfigError, match="cannot be read"):
        load(tmp_path)


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.dates(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)
keys = [(section, name) for section, model in sections().items() for name in model.model_fields]


@given(key=st.sampled_from(keys), value=values)
def test_whatever_stands_there_is_read_or_refused_in_one_line(key, value):
    section, name = key
    table = {"address": "a@lists.example.org"} if section.startswith("lists") else {}
    table[name] = value
    written = {"lists": {"a": table}} if section.startswith("lists") else {section: table}
    written.setdefault("lists", {"a": {"address": "a@lists.example.org"}})

    try:
        config.read(written, Path("/etc/x/config.toml"))
    except ConfigError as err:
        assert name in str(err) or section.partition(".")[0] in str(err)
        assert all("\n" not in problem for problem in err.problems)


# ------------------------------------------------------------------------------ where it is found


def test_the_file_is_found_in_the_order_of_the_contract(tmp_path, monkeypatch):
    here, named, given_path = (tmp_path / name for name in ("here", "named.toml", "given.toml"))
    here.mkdir()
    monkeypatch.chdir(here)
    environ = {"EMBARGO_CONFIG": str(named)}
    named.write_text(MINIMAL)
    given_path.write_text(MINIMAL)
    (here / "config.toml").write_text(MINIMAL)

    assert find(given_path, environ=environ) == given_path
    assert find(None, environ=environ) == named
    assert find(None, environ={}) == Path("config.toml")


def test_a_named_file_that_is_missing_is_not_replaced_by_another(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write(tmp_path)

    with pytest.raises(ConfigError, match="named by --config"):
        find(tmp_path / "other.toml", environ={})
    with pytest.raises(ConfigError, match="named by .EMBARGO_CONFIG"):
        find(None, environ={"EMBARGO_CONFIG": "other.toml"})


def test_without_any_file_it_is_told_where_was_looked(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(config, "PLACES", (Path("config.toml"), tmp_path / "etc.toml"))

    with pytest.raises(ConfigError, match="looked for config.toml and .*etc.toml; copy config.example.toml"):
        find(None, environ={})


def bar(monkeypatch, *barred):
    """Let this process look into none of these places, whoever runs the tests."""
    seen = Path.is_file

    def is_file(path):
        if path in barred:
            raise PermissionError(13, "Permission denied", str(path))
        return seen(path)

    monkeypatch.setattr(Path, "is_file", is_file)


def test_a_working_directory_that_may_not_be_entered_hides_nothing(tmp_path, monkeypatch):
    installed = write(tmp_path)
    monkeypatch.setattr(config, "PLACES", (Path("config.toml"), installed))
    bar(monkeypatch, Path("config.toml"))

    assert find(None, environ={}) == installed


def test_a_place_that_may_not_be_looked_into_is_named_with_the_way_out(tmp_path, monkeypatch):
    installed = write(tmp_path)
    monkeypatch.setattr(config, "PLACES", (Path("config.toml"), installed))
    monkeypatch.chdir(tmp_path.parent)
    bar(monkeypatch, installed)

    with pytest.raises(ConfigError, match="config.toml: may not be read by this user; run it as the gateway's own"):
        find(None, environ={})
    with pytest.raises(ConfigError, match="config.toml: may not be read by this user; run it as the gateway's own"):
        find(installed, environ={})
