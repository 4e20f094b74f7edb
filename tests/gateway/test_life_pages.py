"""The report's pages: whatever people wrote, they stay pages, load nothing, run nothing, and tell all of it."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.life import acts, page, words, written
from gateway.life.model import Case, Life, Moment, Reader, Sent, Sign, Stay, Text
from gateway.life.moments import Telling, stays_of
from gateway.life.names import Names
from gateway.life.picture import draw, end_of
from policy.facts import Key, Person, Role, Standing
from storage.records import AuditRecord

POSTED = datetime(2026, 11, 24, 17, tzinfo=UTC)
HOSTILE = "</title></svg></style>--><script>a(1)</script><img src=//x.example/ onerror='x'>\" | `a` [b](x)\x1b[2J\u202e"
TAGS = {
    "html", "head", "meta", "title", "style", "body", "main", "h1", "h2", "h3", "p", "dl", "dt", "dd", "figure",
    "svg", "defs", "pattern", "circle", "path", "rect", "g", "text", "table", "thead", "tbody", "tr", "th", "td",
    "span", "pre",
}  # fmt: skip
ATTRIBUTES = {
    "lang", "charset", "http-equiv", "content", "name", "class", "data-name", "xmlns", "viewbox", "role",
    "aria-labelledby", "font-size", "id", "width", "height", "patternunits", "cx", "cy", "r", "d", "x", "y", "fill",
    "transform", "text-anchor",
}  # fmt: skip


def a_life(word: str = "fine", *, signs: tuple[Sign, ...] = tuple(Sign), apart: float = 1.0) -> Life:
    """A life in which everything that may come from people is ``word``."""
    at = [POSTED + timedelta(days=apart * place) for place in range(len(signs))]
    return Life(
        id="ED-2026-K7QX",
        list_id="early-disclosure",
        zone="America/Los_Angeles",
        is_full=True,
        made_at=POSTED + timedelta(days=20),
        trail_head="7:abc",
        state="lifted",
        is_stopped=False,
        tlp="AMBER",
        scope=word,
        subject=word,
        posted_by=word,
        posted_at=POSTED,
        hold_until=POSTED + timedelta(days=1),
        released_at=POSTED + timedelta(days=1, minutes=5),
        first_embargo_until=POSTED + timedelta(days=9),
        embargo_until=POSTED + timedelta(days=14),
        ended_at=POSTED + timedelta(days=15),
        late=timedelta(days=1),
        cause="clock",
        lifted_as="clock",
        known={"fact_public_at": POSTED + timedelta(days=15), "closed_at": POSTED + timedelta(days=18)},
        moments=tuple(
            Moment(when, when, sign, "an-event", f"{sign} {word}", f"{sign}: {word}", word, word)
            for when, sign in zip(at, signs, strict=True)
        ),
        stays=(
            Stay("held", POSTED, POSTED + timedelta(days=1)),
            Stay("embargoed", POSTED + timedelta(days=1), POSTED + timedelta(days=15)),
            Stay("lifted", POSTED + timedelta(days=15), None),
        ),
        sent=(Sent("ED-2026-K7QX/1", "disclosure", "member", {"sent": 2}, POSTED, POSTED),),
        readers=(Reader(word, "sent", POSTED, None, word),),
        cases=(Case("LK-2026-9D3M", "open", True, word, POSTED, "public", ("to",), {"what": word}),),
        texts=(Text("ED-2026-K7QX/1", word, word, word, POSTED, f"{word}\n{word}", (word,)),),
    )


def drawn(life: Life, width: float) -> ET.Element:
    """A picture, as far as it is XML."""
    return ET.fromstring(draw(life, width, "wide"))  # noqa: S314 - that it can be parsed is what is tested


class Seen(HTMLParser):
    """What a browser would make of a page: elements with their attributes, and the text between them."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.said = ""
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += attrs

    def handle_data(self, data):
        self.said += data


@pytest.mark.parametrize("word", [HOSTILE, "'\"><svg onload=x>", "&lt;script&gt;", "\N{GRINNING FACE}\x00\x07"])
def test_hostile_words_are_text_in_every_form(word):
    life = a_life(word)

    html, markdown = page.html(life), written.markdown(life)

    seen = Seen(html)
    assert set(seen.tags) <= TAGS
    assert {name for name, _ in seen.attributes} <= ATTRIBUTES
    assert words.visible(word) in seen.said
    assert html.isascii()
    assert "\x1b" not in markdown + html
    assert "\u202e" not in markdown
    for line in markdown.splitlines():
        if not line.startswith("    "):
            assert not re.search(r"(?<!\\)[<`\[]", line), line
            if line.startswith("|"):
                assert len(re.findall(r"(?<!\\)\|", line)) in {5, 6, 10}, line


def test_the_page_loads_nothing_runs_nothing_and_says_so():
    html = page.html(a_life())

    assert "default-src 'none'" in html
    assert not re.search(r"(?i)<script|<link|<img|<iframe|@import|javascript:|\son\w+=|\b(?:src|href)=", html)
    assert set(re.findall(r"url\(([^)]*)\)", html)) <= {
        f"#{name}-{state}" for name in ("wide", "narrow") for state in ("held", "embargoed", "lifted")
    }
    assert re.findall(r"https?://[^\"]+", html) == ["http://www.w3.org/2000/svg"] * 2, "the name of SVG, not an address"


def test_ids_are_given_once_and_the_dark_has_colours_of_its_own():
    html = page.html(a_life())

    ids = re.findall(r'\bid="([^"]+)"', html)
    assert len(ids) == len(set(ids))
    assert "prefers-color-scheme:dark" in html


@pytest.mark.parametrize("width", [360.0, 960.0])
def test_each_sort_has_a_shape_of_its_own_and_a_label(width):
    picture = drawn(a_life(apart=30.0), width)

    shapes: dict[str, str] = {}
    for group in picture.iter("{http://www.w3.org/2000/svg}g"):
        path = group.find("{http://www.w3.org/2000/svg}path")
        assert "".join(text.text or "" for text in group.iter("{http://www.w3.org/2000/svg}text"))
        if path is not None:
            shapes[group.attrib["class"]] = path.attrib["d"]
    assert shapes.keys() == {sign.value for sign in Sign} | {"flag"}
    assert len(set(shapes.values())) == len(shapes), "readable without colour"


@given(
    st.text(max_size=40),
    st.lists(st.sampled_from(Sign), max_size=30).map(tuple),
    st.sampled_from([0.0, 0.001, 0.5, 40.0]),
    st.sampled_from([360.0, 960.0]),
)
def test_any_life_gives_a_picture_that_is_xml_and_says_all(word, signs, apart, width):
    life = a_life(word, signs=signs, apart=apart)

    picture = drawn(life, width)

    said = " ".join("".join(picture.itertext()).split())
    assert "public date" in said
    assert "embargoed for 14 days" in said
    lanes = [text.text for text in picture.iter("{http://www.w3.org/2000/svg}text") if text.get("class") == "lane"]
    assert (Sign.LEAK in signs or Sign.ALARM in signs) == ("Leaks and alarms" in lanes)


def test_a_date_far_beyond_the_end_does_not_press_the_picture_together():
    short = replace(a_life(), ended_at=POSTED + timedelta(minutes=5), moments=(), embargo_until=POSTED + timedelta(9))

    assert end_of(short) < POSTED + timedelta(minutes=6)
    assert "public date: Thu 3 Dec 2026 17:00 UTC, beyond this picture" in " ".join(drawn(short, 960).itertext())
    assert end_of(a_life()) == POSTED + timedelta(days=15.75)
    ahead = replace(short, ended_at=None)
    assert end_of(ahead) == ahead.made_at


def test_the_facts_say_lateness_and_changes():
    said = dict(words.facts(a_life()))

    assert said["Known as public"].startswith("Wed 9 Dec 2026")
    assert said["Closed"].startswith("Sat 12 Dec 2026")
    assert "5 min late" in said["Members got it"]
    assert "at first Thu 3 Dec 2026" in said["Public date"]
    assert "its public date came, after an embargo of 13 days 23 h, 1 day overdue" in said["Ended"]
    ahead = replace(a_life(), state="held", released_at=None, ended_at=None, late=None, cause=None, lifted_as="")
    assert "not yet; held until" in dict(words.facts(ahead))["Members got it"]
    assert dict(words.facts(ahead))["Ended"] == "not yet"
    gone = replace(ahead, state="withdrawn", ended_at=POSTED)
    assert dict(words.facts(gone))["Members got it"] == "never"
    assert dict(words.facts(gone))["Ended"].endswith(": withdrawn")
    two = POSTED + timedelta(days=2)
    early = replace(a_life(), ended_at=two, late=timedelta(days=-12), cause="leaked", lifted_as="leaked")
    assert "it had leaked, after" in dict(words.facts(early))["Ended"]
    assert "12 days before its date" in dict(words.facts(early))["Ended"]


# --- from the trail to moments ------------------------------------------------------------------

NORTH = Person(
    7, "early", Role.MEMBER, "security@northwind.example", "Northwind", Standing.ACTIVE, frozenset(),
    (Key("A" * 40, "ed25519", None),),
)  # fmt: skip


def record(event: str, about: str = "ED-2026-K7QX", reason: str = "", minutes: float = 0, **detail) -> AuditRecord:
    at = POSTED + timedelta(minutes=minutes)
    return AuditRecord(int(minutes), at, event, about, "early", NORTH.address, reason, detail, "", "")


def told(*records: AuditRecord, full: bool = False) -> tuple[Moment, ...]:
    return Telling("ED-2026-K7QX", Names([NORTH], is_full=full), {}, is_full=full).tell(records)


@pytest.mark.parametrize(
    ("given_record", "sign", "what"),
    [
        pytest.param(record("proposal-opened", "DP-2026-AAAA"), Sign.OTHER, "Proposal opened (DP-2026-AAAA)", id="new"),
        pytest.param(record("disclosure-frozen", reason="x"), Sign.OTHER, "Disclosure frozen", id="a new step"),
        pytest.param(
            record("disclosure-embargoed", reason="send-and-lift"),
            Sign.RELEASED,
            "Sent to members, and lifted in one step",
            id="sent with its lift",
        ),
        pytest.param(
            record("disclosure-embargoed", reason="date-agreed"),
            Sign.DATE,
            "Its public date set anew, as was agreed",
            id="a date agreed on",
        ),
        pytest.param(record("copy-mangled", "MS-1"), Sign.OTHER, "Copy mangled", id="a new state of a copy"),
        pytest.param(record("copy-sent", "MS-1"), Sign.OTHER, "Copy sent", id="a copy that is gone"),
        pytest.param(record(""), Sign.OTHER, "Event without a name", id="no name"),
        pytest.param(record("leak", "LK-1", verified=False), Sign.LEAK, "Leak reported, not proved", id="leak"),
        pytest.param(record("alarm", "AL-1", "late-lift"), Sign.ALARM, "Alarm: late-lift", id="alarm"),
        pytest.param(record("leak-assessed", "LK-1", "public"), Sign.LEAK, "Leak assessed: public", id="case"),
        pytest.param(record("leak-opened", "LK-1"), Sign.LEAK, "Leak found: a case was opened", id="found"),
        pytest.param(record("leak-acked", "LK-1"), Sign.ALARM, "Alarm of a leak taken in hand", id="taken"),
        pytest.param(record("disclosure-lifted", reason="lift-leaked"), Sign.LIFTED, "Lifted: it had leaked", id="up"),
        pytest.param(
            record("disclosure-embargoed", reason="lift-asked"),
            Sign.DATE,
            "Its date has come: the coordinators are asked to lift it",
            id="to be lifted",
        ),
        pytest.param(record("disclosure-closed", reason="x"), Sign.CLOSED, "Closed", id="closed"),
        pytest.param(
            record("disclosure-held", reason="approve"), Sign.OTHER, "Approved by a second coordinator", id="approved"
        ),
    ],
)  # fmt: skip
def test_every_event_is_told_also_one_that_nobody_knows_yet(given_record, sign, what):
    (moment,) = told(given_record)

    assert (moment.sign, moment.what, moment.event) == (sign, what, given_record.event)


@pytest.mark.parametrize(
    ("event", "reason", "said"),
    [
        pytest.param("quarantined", "stranger", "stranger", id="a word of ours"),
        pytest.param("quarantined", "Northwind said so", None, id="a text"),
        pytest.param("quarantined", "a@x.example", None, id="an address"),
        pytest.param("proposal-opened", "northwind", None, id="of an unknown event not even a word"),
        pytest.param("copy-bounced", "550 5.1.1 <security@northwind.example>: unknown", "550 5.1.1", id="an answer"),
        pytest.param("copy-bounced", "mailbox of Northwind", None, id="an answer without a code"),
        pytest.param("copy-withheld", "key expired", "key expired", id="why we kept it"),
        pytest.param("copy-withheld", "Northwind", None, id="no words of ours"),
    ],
)
def test_a_redacted_reason_is_a_word_of_ours_or_nothing(event, reason, said):
    given_record = record(event, reason=reason)

    assert acts.open_reason(given_record, acts.act_of(given_record)) == said


def test_who_reported_a_leak_is_not_even_a_number():
    acknowledged, leak, kept, stranger = told(
        record("acknowledged"),
        record("leak", "LK-2026-AAAA", verified=True),
        record("quarantined", "QU-2026-AAAA", "possible-leak"),
        replace(record("reply", "ED-2026-K7QX/2"), actor="x@elsewhere.example"),
    )

    assert (acknowledged.who, leak.who, kept.who, stranger.who) == ("member 1", "a member", "a member", "somebody")
    assert [moment.who for moment in told(record("leak", "LK-2026-AAAA"), full=True)] == ["Northwind"]

    again, _, posted, _, other = told(
        record("disclosure-lifted", reason="leak"),
        record("leak", "LK-2026-AAAA", verified=True, mail="ML-1"),
        record("reply", "ED-2026-K7QX/2", mail="ML-2"),
        record("leak-retrospective", "LK-2026-AAAA", mail="ML-2"),
        record("reply", "ED-2026-K7QX/3", mail="ML-3"),
    )
    assert (again.who, posted.who, other.who) == ("a member", "a member", "member 1"), "of the same mail neither"


def test_dates_that_move_are_told_and_states_are_spans():
    first = {"hold_until": "2026-11-25T17:00:00+00:00", "embargo_until": "2026-12-08T17:00:00+00:00", "scope": "all"}
    first["upstreams"] = {"envoy": "2026-12-12T17:00:00+00:00", "wasm": "open"}
    later = first | {"embargo_until": "2026-12-10T17:00:00+00:00", "scope": "org:Northwind"}
    records = [
        record("disclosure-held", reason="post", **first),
        record("disclosure-held", reason="new-date", minutes=5, **later),
        record("disclosure-embargoed", reason="hold-over", minutes=9, **later),
    ]

    posted, moved, released = told(*records)

    assert posted.what.startswith("Posted: held until Wed 25 Nov 2026 17:00 UTC")
    said = "one of them holds until Sat 12 Dec 2026 17:00 UTC; one of them holds, its date is not known"
    assert posted.what.endswith(f"; third parties' embargoes: {said}")
    assert "; third parties' embargoes: envoy holds until Sat 12 Dec" in told(*records, full=True)[0].what
    assert (moved.sign, moved.short) == (Sign.DATE, "public date moved")
    assert moved.what.endswith("from Tue 8 Dec 2026 17:00 UTC to Thu 10 Dec 2026 17:00 UTC; scope changed")
    assert told(*records, full=True)[1].what.endswith("scope changed to org:Northwind")
    assert released.what == "Released to members"
    held, embargoed = stays_of(records, "ED-2026-K7QX")
    assert (held.end, embargoed.state, embargoed.end) == (embargoed.start, "embargoed", None)
