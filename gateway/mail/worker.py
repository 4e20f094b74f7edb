"""The process in which hostile bytes are taken apart; ``gateway.parser`` starts it and asks it.

It speaks frames (an 8-byte length, then as many bytes) on its standard input and output: a job is
two frames, its JSON and the raw bytes; an answer is one, a pickle of ``gateway.mail.model`` values.
It ends with its parent: at the end of its input, and by the kernel's signal while it is busy. It
can open no file for writing, leaves no core dump, and each job has a limit of processor time.
"""

from __future__ import annotations

import ctypes
import json
import os
import pickle
import resource
import signal
import struct
import sys
from typing import BinaryIO

from gateway.mail import parse
from gateway.mail.model import Mail, Payload, Problem, SignedPayload

READY = b"ready"
LENGTH = struct.Struct(">Q")
MEMORY = 2 * 1024**3  # bytes of address space: a mail of 25 MB takes a tenth of it
_PR_SET_PDEATHSIG = 1  # linux/prctl.h

Answer = Mail | Payload | SignedPayload | Problem | bool


def main(arguments: list[str]) -> None:
    """Serve jobs until the input ends; ``arguments``: the parent's process id, seconds of CPU for a job."""
    parent, seconds = int(arguments[0]), int(arguments[1])
    _die_with(parent)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    source, sink = sys.stdin.buffer, sys.stdout.buffer
    write_frame(sink, READY)
    while (head := read_frame(source)) is not None:
        raw = read_frame(source)
        if raw is None:
            return
        _grant(seconds)
        write_frame(sink, pickle.dumps(_answer(json.loads(head), raw), protocol=5))


def _die_with(parent: int) -> None:
    """Ask to be killed when the parent ends, and end now if it already has."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        sys.exit(0)


def _grant(seconds: int) -> None:
    """Allow so much more processor time than was used until now; beyond it the kernel ends the process."""
    usage = resource.getrusage(resource.RUSAGE_SELF)
    limit = int(usage.ru_utime + usage.ru_stime) + 1 + seconds
    resource.setrlimit(resource.RLIMIT_CPU, (limit, resource.RLIM_INFINITY))


def _answer(job: dict[str, object], raw: bytes) -> Answer:
    try:
        return _parsed(job, raw)
    except (MemoryError, RecursionError):
        return Problem("too-complex", "it takes more memory to read than any mail should")
    except Exception:  # noqa: BLE001 - a fault of ours that a mail finds is a verdict on that mail, or it comes for ever
        return Problem("malformed", "the gateway's reader fails on it")


def _parsed(job: dict[str, object], raw: bytes) -> Answer:
    match job:
        case {"kind": "mail", "envelope_from": str() | None as envelope_from, "own_list_ids": list(own)}:
            return parse.read_mail(raw, envelope_from=envelope_from, own_list_ids=own)
        case {"kind": "payload"}:
            return parse.read_payload(raw)
        case {"kind": "bounce"}:
            # Imported at the first bounce: it takes as long as the start of this process.
            from gateway.mail import bounces  # noqa: PLC0415

            return bounces.failed_permanently(raw)
        case _:
            raise ValueError("an unknown job")


def read_frame(source: BinaryIO) -> bytes | None:
    """Return the next frame; None at the end of the input."""
    head = source.read(LENGTH.size)
    if len(head) < LENGTH.size:
        return None
    (length,) = LENGTH.unpack(head)
    body = source.read(length)
    return body if len(body) == length else None


def write_frame(sink: BinaryIO, body: bytes) -> None:
    """Write one frame."""
    sink.write(LENGTH.pack(len(body)) + body)
    sink.flush()


if __name__ == "__main__":
    main(sys.argv[1:])
