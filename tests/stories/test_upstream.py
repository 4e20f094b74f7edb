"""Third parties' embargoes, told by what members' decrypted mails hold, and what they do not hold."""

from __future__ import annotations

from pathlib import Path

import pytest

from deeds import pages, state_of
from gateway.life import gathering, words
from gateway.operator import disclosures as operator_disclosures
from gateway.operator import stats as operator_stats
from gateway.operator.base import RefusedError
from openpgp import Person
from world import World, world

DAY = 24 * 3600
REQUEST = "early-disclosure-request@lists.example.org"
MEMBERS = ("north", "south")
# What nobody may read before it may be told: in the text, the subject, an attachment, the references, the permits.
SECRETS = (
    b"smuggled",
    b"hpack",
    b"fix-canary",
    b"CVE-2026-4242",
    b"github.example",
    b"lab machines",
    b"envoy",
    b"cloud",
)
MECHANICS = (
    "Mechanics-Version: 1.19.2, 1.20.1\nMechanics-Branches: release-1.19\nMechanics-Action: upgrade the proxies\n"
)
DETAILS = "CVE: CVE-2026-4242\nRef: https://github.example/1\nPermit: deploy to lab machines\n"
POST = f"Embargo-Until: +14d\nUpstream: {{}}\n{MECHANICS}{DETAILS}\nRequests can be smuggled.\n"
FIX = ("hpack.patch", b"fix-canary\r\n")


def upstreams(**modes: str) -> dict[str, object]:
    return {"upstreams": {name: {"mode": mode} for name, mode in modes.items()}}


def read_by(story: World, name: str) -> bytes:
    """Everything that somebody got, as it was sealed and as it reads."""
    got = story.inbox(name)
    return b"".join(copy.plaintext + copy.text.encode() + b"".join(copy.attachments.values()) for copy in got)


def told_secrets(story: World, name: str) -> set[bytes]:
    """Which of the secrets stand in anything that somebody got."""
    read = read_by(story, name)
    return {secret for secret in SECRETS if secret in read}


def lifts(story: World, name: str) -> int:
    return sum("Lifted" in subject for subject in story.subjects(name))


async def post(story: World, upstream: str, **how: object) -> None:
    await story.post("alice", POST.format(upstream), subject="Flaw in hpack", attachments=[FIX], **how)


async def test_members_read_the_mechanics_until_it_is_over_and_the_lift_waits_for_both(
    tmp_path: Path, people: dict[str, Person]
) -> None:
    told = upstreams(envoy="mechanics") | {"discussion": "audience"}
    async with world(tmp_path, people, pinned=["alice", "adam", *MEMBERS], list=told) as story:
        await post(story, "envoy until +20d")
        which, receipt = story.disclosure_id(), story.last("alice", "Receipt")
        assert "The embargo of envoy (mechanics) holds until" in receipt.text
        assert "in 20 days" in receipt.text
        assert "Withheld: the details from Northwind, Southgate" in receipt.text
        assert len(receipt.proofs) == 1
        assert "hpack" not in receipt.proofs[0].as_string()
        assert b"fix-canary" in read_by(story, "adam")
        for name in MEMBERS:
            (copy,) = story.inbox(name)
            assert copy.subject == f"[{which}] A release is being prepared"
            assert "Fixed in: 1.19.2, 1.20.1" in copy.text
            assert "To be done: upgrade the proxies" in copy.text
            assert copy.text.count("in 20 days") == 2, "one instant, as when the lift is due and as the date"
            assert "in 14 days" not in copy.text
            assert "or later" not in copy.text
            assert copy.attachments == {}

        await story.post("north", "Ack: yes\n", reply_to=story.last("north"))
        await story.post("alice", "Corrects: last\n\nIt is hpack.\n", reply_to=story.last("north"), subject="Re: hpack")
        assert "members are asked to acknowledge anew" in story.last("alice", "Receipt").text
        for name in MEMBERS:
            assert "CORRECTION" in story.last(name).text
            assert (
                f"This puts {which}/1 right. Please say that you have it: reply with `Ack: yes`"
                in story.last(name).text
            )
        await story.post("north", "Is it hpack?\n", reply_to=story.last("north"))
        assert "hpack" in story.last("alice").text  # a guess of a member goes no further than to coordinators
        await story.post("north", "Leak: the hpack patch, to a friend\n", reply_to=story.last("north"))
        assert "A leak is reported" in story.last("south").subject
        assert "What leaked, to whom and when is not told for now" in story.last("south").text
        assert "not known yet" not in story.last("south").text.replace("Contained: not known yet", "")
        assert "in 20 days" in story.last("south").text, "the lift waits for both"
        assert "hpack" in story.last("alice", "ALARM").text
        assert "but not what, to whom and when" in story.last("alice", "ALARM").text
        await story.post("alice", "Lift: now\nCause: ready\n", reply_to=receipt)
        kept = story.last("alice", "Kept back").text
        assert "Upstream: envoy over" in kept
        assert "There is no block to paste here" in kept, "a cause of no lift is not offered"
        with pytest.raises(RefusedError, match="waits for the embargo of envoy"):
            await operator_disclosures.lift(story.parts, which)

        await story.post("adam", f"Show: {which}\n", to=REQUEST)
        assert "The embargo of envoy (mechanics) holds until" in story.last("adam").text

        await story.pass_time(14 * DAY)
        assert await state_of(story, which) == "embargoed"
        assert "in 6 days" in story.last("adam", "Reminder").text, "of the end of both, which is seven days off"
        assert not of(story, "north", "Reminder"), "members are told of the end, not of a date that ends nothing"
        waits = story.last("adam", "Waits for envoy")
        await story.pass_time(DAY)
        assert story.last("adam", "Waits for").message_id == waits.message_id  # said once: its date is known
        await story.post("adam", "Upstream: envoy until +2d\n", reply_to=waits)
        assert "New end of the embargo" in story.last("south").subject
        assert "in 2 days" in story.last("south").text
        assert "or later" not in story.last("south").text
        await story.pass_time(2 * DAY - 1)
        assert all(told_secrets(story, name) == set() for name in MEMBERS)
        assert all(lifts(story, name) == 0 for name in MEMBERS)
        assert "goes public" in story.last("adam", "Reminder").text
        assert "Lift: now" not in story.last("adam", "Reminder").text
        (reminder,) = of(story, "north", "Reminder")
        assert "in 1 second" in reminder
        assert "at that moment you are told that it is over" in reminder

        await story.pass_time(1)
        assert await state_of(story, which) == "lifted"
        for name in MEMBERS:
            assert lifts(story, name) == 1
            got = {copy.text.split()[2]: copy for copy in story.inbox(name) if copy.text.startswith("Details of")}
            first, second = got[f"{which}/1"], got[f"{which}/2"]
            assert first.attachments == {"hpack.patch": b"fix-canary\r\n"}
            assert "Requests can be smuggled." in first.text
            assert "CVE-2026-4242" in first.text
            assert "It is hpack." in second.text
            assert "Flaw in hpack" in story.last(name, "Lifted").subject
        assert not await pages(story, "late-lift")
        numbers = (await operator_stats.numbers(story.parts, None, operator_stats.Period()))["all"]
        assert (numbers["lifted"], numbers["overdue"], numbers["early"]) == (1, 0, 0)
        life = await gathering.gather(story.parts, which)
        assert dict(words.facts(life))["Ended"].endswith(", on its date")


def of(story: World, name: str, subject: str) -> list[str]:
    """The texts of the mails to somebody whose subject holds a text, oldest first."""
    return [copy.text for copy in story.inbox(name) if subject in copy.subject]


async def test_another_coordinator_or_the_group_of_its_name_opens_what_is_kept_back(
    tmp_path: Path, people: dict[str, Person]
) -> None:
    modes = upstreams(cloud="mechanics", envoy="case-by-case", wasm="inherit")
    async with world(tmp_path, people, list=modes) as story:
        await story.post("alice", POST.format("clod until +20d"), subject="Flaw in hpack", attachments=[FIX])
        assert "did you mean cloud?" in story.last("alice", "Kept back").text
        await story.post("alice", "Preview: yes\n" + POST.format("cloud"), subject="Flaw in hpack", attachments=[FIX])
        assert "A release is being prepared" in story.last("alice", "Preview").proofs[0].as_string()
        named = "Preview: yes\n" + POST.format("cloud\nRestrict: hpack.patch to group:cloud")
        await story.post("alice", named, subject="Flaw in hpack", attachments=[FIX])
        proofs = [proof.as_string() for proof in story.last("alice", "Preview").proofs]
        told = [("smuggled" in proof, "hpack.patch" in proof) for proof in proofs]
        assert sorted(told) == [(False, False), (True, True)], "who may have the patch reads what it is about"

        shared = POST.format("cloud\nRestrict: * to group:cloud")
        await story.post("alice", shared, subject="Flaw in hpack", attachments=[FIX])
        which, receipt = story.disclosure_id(), story.last("alice", "Receipt")
        assert "Withheld: the details from Northwind, Southgate" in receipt.text
        assert len(receipt.proofs) == 2
        assert story.last("west").attachments == {"hpack.patch": b"fix-canary\r\n"}
        assert "The embargo of cloud holds as well, until you hear that it is over." in story.last("west").text
        assert "until you get the lift notice, due" in story.last("west").text
        assert "or later." in story.last("west").text
        assert told_secrets(story, "north") == told_secrets(story, "south") == set()

        await story.post("adam", "Embargo-Until: +15d\n", reply_to=story.last("adam", "Receipt"))
        told = " ".join(story.last("north", "New public date").text.split())
        assert "ours does not end before" in told
        assert told.count("in 15 days") == 2

        await story.post("alice", f"Approve: {which}/1\n", reply_to=receipt)
        assert "not the one who wrote it" in story.last("alice", "Kept back").text
        await story.post("alice", "Upstream: cloud details\n", reply_to=receipt)
        assert "is your own mail" in story.last("alice", "Kept back").text
        await story.post("north", f"Approve: {which}/1\n", reply_to=story.last("north"))
        assert told_secrets(story, "north") == set()
        await story.post("adam", "Upstream: cloud details\n", reply_to=story.last("adam", "Receipt"))
        for name in ("north", "south"):
            assert story.last(name).text.startswith(f"Details of {which}/1")
            assert story.last(name).attachments == {"hpack.patch": b"fix-canary\r\n"}
        assert len(story.inbox("west")) == 2, "the disclosure and its new date: the details were there before"
        await story.post("alice", "Upstream: cloud over\nLift: now\n", reply_to=receipt)
        assert await state_of(story, which) == "lifted"


@pytest.mark.side
async def test_an_upstream_that_comes_later_keeps_back_each_mail_and_without_a_date_is_asked_about(
    tmp_path: Path, people: dict[str, Person]
) -> None:
    modes = upstreams(envoy="case-by-case", wasm="inherit")
    async with world(tmp_path, people, pinned=["alice", "adam", "north"], list=modes) as story:
        await story.post("alice", "Embargo-Until: +14d\n\nA flaw.\n", subject="First")
        first, receipt = story.disclosure_id(), story.last("alice", "Receipt")
        late = "Upstream: envoy\nUpstream: wasm until +20d\nSend-To: audience\n\nIt is hpack.\n"
        await story.post("alice", late, reply_to=receipt)
        assert told_secrets(story, "north") == set()
        await story.post("adam", f"Approve: {first}/2\n", reply_to=story.last("adam", "Receipt"))
        assert "It is hpack." in story.last("north", "First").text
        await story.post("adam", "Send-To: audience\n\nMore on hpack.\n", reply_to=receipt)
        assert "More on hpack." not in "".join(of(story, "north", ""))
        await story.post("alice", "Upstream: envoy details\n", reply_to=receipt)
        assert "let go by itself" in story.last("alice", "Kept back").text

        await story.post("alice", POST.format("wasm until +1d"), subject="Flaw in hpack", attachments=[FIX])
        second = story.disclosure_id()
        assert story.last("north").attachments == {"hpack.patch": b"fix-canary\r\n"}
        assert "The embargo of wasm holds as well, until" in story.last("north").text
        assert "until you get the lift notice, due" in story.last("north").text
        assert "or later" not in story.last("north").text
        await story.post("alice", "Lift: now\n", reply_to=story.last("alice", "Receipt"))
        assert await state_of(story, second) == "embargoed"
        await story.pass_time(DAY)
        assert await state_of(story, second) == "embargoed"  # ours comes later
        assert "is over" in story.last("adam", "A third party's embargo is over").text

        await story.pass_time(13 * DAY)
        assert (await state_of(story, first), await state_of(story, second)) == ("embargoed", "lifted")
        await story.pass_time(DAY)
        assert len(of(story, "adam", "Waits for envoy and wasm")) == 1
        assert "Upstream: envoy over" in story.last("adam", "Daily digest").text  # told every day, as it has no date
        await story.post("alice", "Upstream: envoy over\n", reply_to=receipt)
        assert "More on hpack." in story.last("north", "First").text
        assert await state_of(story, first) == "embargoed"
        await story.pass_time(5 * DAY)
        assert await state_of(story, first) == "lifted"
        assert lifts(story, "north") == 2


@pytest.mark.side
async def test_a_fact_lifts_all_the_same_and_then_nothing_goes_out_by_itself(
    tmp_path: Path, people: dict[str, Person]
) -> None:
    async with world(tmp_path, people, pinned=["alice", "adam", "north"], list=upstreams(envoy="mechanics")) as story:
        await post(story, "envoy until +5d")
        which = story.disclosure_id()
        await story.post("alice", "Fact: public\n", reply_to=story.last("alice", "Receipt"))
        assert await state_of(story, which) == "lifted"
        receipt = story.last("alice", "Receipt").text
        assert "The embargo of envoy (mechanics) holds until" in receipt
        assert "Ours is over all the same." in receipt
        assert "The lift waits" not in receipt
        await story.pass_time(5 * DAY - 1)
        assert await pages(story, "no-public-post") == [], "nobody is asked to publish while it holds"
        await story.pass_time(1)
        await story.pass_time(3600)
        assert len(await pages(story, "no-public-post")) == 1
        missing = story.last("alice", "No public notice yet").text
        assert "If it is not, please publish it now." in missing, "it is known beyond the members, a fact says so"
        assert told_secrets(story, "north") == set()
        assert lifts(story, "north") == 1
        await story.post("adam", f"Approve: {which}/1\n", reply_to=story.last("adam", "Receipt"))
        assert story.last("north").attachments == {"hpack.patch": b"fix-canary\r\n"}


@pytest.mark.side
async def test_where_a_coordinator_lifts_the_end_of_the_later_embargo_is_what_is_waited_for(
    tmp_path: Path, people: dict[str, Person]
) -> None:
    by_hand = upstreams(wasm="inherit") | {"lift": "coordinator"}
    async with world(tmp_path, people, pinned=["alice", "adam", "north"], list=by_hand) as story:
        await story.post("alice", "Embargo-Until: +2d\nUpstream: wasm until +4d\n\nA flaw.\n")
        assert "in 4 days) or later.\n" in story.last("north").text.replace("\r", "")
        await story.pass_time(4 * DAY - 1)
        assert "or later, when one of you sends `Lift: now`" in story.last("adam", "Reminder").text
        assert "It holds until you get the lift notice." in story.last("north", "Reminder").text
        await story.pass_time(1)
        assert of(story, "adam", "To be lifted")
        await story.pass_time(3599)
        assert await pages(story) == [], "an hour from when it was due, not from a date that ended nothing"
        await story.pass_time(1)
        assert [page.kind for page in await pages(story)] == ["lift-overdue"]
