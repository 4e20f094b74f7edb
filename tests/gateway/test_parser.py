from __future__ import annotations

import asyncio
import os
import pickle
import signal
import sys
from pathlib import Path

import pytest

import builders_mail as build
from front_door import until
from gateway.mail.model import Form, Mail, Payload, Problem, SignedPayload
from gateway.parser import Parser, ParserUnavailable

# Stands in for a worker: greets, then does what a test wants with the first job.
FAKE = """
import os, pickle, signal, struct, sys, resource
def say(body):
    sys.stdout.buffer.write(struct.pack(">Q", len(body)) + body)
    sys.stdout.buffer.flush()
say(b"ready")
sys.stdin.buffer.read(8)
"""


def fake(what: str) -> list[str]:
    return [sys.executable, "-I", "-c", FAKE + what]


@pytest.fixture
async def parser():
    made = Parser(own_list_ids=("ed.lists.example",))
    yield made
    await made.close()


def pid_of(parser: Parser) -> int:
    assert parser._process is not None
    return parser._process.pid


async def test_mails_payloads_and_bounces_are_read_elsewhere(parser):
    mail = await parser.mail(build.head() + build.encrypted(), "a@b.example")
    payload = await parser.payload(build.multipart("mixed", build.text_part(), build.file_part()))
    signed = await parser.payload(build.signed())

    assert isinstance(mail, Mail)
    assert mail.form is Form.ENCRYPTED
    assert isinstance(payload, Payload)
    assert payload.parts[1].filename == "fix.patch"
    assert isinstance(signed, SignedPayload)
    assert await parser.failed_permanently(build.head("X-Failed-Recipients: a@b.example") + b"\r\nx") in (True, False)


async def test_it_knows_our_own_lists_and_the_null_sender(parser):
    looped = await parser.mail(build.head("List-Id: <ed.lists.example>") + build.encrypted(), "a@b.example")
    bounced = await parser.mail(build.head() + build.text_part(), "")

    assert isinstance(looped, Mail)
    assert looped.automatic == "loop"
    assert isinstance(bounced, Mail)
    assert bounced.automatic == "null-sender"


async def test_a_problem_comes_with_what_could_be_made_out(parser):
    found = await parser.mail(build.head("In-Reply-To: <ours@lists.example>", "broken") + b"\r\nx", "a@b.example")

    assert found == Problem("malformed", "a header line without a field name", ("<ours@lists.example>",), "Hello")


async def test_jobs_take_turns_and_answers_are_not_mixed_up(parser):
    found = await asyncio.gather(*(parser.payload(build.text_part(f"{number}\n")) for number in range(20)))

    assert [payload.text for payload in found] == [f"{number}\n" for number in range(20)]


async def test_the_process_starts_at_the_first_job_and_ends_at_the_close(parser):
    assert parser._process is None
    await parser.payload(build.text_part())
    pid = pid_of(parser)

    await parser.close()

    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


async def test_it_inherits_no_file_no_environment_and_leads_its_own_session(parser, tmp_path):
    with (tmp_path / "lock").open("w") as held:
        os.set_inheritable(held.fileno(), True)
        await parser.payload(build.text_part())
        proc = Path(f"/proc/{pid_of(parser)}")

        assert sorted(int(fd.name) for fd in (proc / "fd").iterdir()) == [0, 1, 2]
        assert (proc / "environ").read_bytes() == b"LC_ALL=C\0"
        assert os.getsid(pid_of(parser)) != os.getsid(0)
        limits = (proc / "limits").read_text()
        assert [line.split()[-3:-1] for line in limits.splitlines() if "core file" in line] == [["0", "0"]]


async def test_a_process_killed_between_jobs_is_replaced(parser):
    await parser.payload(build.text_part())
    os.kill(pid_of(parser), signal.SIGKILL)

    assert isinstance(await parser.payload(build.text_part()), Payload)


async def test_it_ends_when_its_parent_ends():
    script = (
        "import asyncio, os, signal, sys\n"
        "from gateway.parser import Parser\n"
        "async def main():\n"
        "    parser = Parser()\n"
        "    await parser.payload(b'Content-Type: text/plain\\r\\n\\r\\nx')\n"
        "    os.kill(parser._process.pid, signal.SIGSTOP)\n"  # not even able to see the end of its input
        "    print(parser._process.pid, flush=True)\n"
        "    os.kill(os.getpid(), signal.SIGKILL)\n"
        "asyncio.run(main())\n"
    )
    parent = await asyncio.create_subprocess_exec(
        sys.executable, "-c", script, stdout=asyncio.subprocess.PIPE, cwd=Path(__file__).parents[2]
    )
    out, _ = await parent.communicate()
    pid = int(out)

    await until(lambda: not is_alive(pid))


def is_alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except (FileNotFoundError, ProcessLookupError):
        return False


async def test_a_job_that_uses_up_its_processor_time_is_too_complex():
    parser = Parser(command=fake("resource.setrlimit(resource.RLIMIT_CPU, (1, 2))\nwhile True: hash('x')"))

    found = await parser.mail(build.head("In-Reply-To: <a@b.example>") + build.text_part(), "a@b.example")

    assert found == Problem("too-complex", "it takes too long to read", ("<a@b.example>",), "Hello")
    await parser.close()


async def test_the_event_loop_goes_on_meanwhile():
    parser = Parser(command=fake("resource.setrlimit(resource.RLIMIT_CPU, (1, 2))\nwhile True: hash('x')"))
    job = asyncio.create_task(parser.payload(b"x"))
    turns = 0

    while not job.done():
        await asyncio.sleep(0.01)
        turns += 1

    assert turns > 3
    assert isinstance(await job, Problem)
    await parser.close()


async def test_a_mail_that_kills_its_reader_twice_is_too_complex():
    parser = Parser(command=fake("os.kill(os.getpid(), signal.SIGSEGV)"))

    found = await parser.payload(b"x")

    assert isinstance(found, Problem)
    assert found.reason == "too-complex"
    await parser.close()


@pytest.mark.parametrize(
    "command",
    [
        pytest.param([sys.executable, "-c", "pass"], id="says nothing"),
        pytest.param(["/nonexistent"], id="is not there"),
        pytest.param([sys.executable, "-c", "print('something else entirely')"], id="says something else"),
        pytest.param(fake("sys.exit(1)"), id="ends at each job"),
    ],
)
async def test_what_our_own_side_causes_is_no_verdict_on_the_mail(command):
    parser = Parser(command=command, job_wait=5)

    with pytest.raises(ParserUnavailable):
        await parser.payload(b"x")
    await parser.close()


async def test_a_process_that_does_not_answer_is_ended_and_the_next_job_gets_another():
    parser = Parser()
    await parser.payload(build.text_part())
    stopped = pid_of(parser)
    os.kill(stopped, signal.SIGSTOP)
    patient, parser._job_wait = parser._job_wait, 0.05

    with pytest.raises(ParserUnavailable, match="does not answer"):
        await parser.payload(build.text_part())

    parser._job_wait = patient
    assert not is_alive(stopped)
    assert isinstance(await parser.payload(build.text_part()), Payload)
    await parser.close()


async def test_the_answer_of_a_job_given_up_never_reaches_the_next(parser):
    await parser.payload(build.text_part())
    os.kill(pid_of(parser), signal.SIGSTOP)
    given_up = asyncio.create_task(parser.payload(build.text_part("first\n")))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    given_up.cancel()
    with pytest.raises(asyncio.CancelledError):
        await given_up

    found = await parser.payload(build.text_part("second\n"))

    assert isinstance(found, Payload)
    assert found.text == "second\n"


class Evil:
    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return (os.mkdir, (self.path,))


async def test_a_process_taken_over_runs_nothing_here(tmp_path):
    evil = pickle.dumps(Evil(str(tmp_path / "evil")))
    parser = Parser(command=fake(f"say({evil!r}); sys.stdin.read()"))

    with pytest.raises(ParserUnavailable, match="something else"):
        await parser.payload(b"x")

    assert not (tmp_path / "evil").exists()
    await parser.close()


async def test_a_mail_of_full_size_fits(parser):
    raw = build.head() + build.multipart("mixed", build.text_part(), build.file_part(data=b"x" * 18_000_000))

    found = await parser.mail(raw, "a@b.example")

    assert isinstance(found, Mail)
    assert found.payload is not None
    assert found.payload.parts[1].size == 18_000_000
