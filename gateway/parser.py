"""Reads mail in a process of its own, so that one hostile mail never stops the loop that releases others.

One job at a time. A job that uses up its processor time is ended with the process, and the mail is
too-complex; the next job starts a fresh one. What our own side causes (the process can't be
started, or does not answer though it has time left) is ``ParserUnavailable``: the sender keeps the
mail. The process gets nothing of ours but two pipes: no lock, no socket, no environment.
"""

from __future__ import annotations

import asyncio
import io
import json
import os
import pickle
import signal
import sys
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

import gateway
from gateway.mail import headers
from gateway.mail.model import Mail, Payload, Problem, SignedPayload
from gateway.mail.worker import LENGTH, READY

JOB_CPU = 5  # seconds; the largest mail allowed takes less than one
JOB_WAIT = 30.0  # seconds: by then even a starved machine would have used JOB_CPU
START_WAIT = 30.0  # seconds
DEATH_WAIT = 2.0  # seconds

# Isolated (-I): no environment variable, current directory or user's site directory decides what is imported.
_BOOT = "import sys; sys.path.insert(0, sys.argv[1]); from gateway.mail.worker import main; main(sys.argv[2:])"
_ROOT = str(Path(gateway.__file__).resolve().parent.parent)


class ParserUnavailable(Exception):  # noqa: N818 - a state of ours, not the mail's fault
    """The parser process can't work now: the sender is told to come again (451), the operator why."""


class Parser:
    """Takes mails and payloads apart, elsewhere. Starts its process at the first job."""

    def __init__(
        self,
        *,
        own_list_ids: Collection[str] = (),
        job_cpu: int = JOB_CPU,
        job_wait: float = JOB_WAIT,
        command: Sequence[str] | None = None,
    ) -> None:
        self._own_list_ids = sorted(own_list_ids)
        self._job_wait = job_wait
        self._command = tuple(command or (sys.executable, "-I", "-c", _BOOT, _ROOT, str(os.getpid()), str(job_cpu)))
        self._turn = asyncio.Lock()
        self._process: asyncio.subprocess.Process | None = None

    async def mail(self, raw: bytes, envelope_from: str | None = None) -> Mail | Problem:
        """Take an incoming mail apart; ``envelope_from`` is "" for the null sender.

        Raises:
            ParserUnavailable: our side's failure.
        """
        job = {"kind": "mail", "envelope_from": envelope_from, "own_list_ids": self._own_list_ids}
        answer = await self._ask(job, raw)
        if isinstance(answer, Mail):
            return answer
        if isinstance(answer, Problem):
            threads, subject = headers.salvage(raw)
            return Problem(answer.reason, answer.what, threads, subject)
        raise ParserUnavailable("the parser process answered something else")

    async def payload(self, raw: bytes) -> Payload | SignedPayload | Problem:
        """Take apart what was inside an encryption, or under a signature.

        Raises:
            ParserUnavailable: our side's failure.
        """
        answer = await self._ask({"kind": "payload"}, raw)
        if isinstance(answer, Payload | SignedPayload | Problem):
            return answer
        raise ParserUnavailable("the parser process answered something else")

    async def failed_permanently(self, raw: bytes) -> bool:
        """Say whether a bounce tells that delivery failed for good; False where it can't be read.

        Raises:
            ParserUnavailable: our side's failure.
        """
        return await self._ask({"kind": "bounce"}, raw) is True

    async def close(self) -> None:
        """End the process; a job in hand is finished first."""
        async with self._turn:
            await self._end()

    async def _ask(self, job: Mapping[str, object], raw: bytes) -> object:
        async with self._turn:
            # A process that was killed from outside, between or in jobs, is no fault of the mail's: once more.
            for is_last in (False, True):
                process = await self._running()
                try:
                    async with asyncio.timeout(self._job_wait):
                        return await _exchange(process, job, raw)
                except TimeoutError as late:
                    await self._end()
                    raise ParserUnavailable("the parser process does not answer") from late
                except (OSError, asyncio.IncompleteReadError, pickle.UnpicklingError) as broken:
                    await self._end(grace=DEATH_WAIT)
                    code = process.returncode
                    if code == -signal.SIGXCPU:
                        return Problem("too-complex", "it takes too long to read")
                    if is_last and code is not None and code < 0:
                        return Problem("too-complex", "whoever reads it is killed by it")
                    if is_last:
                        raise ParserUnavailable("the parser process ends before it answers") from broken
                except BaseException:
                    await self._end()  # the answer of a job that nobody waits for must not reach the next one
                    raise
        raise AssertionError("unreachable")

    async def _running(self) -> asyncio.subprocess.Process:
        if self._process is not None and self._process.returncode is None:
            return self._process
        try:
            self._process = await asyncio.create_subprocess_exec(
                *self._command,
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.DEVNULL,
                env={"LC_ALL": "C"},
                cwd="/",
                start_new_session=True,  # an interrupt at the terminal is for the gateway, which finishes first
            )
            async with asyncio.timeout(START_WAIT):
                greeting = await _read_frame(self._process)
        except (OSError, TimeoutError, asyncio.IncompleteReadError) as failed:
            await self._end()
            raise ParserUnavailable("the parser process can't be started") from failed
        except BaseException:
            await self._end()
            raise
        if greeting != READY:
            await self._end()
            raise ParserUnavailable("the parser process is something else")
        return self._process

    async def _end(self, grace: float = 0) -> None:
        """End the process; ``grace``: seconds for one that is dying anyway, so that the cause is seen."""
        process, self._process = self._process, None
        if process is None:
            return
        try:
            async with asyncio.timeout(grace):
                await process.wait()
        except TimeoutError:
            if process.returncode is None:
                process.kill()
        if process.stdin is not None:
            process.stdin.close()
        await process.wait()


async def _exchange(process: asyncio.subprocess.Process, job: Mapping[str, object], raw: bytes) -> object:
    if process.stdin is None:
        raise ParserUnavailable("the parser process has no input")
    head = json.dumps(job).encode()
    process.stdin.write(LENGTH.pack(len(head)) + head + LENGTH.pack(len(raw)))
    process.stdin.write(raw)
    await process.stdin.drain()
    return _Values(io.BytesIO(await _read_frame(process))).load()


async def _read_frame(process: asyncio.subprocess.Process) -> bytes:
    if process.stdout is None:
        raise ParserUnavailable("the parser process has no output")
    (length,) = LENGTH.unpack(await process.stdout.readexactly(LENGTH.size))
    return await process.stdout.readexactly(length)


class _Values(pickle.Unpickler):
    """Takes nothing but our own values: even a process taken over by a mail can't run anything here."""

    _ALLOWED = frozenset(("Mail", "Payload", "SignedPayload", "Problem", "Headers", "Address", "Part", "Form"))

    def find_class(self, module: str, name: str) -> object:
        if module == "gateway.mail.model" and name in self._ALLOWED:
            return super().find_class(module, name)
        raise ParserUnavailable("the parser process answered with something else")
