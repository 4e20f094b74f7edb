"""Attacks on whom a reply reaches: at most those who got what it answers, and never by a detour."""

from __future__ import annotations

from email import policy
from email.message import EmailMessage
from pathlib import Path

import pytest

from deeds import AT_ONCE
from letters import hand_in, last_kept, signed_payload
from openpgp import Person
from policy.reasons import Reason
from world import LIST, OWNER, World, world

pytestmark = pytest.mark.side

SECRET = "For those alone who asked."


def has_secret(story: World) -> list[str]:
    """The members who read it."""
    return [name for name in ("north", "south", "west") if any(SECRET in copy.text for copy in story.inbox(name))]


async def answer(story: World, who: str, **threading: str) -> None:
    """Answer with fields of the writer's choice."""
    mail = EmailMessage(policy=policy.SMTP)
    own = {"Subject": "Re: Flaw", "From": "a@b.example", "To": LIST, "Message-ID": f"<own.{who}@b.example>"}
    for name, value in {**own, **{name.replace("_", "-"): value for name, value in threading.items()}}.items():
        mail[name] = value
    mail.set_content(f"> quoted\n{SECRET}\n")
    mail.set_param("hp", "cipher")
    assert await hand_in(story, signed_payload(story, mail.as_bytes(), who=who)) == 250
    await story.settle()


async def test_an_answer_to_a_members_question_and_the_disclosure_at_once_reaches_no_member(
    tmp_path: Path, people: dict[str, Person]
) -> None:
    async with world(tmp_path, people) as story:
        await story.post("alice", AT_ONCE)
        disclosure = story.last("north")
        await story.post("north", "A question of ours.\n", reply_to=disclosure)
        question = story.last("alice")
        await answer(story, "alice", In_Reply_To=f"{disclosure.message_id} {question.message_id}")

        assert has_secret(story) == []
        assert "went to the coordinators alone" in story.last("alice", "Receipt").text


@pytest.mark.parametrize("who", ["alice", "north"])
@pytest.mark.parametrize("is_named", [True, False], ids=["in-reply-to", "references-alone"])
async def test_an_answer_to_a_private_mail_in_a_known_thread_reaches_no_member(
    tmp_path: Path, people: dict[str, Person], who: str, is_named: bool
) -> None:
    async with world(tmp_path, people, list={"discussion": "audience"}) as story:
        await story.post("alice", AT_ONCE)
        private = "<private@project.example>"
        named = {"In_Reply_To": private} if is_named else {}
        await answer(story, who, References=f"{story.last('north').message_id} {private}", **named)

        assert has_secret(story) == []
        assert any(SECRET in copy.text for copy in story.inbox("adam")), "the coordinators read it"


async def test_a_mail_to_the_coordinators_alone_that_is_led_to_the_list_stays_from_the_members(
    tmp_path: Path, people: dict[str, Person]
) -> None:
    async with world(tmp_path, people, list={"discussion": "audience"}) as story:
        await story.post("alice", AT_ONCE)
        raw = story.compose("north", f"{SECRET}\n", reply_to=story.last("north"), to=OWNER)
        await hand_in(story, raw, to=LIST)
        await story.settle()

        assert has_secret(story) == []
        assert (await last_kept(story)).reason == Reason.WRONG_LIST
