"""The life of a disclosure on one page, and the numbers of a list: told of a real one."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest

from gateway.cli.output import clean
from gateway.life import page, written
from gateway.life.gathering import gather
from gateway.operator import stats as operator_stats
from gateway.operator.base import UnclearError
from policy.statistics import Period
from storage import disclosures, items
from world import world

DAY = 86400
POST = "Hold-Until: +1d\nEmbargo-Until: +14d\nScope: group:distributors, security@westlake.example\n\nTEXTWORD.\n"
SECRETS = ("SUBJECTWORD", "TEXTWORD", "FILEWORD", "FOLLOWWORD", "LEAKWORD")


async def live(story, people) -> str:
    """A disclosure with all that may come over it, up to its lift; gives its id."""
    await story.post("alice", POST, subject="SUBJECTWORD <script>", attachments=[("FILEWORD.patch", b"x")])
    receipt = story.last("alice", "Receipt")
    await story.pass_time(DAY / 2)
    await story.post("alice", "Hold-Until: +1d\n", reply_to=receipt)
    story.box.script("451 4.2.0 later, Southgate", recipient=people["south"].address)
    await story.pass_time(DAY)
    await story.post("north", "Ack: yes\n", reply_to=story.last("north"))
    await story.pass_time(DAY)
    await story.post("alice", "FOLLOWWORD.\n", reply_to=story.last("north"))
    await story.post("alice", "Embargo-Until: +12d\n", reply_to=receipt)
    await story.pass_time(3 * DAY)
    await story.post("west", "Leak: LEAKWORD, to a newspaper\n", reply_to=story.last("west"))
    await story.pass_time(DAY)
    await story.post("mallory", "Leak-What: all\n", subject="Re: x", references=[story.last("west").message_id])
    await story.pass_time(DAY)
    await story.post("adam", "Lift: now\n", reply_to=story.last("adam", "Receipt"))
    await story.pass_time(DAY)
    return story.disclosure_id()


async def test_a_whole_life_is_told_redacted_or_in_full_and_counted(tmp_path, people, beside):
    async with world(tmp_path, people) as story:
        disclosure_id = await live(story, people)
        names = {word for one in people.values() for word in (one.address, one.name, one.name.split()[0])}

        redacted = await gather(story.parts, disclosure_id)
        full = await gather(story.parts, disclosure_id, story.parts.own_parser)

        short = written.document(redacted)
        pages = (page.html(redacted), written.markdown(redacted), json.dumps(short))
        for text in pages:
            assert [word for word in (*SECRETS, "newspaper", "Southgate", *names) if word in text] == []
        assert (short["redacted"], short["subject"], short["scope"]) == (True, None, "1 group, 1 address")
        assert (short["state"], short["cause"], short["length_days"], short["overdue_days"]) == (
            "lifted",
            "other",
            6,
            0,
        )
        assert [row["member"] for row in short["members"]] == ["member 1", "member 2", "member 3"]
        assert sum(row["acknowledged_at"] is not None for row in short["members"]) == 1
        assert [(row["verified"], row["reporter"]) for row in short["leaks"]] == [
            (True, "a member"),
            (False, "somebody who is not proved"),
        ]
        assert {row["sign"] for row in short["timeline"]} >= {
            "posted", "released", "delivered", "failed", "acknowledged", "written", "date", "leak", "alarm", "lifted",
        }  # fmt: skip
        (later,) = [row for row in short["timeline"] if row["event"] == "copy-deferred"]
        assert (later["what"], later["why"]) == ("The disclosure not taken yet for 1 member", "451 4.2.0")
        delivered = [row["what"] for row in short["timeline"] if row["sign"] == "delivered"]
        assert delivered[:2] == ["The disclosure delivered to 2 members", "The disclosure delivered to 1 member"]
        assert "Lift notice delivered to 3 members" in delivered

        long = written.document(full)
        pages = (page.html(full), written.markdown(full), json.dumps(long))
        for text in pages:
            wanted = (*SECRETS, "Southgate", people["north"].address, "newspaper")
            assert [word for word in wanted if word not in text] == []
        assert "<script>" not in page.html(full)
        assert long["members"][0]["member"].endswith(".example>")
        assert [row["attachments"] for row in long["texts"]] == [["FILEWORD.patch"], []]

        # The numbers, at the story's own time.
        numbers = await operator_stats.numbers(story.parts, None, Period())
        (row,) = numbers["lists"]
        assert row == {"list": "early-disclosure", **numbers["all"]}
        assert {name: row[name] for name in ("notified", "lifted", "open", "early", "leaks", "leaks_proved")} == {
            "notified": 1, "lifted": 1, "open": 0, "early": 1, "leaks": 2, "leaks_proved": 1,
        }  # fmt: skip
        assert (row["length_median_days"], row["causes"]["other"]) == (6.0, 1)

        # The commands say the same, and a destroyed text takes nothing else with it.
        shell = beside(story)
        said = await shell.ok("disclosure", "report", disclosure_id.lower())
        assert said.startswith(f"# {disclosure_id}\n")
        assert "| Released to members |" in said
        async with story.parts.database.transaction() as tx:
            item = await disclosures.particulars_item(tx, disclosure_id)
            await items.destroy(tx, item, story.clock.now())
        html = await shell.ok("disclosure", "report", disclosure_id, "--html", "--full")
        assert "its content was destroyed" in html
        assert "FOLLOWWORD" in html
        assert "SUBJECTWORD" not in html.split("<h2>What was written")[0]
        assert (await shell.json("disclosure", "report", disclosure_id))["timeline"] == short["timeline"]
        assert "no disclosure" in await shell.refuse("disclosure", "report", "ED-2026-XXXX")
        assert "only one" in await shell.refuse("disclosure", "report", disclosure_id, "--html", "--json", code=2)
        assert "NOTIFIED" in await shell.ok("stats", "--list", "early-disclosure")
        assert "| early-disclosure | 1 |" in await shell.ok("stats", "--md")
        assert (await shell.json("stats", "--since", "2020-01-01", "--until", "2020-12-31"))["all"]["notified"] == 0
        assert "must be a day" in await shell.refuse("stats", "--since", "yesterday", code=2)
        assert "no list" in await shell.refuse("stats", "--list", "nowhere")


def day(number: int, **more) -> datetime:
    return datetime(2026, 12, number, tzinfo=UTC) + timedelta(**more)


@pytest.mark.parametrize(
    ("since", "until", "period"),
    [
        pytest.param(None, None, Period(), id="always"),
        pytest.param("2026-12-01", "2026-12-24", Period(day(1), day(25)), id="days, the last included"),
        pytest.param("2026-12-01", "2026-12-01", Period(day(1), day(2)), id="one day"),
        pytest.param("2026-12-01T12:00:00+02:00", None, Period(day(1, hours=10), None), id="an instant"),
        pytest.param(None, "2026-12-01T12:00:00Z", Period(None, day(1, hours=12)), id="until an instant"),
    ],
)
def test_a_period_is_read(since, until, period):
    assert operator_stats.read_period(since, until) == period


@pytest.mark.parametrize(
    ("since", "until"),
    [
        pytest.param("2026-12-02", "2026-12-01", id="the wrong way round"),
        pytest.param("2026-13-01", None, id="no such month"),
        pytest.param("2026-12-01T12:00:00", None, id="no zone"),
        pytest.param(None, "9999-12-31", id="past the calendar"),
        pytest.param("01/02/2026", None, id="either way"),
    ],
)
def test_a_period_that_is_none_is_refused(since, until):
    with pytest.raises(UnclearError) as refused:
        operator_stats.read_period(since, until)
    assert clean(str(refused.value)) == str(refused.value)
