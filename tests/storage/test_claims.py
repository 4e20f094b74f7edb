"""Several workers, several processes: a copy is claimed by one of them."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections import Counter
from dataclasses import replace
from datetime import timedelta

import pytest

from storage import outbox
from storage.database import Database

COUNT = 60

WORKER = """
import asyncio, sys
from datetime import datetime, timedelta
from storage import outbox
from storage.database import Database

async def main(url, owner, now):
    database = Database(url, patience=60)  # for one SQLite file it may have to wait for all that the other one does
    await database.open()
    print("ready", flush=True)
    sys.stdin.readline()
    while True:
        async with database.transaction() as tx:
            got = await outbox.claim_due(tx, owner=owner, now=now, lease_for=timedelta(hours=1), limit=3)
        if not got:
            break
        for copy in got:
            print(copy.id, flush=True)
    await database.close()

asyncio.run(main(sys.argv[1], sys.argv[2], datetime.fromisoformat(sys.argv[3])))
"""


@pytest.fixture
async def many(with_message: Database, seed) -> Database:
    async with with_message.transaction() as tx:
        for number in range(COUNT):
            await seed.sealed(tx, f"CP-{number}")
    return with_message


async def test_two_processes_claim_every_copy_once(many: Database, seed, url: str) -> None:
    workers = [
        subprocess.Popen(
            [sys.executable, "-c", WORKER, url, f"worker-{number}", seed.now.isoformat()],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for number in range(2)
    ]
    for worker in workers:
        assert worker.stdout is not None
        assert worker.stdout.readline() == "ready\n"

    both = await asyncio.gather(*(asyncio.to_thread(worker.communicate, "go\n", 60) for worker in workers))

    claimed = Counter(line for out, _ in both for line in out.split())
    assert claimed == Counter({f"CP-{number}": 1 for number in range(COUNT)})
    assert [worker.returncode for worker in workers] == [0, 0]


async def test_many_engines_of_one_process_claim_every_copy_once(many: Database, seed, url: str) -> None:
    databases = [Database(url, patience=60) for _ in range(4)]
    for each in databases:
        await each.open()
    claimed: Counter[str] = Counter()

    async def work(one: Database, owner: str) -> None:
        while True:
            async with one.transaction() as tx:
                got = await outbox.claim_due(tx, owner=owner, now=seed.now, lease_for=timedelta(hours=1), limit=4)
            if not got:
                return
            claimed.update(copy.id for copy in got)

    await asyncio.gather(*(work(one, f"owner-{number}") for number, one in enumerate(databases)))

    assert claimed == Counter({f"CP-{number}": 1 for number in range(COUNT)})
    for each in databases:
        await each.close()


async def test_a_thousand_copies_are_put_at_once(with_message: Database, seed) -> None:
    async with with_message.transaction() as tx:
        one = await seed.copy(tx, "CP-0")
    many = [
        replace(one, id=f"CP-{number}", address=f"m{number}@northwind.example", token=f"token-{number}")
        for number in range(1, 1001)
    ]

    async with with_message.transaction() as tx:
        await outbox.put_all(tx, many)
        await outbox.put_all(tx, [])

    async with with_message.reading() as tx:
        assert len(await outbox.of_message(tx, "MS-1")) == 1001
