"""The demo's story, step by step; each step raises when it did not really happen."""

from __future__ import annotations

import asyncio
import json
import shutil
import tempfile
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from rich.console import Console

from gateway.demo.cast import Actor, Letter, post, sha256
from gateway.demo.stage import LIST, LOOK_EVERY, PATIENCE, Stage, StepFailedError

HOLD = 6  # seconds between the post and the release
PATCH = b"--- a/parser.c\n+++ b/parser.c\n@@ -41 +41 @@\n-  if (length > limit)\n+  if (length >= limit)\n"
BETTER = PATCH.replace(b"length >= limit", b"length >= limit || length < 0")
SUBJECT = "Heap overflow in the header parser"
MEMBERS = (
    ("north", "Northwind", "security@northwind.example", "distributors"),
    ("south", "Southgate", "psirt@southgate.example", "distributors"),
    ("west", "Westlake", "security@westlake.example", "cloud"),
)


@dataclass(slots=True)
class Story:
    """What is known while the story goes on."""

    stage: Stage
    console: Console
    people: dict[str, Actor] = field(default_factory=dict)
    list_fingerprint: str = ""
    disclosure_id: str = ""
    copies: dict[str, Letter] = field(default_factory=dict)
    checks: int = 0

    def title(self, text: str) -> None:
        """Begin a step."""
        self.console.print(f"\n[bold]{text}[/bold]")

    def tell(self, text: str) -> None:
        """Say what happens."""
        self.console.print(f"  {text}", highlight=False)

    def check(self, text: str, *, holds: bool) -> None:
        """Show one thing that was looked at; raises where it is not so."""
        if not holds:
            self.console.print(f"  [red]FAILED[/red]  {text}", highlight=False)
            raise StepFailedError(text)
        self.checks += 1
        self.console.print(f"  [green]ok[/green]  {text}", highlight=False)

    @property
    def members(self) -> list[Actor]:
        """The three members."""
        return [self.people[key] for key, *_ in MEMBERS]

    async def send(self, who: str, raw: bytes) -> None:
        """Hand somebody's mail to the gateway."""
        actor = self.people[who]
        await post(self.stage.host, self.stage.port, actor.address, LIST, raw)

    def count(self, actor: Actor) -> int:
        """How many mails reached somebody."""
        return sum(1 for mail in self.stage.mails if mail.recipient == actor.address)


async def run(*, keep: bool) -> int:
    """Play the story. Exit code 0 only when every step was checked; ``keep`` leaves the directory."""
    console = Console()
    directory = Path(tempfile.mkdtemp(prefix="embargo-demo-"))
    stage = Stage(directory)
    story = Story(stage, console)
    began = asyncio.get_running_loop().time()
    try:
        async with AsyncExitStack() as stack:
            stack.push_async_callback(stage.close)
            await _set_up(story, stack)
            await _post(story)
            await _wait_and_release(story)
            await _open_copies(story)
            await _stranger(story)
            await _go_on(story)
            await _leak(story)
            await _lift(story)
            await _look_back(story)
            if keep:
                await _keep_keys(story)
    except (StepFailedError, TimeoutError, OSError) as error:
        console.print(f"\n[red]The demo failed:[/red] {str(error) or type(error).__name__}", highlight=False)
        return 1
    finally:
        if keep:
            console.print(f"\nLeft behind, as you asked: {directory}", highlight=False, soft_wrap=True)
            console.print(f"Go on with: embargo --config {stage.config} disclosure ls", highlight=False, soft_wrap=True)
        else:
            await asyncio.to_thread(shutil.rmtree, directory, ignore_errors=True)
    _close(story, asyncio.get_running_loop().time() - began)
    return 0


async def _set_up(story: Story, stack: AsyncExitStack) -> None:
    stage = story.stage
    story.title("1. Keys for a coordinator, three members and a stranger; a gateway of their own")
    cast = [("alice", "Alice Archer", "alice@project.example"), ("mallory", "Mallory", "mallory@elsewhere.example")]
    for key, name, address in [*cast, *((key, name, address) for key, name, address, _ in MEMBERS)]:
        actor = Actor(name, address, stage.directory / f"home-{key}")
        story.people[key] = actor
        stack.push_async_callback(actor.close)
        await actor.make_key()
    await stage.open_mailbox({actor.address for actor in story.people.values()})
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
    for actor in story.people.values():
        await actor.know(certificate)
    keys = await stage.embargo_json("list", "ls")
    story.list_fingerprint = keys[0]["fingerprint"]
    await stage.start()
    story.check(f"embargo serve is ready on {stage.host}:{stage.port}", holds=True)


async def _post(story: Story) -> None:
    story.title("2. Alice posts a disclosure with a patch, signed and encrypted")
    text = (
        f"Hold-Until: +{HOLD}s\nEmbargo-Until: +14d\nRestrict: fix.patch to group:distributors\n\n"
        "A crafted header writes past the end of a buffer. The fix is attached.\n"
    )
    for line in text.splitlines()[:3]:
        story.tell(f"| {line}")
    raw = await story.people["alice"].write(to=LIST, subject=SUBJECT, text=text, attachments=[("fix.patch", PATCH)])
    await story.send("alice", raw)
    receipt = await story.stage.wait_for(story.people["alice"], "Receipt", story.list_fingerprint)
    story.disclosure_id = receipt.subject.partition("[")[2].partition("]")[0]
    told = next(line for line in receipt.text.splitlines() if line.startswith("Members get this"))
    story.tell(told)
    story.check(f"the receipt for {story.disclosure_id} came back, sealed to Alice", holds=receipt.is_signed_by_list)
    story.check("it counts 3 of 3 members", holds="3 of 3 members" in receipt.text)
    has_proof = "proof-1.eml" in receipt.inner.as_string()
    story.check("it holds the proof: what members will read, to the letter", holds=has_proof)
    story.check("it holds a stop code", holds="Stop code: " in receipt.text)


async def _wait_and_release(story: Story) -> None:
    story.title("3. The hold: nobody has anything a moment before it, everybody does at it")
    shown = await story.stage.embargo_json("disclosure", "show", story.disclosure_id)
    hold = datetime.fromisoformat(shown["hold_until"])
    async with asyncio.timeout(HOLD + PATIENCE):
        while not all(map(story.count, story.members)):  # noqa: ASYNC110 - looked at as a person would
            await asyncio.sleep(LOOK_EVERY / 5)
    # By the moments at which the mailboxes got them: on a busy machine this process may look late.
    addresses = {member.address for member in story.members}
    arrived = [mail.received_at for mail in story.stage.mails if mail.recipient in addresses]
    story.check("until the hold no member had got a byte", holds=min(arrived) >= hold)
    late = (max(arrived) - hold).total_seconds()
    story.check(f"all three copies were delivered {late:.1f} s after it", holds=late < PATIENCE)


async def _open_copies(story: Story) -> None:
    story.title("4. Each copy opens with its own member's key, and with no other")
    for key, org, address, group in MEMBERS:
        member = story.people[key]
        (envelope,) = [mail for mail in story.stage.mails if mail.recipient == address]
        letter = await member.read(envelope.content, story.list_fingerprint)
        if letter is None:
            raise StepFailedError(f"{org} can't open its copy")
        story.copies[key] = letter
        others = [other for other in story.people.values() if other is not member]
        opened = [other.name for other in others if await other.read(envelope.content, story.list_fingerprint)]
        alone = letter.is_signed_by_list and not opened
        story.check(f"{org} reads '{letter.subject}', signed by the list; nobody else can", holds=alone)
        outside = bytes(letter.outer).lower()
        hidden = (SUBJECT, "alice", story.disclosure_id, "fix.patch")
        tells = [word for word in hidden if word.lower().encode() in outside]
        story.check("  outside the encryption nothing tells", holds=not tells)
        patch = letter.attachments.get("fix.patch")
        if group == "distributors":
            story.check(
                f"  fix.patch is byte for byte what Alice attached ({sha256(PATCH)[:12]})", holds=patch == PATCH
            )
        else:
            told = "Withheld from you: fix.patch" in letter.text
            story.check("  fix.patch is withheld, and the copy says so", holds=patch is None and told)


async def _stranger(story: Story) -> None:
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


async def _go_on(story: Story) -> None:
    story.title("6. The embargo goes on: how far they are, another date, a better patch")
    north, west, alice = story.people["north"], story.people["west"], story.people["alice"]
    for who, line in ((west, "Status: patched, in test"), (north, "Propose-Embargo-Until: +10d")):
        copy = story.copies["west" if who is west else "north"]
        story.tell(f"| {who.name}: {line}")
        raw = await who.write(to=LIST, subject=f"Re: {copy.subject}", text=f"{line}\n", answers=copy)
        await story.send("west" if who is west else "north", raw)
    shown = await story.stage.embargo_json("disclosure", "show", story.disclosure_id)
    told = [status["text"] for status in shown["statuses"]]
    story.check("Westlake's status stands with the disclosure", holds=told == ["patched, in test"])
    asked = await story.stage.wait_for(alice, "Another public date", story.list_fingerprint)
    story.check("Alice is asked for the other date; nothing changed by it", holds="Embargo-Until:" in asked.text)
    text = "Corrects: last\nReplaces: fix.patch\nSend-To: audience\n\nThe first patch missed a case.\n"
    for line in text.splitlines()[:3]:
        story.tell(f"| {line}")
    subject = f"Re: [{story.disclosure_id}] {SUBJECT}"
    raw = await alice.write(to=LIST, subject=subject, text=text, attachments=[("fix.patch", BETTER)])
    await story.send("alice", raw)
    for key, _, _, group in MEMBERS:
        letter = await story.stage.wait_for(story.people[key], "CORRECTION", story.list_fingerprint, inside=True)
        has_it = letter.attachments.get("fix.patch") == BETTER
        says_discard = f"Discard fix.patch as you got it before (SHA-256 {sha256(PATCH)})" in letter.text
        is_right = (has_it and says_discard) if group == "distributors" else not (has_it or says_discard)
        what = "has the better patch, and reads which one to discard" if has_it else "hears nothing of the patch"
        story.check(f"{story.people[key].name} {what}", holds=is_right)


async def _leak(story: Story) -> None:
    story.title("7. The bad day: Southgate replies that something leaked")
    south, alice = story.people["south"], story.people["alice"]
    raw = await south.write(
        to=LIST,
        subject=f"Re: {story.copies['south'].subject}",
        text="Leak: fix.patch was pushed to a public repository\nLeak-When: an hour ago\n\nWe are taking it down.\n",
        answers=story.copies["south"],
    )
    story.tell("| Leak: fix.patch was pushed to a public repository")
    await story.send("south", raw)
    fingerprint = story.list_fingerprint
    alarm = await story.stage.wait_for(alice, "ALARM", fingerprint)
    story.check("the alarm reached Alice by mail, with the whole report", holds="We are taking it down" in alarm.text)
    async with asyncio.timeout(PATIENCE):
        while not story.stage.pages.exists():  # noqa: ASYNC110 - another process writes it
            await asyncio.sleep(LOOK_EVERY)
    page = json.loads(story.stage.pages.read_text().splitlines()[0])
    is_bare = page["kind"] == "leak" and set(page) == {"kind", "id", "list", "at"}
    story.check(f"the pager was told: {page['kind']} {page['id']}, no content", holds=is_bare)
    thanks = await story.stage.wait_for(south, "Your report", fingerprint)
    story.check("Southgate was thanked, and asked to whom it leaked", holds="Leak-To" in thanks.text)
    for key in ("north", "west"):
        notice = await story.stage.wait_for(story.people[key], "A leak is reported", fingerprint)
        story.check(f"{story.people[key].name} was told, without naming anybody", holds="Southgate" not in notice.text)
    text = f"Assess: {page['id']}\nOutcome: contained\nReason: taken down within the hour\n"
    for line in text.splitlines():
        story.tell(f"| {line}")
    await story.send("alice", await alice.write(to=LIST, subject=f"Re: {alarm.subject}", text=text, answers=alarm))
    case = await story.stage.embargo_json("leak", "show", page["id"])
    story.check(f"the case is {case['state']}: {case['outcome']}", holds=case["state"] == "assessed")


async def _lift(story: Story) -> None:
    story.title("8. Alice lifts the embargo")
    alice = story.people["alice"]
    raw = await alice.write(to=LIST, subject=f"Re: [{story.disclosure_id}] {SUBJECT}", text="Lift: now\nCause: ready\n")
    story.tell("| Lift: now, Cause: ready")
    await story.send("alice", raw)
    for member in story.members:
        notice = await story.stage.wait_for(member, "Lifted", story.list_fingerprint)
        story.check(f"{member.name} got the lift notice", holds=notice.is_signed_by_list)


async def _look_back(story: Story) -> None:
    story.title("9. Afterwards")
    shown = await story.stage.embargo_json("disclosure", "show", story.disclosure_id)
    sent = [copy for copy in shown["copies"] if copy["state"] == "sent"]
    is_over = shown["state"] == "lifted" and len(sent) >= len(MEMBERS)
    story.check(f"{story.disclosure_id} is {shown['state']}, {len(sent)} copies sent", holds=is_over)
    leaks = await story.stage.embargo_json("leak", "ls")
    story.check(f"{leaks[0]['id']} is on record, proved", holds=leaks[0]["verified"] is True)
    page = await story.stage.embargo("disclosure", "report", story.disclosure_id, "--html")
    is_page = "<svg" in page and "<script" not in page and SUBJECT not in page
    story.check("its whole life is on one page, with a picture and without a secret", holds=is_page)
    (story.stage.directory / "report.html").write_text(page)
    verified = await story.stage.embargo_json("audit", "verify")
    story.check("the audit trail is whole", holds=verified["ok"] is True)
    code = await story.stage.stop()
    story.check("the gateway stopped by itself when asked to", holds=code == 0)


async def _keep_keys(story: Story) -> None:
    story.tell("the people's GnuPG homes are removed with the demo; the gateway's state is kept")


def _close(story: Story, seconds: float) -> None:
    story.console.print(
        f"\n[bold]{story.checks} checks held in {seconds:.0f} s.[/bold] Posted, held, released to three members sealed "
        "to each alone, a stranger kept out, a patch put right, a leak told and assessed, lifted.",
        highlight=False,
    )
