"""The demo's beginning: keys, the post, the hold, the release, and a stranger who gets nowhere."""

from __future__ import annotations

import asyncio
from datetime import datetime
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from gateway.demo.cast import Actor, sha256
from gateway.demo.stage import LIST, LOOK_EVERY, PATIENCE, PUBLIC, ZONE, StepFailedError
from gateway.demo.telling import MEMBERS, PATCH, SUBJECT

if TYPE_CHECKING:
    from contextlib import AsyncExitStack

    from gateway.demo.telling import Story

HOLD = 6  # seconds between the post and the release
NOTICE = b"Heap overflow in the header parser\n\nUpdate to 1.2.3.\n"


async def set_up(story: Story, stack: AsyncExitStack) -> None:
    """Keys, a mailbox server, a gateway with a coordinator and three members."""
    stage = story.stage
    story.title("1. Keys for a coordinator, three members and a stranger; a gateway of their own")
    cast = [("alice", "Alice Archer", "alice@project.example"), ("mallory", "Mallory", "mallory@elsewhere.example")]
    for key, name, address in [*cast, *((key, name, address) for key, name, address, _ in MEMBERS)]:
        actor = Actor(name, address, stage.directory / f"home-{key}")
        story.people[key] = actor
        stack.push_async_callback(actor.close)
    await asyncio.gather(*(actor.make_key() for actor in story.people.values()))
    await stage.open_mailbox({PUBLIC, *(actor.address for actor in story.people.values())})
    await asyncio.to_thread(stage.write_config)
    await stage.embargo("init")
    story.tell("embargo init")
    alice = story.people["alice"]
    file = await alice.export(stage.directory / "alice.asc")
    await stage.embargo("coordinator", "add", "--name", alice.name, "--address", alice.address, "--key", str(file))
    story.tell(f"embargo coordinator add --name '{alice.name}' --address {alice.address} --key alice.asc")
    for name, org, address, group in MEMBERS:
        file = await story.people[name].export(stage.directory / f"{name}.asc")
        await stage.embargo("member", "add", "--org", org, "--address", address, "--group", group, "--key", str(file))
        story.tell(f"embargo member add --org {org} --address {address} --group {group} --key {name}.asc")
    certificate = (await stage.embargo("list", "key", "early-disclosure")).encode()
    known = await asyncio.gather(*(actor.know(certificate) for actor in story.people.values()))
    story.list_fingerprint = known[0]
    await stage.start()
    story.check(f"embargo serve is ready on {stage.host}:{stage.port}", holds=True)


async def post(story: Story) -> None:
    """The post, and its receipt."""
    story.title("2. Alice posts a disclosure with a patch, signed and encrypted")
    text = (
        f"Hold-Until: +{HOLD}s\nEmbargo-Until: patch-day\nRestrict: fix.patch to group:distributors\n"
        "Public-Notice: notice.txt\n\n"
        "A crafted header writes past the end of a buffer. The fix is attached.\n"
    )
    story.tell_lines(text)
    attached = [("fix.patch", PATCH), ("notice.txt", NOTICE)]
    raw = await story.people["alice"].write(to=LIST, subject=SUBJECT, text=text, attachments=attached)
    await story.send("alice", raw)
    receipt = await story.hears("alice", "Receipt")
    story.disclosure_id = receipt.subject.partition("[")[2].partition("]")[0]
    told = next(line for line in receipt.text.splitlines() if line.startswith("Members get this"))
    story.tell(told)
    story.check(f"the receipt for {story.disclosure_id} came back, sealed to Alice", holds=receipt.is_signed_by_list)
    shown = await story.shown()
    story.hold_until = datetime.fromisoformat(shown["hold_until"])
    day = datetime.fromisoformat(shown["embargo_until"]).astimezone(ZoneInfo(ZONE))
    is_patch_day = f"{day:%A %H:%M}" == "Tuesday 17:00" and 7 < day.day < 15  # noqa: PLR2004 - the second one
    story.check(
        f"patch-day became {day:%a %Y-%m-%d %H:%M} in Los Angeles, as it says",
        holds=is_patch_day and f"{day:%H:%M} in Los Angeles" in told,
    )
    story.check("it counts 3 of 3 members", holds="3 of 3 members" in receipt.text)
    has_proof = "proof-1.eml" in receipt.inner.as_string()
    story.check("it holds the proof: what members will read, to the letter", holds=has_proof)
    story.check("it holds a stop code", holds="Stop code: " in receipt.text)


async def wait_and_release(story: Story) -> None:
    """Wait for the hold, and look when members got their copies."""
    story.title("3. The hold: nobody has anything a moment before it, everybody does at it")
    hold = story.hold_until
    async with asyncio.timeout(HOLD + PATIENCE):
        while not all(map(story.count, story.members)):  # noqa: ASYNC110 - looked at as a person would
            await asyncio.sleep(LOOK_EVERY / 5)
    # By the moments at which the mailboxes got them: on a busy machine this process may look late.
    addresses = {member.address for member in story.members}
    arrived = [mail.received_at for mail in story.stage.mails if mail.recipient in addresses]
    story.check("until the hold no member had got a byte", holds=min(arrived) >= hold)
    late = (max(arrived) - hold).total_seconds()
    story.check(f"all three copies were delivered {late:.1f} s after it", holds=late < PATIENCE)


async def open_copies(story: Story) -> None:
    """Each copy, with each key."""
    story.title("4. Each copy opens with its own member's key, and with no other")
    for key, org, address, group in MEMBERS:
        member = story.people[key]
        (envelope,) = [mail for mail in story.stage.mails if mail.recipient == address]
        letter = await member.read(envelope.content, story.list_fingerprint)
        if letter is None:
            raise StepFailedError(f"{org} can't open its copy")
        story.copies[key] = letter
        others = [other for other in story.people.values() if other is not member]
        opened = await asyncio.gather(*(other.read(envelope.content, story.list_fingerprint) for other in others))
        alone = letter.is_signed_by_list and not any(opened)
        story.check(f"{org} reads '{letter.subject}', signed by the list; nobody else can", holds=alone)
        outside = bytes(letter.outer).lower()
        hidden = (SUBJECT, "alice", story.disclosure_id, "fix.patch")
        tells = [word for word in hidden if word.lower().encode() in outside]
        is_quiet = not tells and "notice.txt" not in letter.attachments
        story.check("  outside the encryption nothing tells; notice.txt is with nobody", holds=is_quiet)
        patch = letter.attachments.get("fix.patch")
        if group == "distributors":
            story.check(
                f"  fix.patch is byte for byte what Alice attached ({sha256(PATCH)[:12]})", holds=patch == PATCH
            )
        else:
            told = "Withheld from you: fix.patch" in letter.text
            story.check("  fix.patch is withheld, and the copy says so", holds=patch is None and told)


async def stranger(story: Story) -> None:
    """A mail that is not what it says."""
    story.title("5. A stranger writes under Alice's name, with a good signature of his own key")
    before = [story.count(member) for member in story.members]
    raw = await story.people["mallory"].write(
        to=LIST,
        subject="Urgent update",
        text="Embargo-Until: +1d\n\nPlease install this.\n",
        as_sender="Alice Archer <alice@project.example>",
    )
    await story.send("mallory", raw)
    kept = await story.stage.embargo_json("quarantine", "ls")
    story.check(f"it is kept back: {kept[0]['id']} ({kept[0]['reason']})", holds=kept[0]["reason"] == "stranger")
    story.check("no member got anything", holds=before == [story.count(member) for member in story.members])
