"""The composition root: ``open_parts`` builds the house, ``serve`` runs it until it is told to stop."""

from __future__ import annotations

import asyncio
import fcntl
import os
import signal
import ssl
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from gateway.alarm import Pager
from gateway.clock import Clock, SystemClock
from gateway.config import Config, ConfigError
from gateway.delivery import Delivery
from gateway.intake import Intake
from gateway.lists import Lists
from gateway.log import get_logger
from gateway.opening import open_store
from gateway.parser import Parser
from gateway.parts import Parts
from gateway.relay import Relay
from gateway.release import Release
from gateway.smtp import Door
from gateway.trouble import Trouble
from keys.engine import Engine
from storage import alarms, outbox
from storage.errors import StorageError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

log = get_logger("app")

POLL = 0.5  # seconds: how soon what a command changed in the database is noticed
PAGER_AGAIN = timedelta(seconds=30)
STOP_WITHIN = 3.0  # seconds for what is in hand; what is not done by then goes on at the next start


@asynccontextmanager
async def open_parts(config: Config, *, clock: Clock | None = None) -> AsyncIterator[Parts]:
    """Open everything that the stories need; close it at the end.

    Raises ConfigError when the gateway was not set up, or the master key is not the one it was set up with.
    """
    clock = clock or SystemClock()
    async with AsyncExitStack() as stack:
        store = await stack.enter_async_context(open_store(config))
        lists = Lists(config)
        engine = await stack.enter_async_context(Engine())
        parser = Parser(own_list_ids=[entry.list_id for entry in lists])
        stack.push_async_callback(parser.close)
        relay = make_relay(config)
        stack.push_async_callback(relay.close)
        pager = Pager(config.alarm.command)
        trouble = Trouble(pager, clock)
        stack.push_async_callback(trouble.finish)
        yield Parts(
            config=config,
            clock=clock,
            database=store.database,
            engine=engine,
            vault=store.vault,
            relay=relay,
            pager=pager,
            parser=parser,
            trail=store.trail,
            lists=lists,
            node=store.node,
            trouble=trouble,
        )


def make_relay(config: Config) -> Relay:
    """The way out, as configured."""
    relay = config.relay
    password = relay.password_file.read_text().strip() if relay.password_file else ""
    return Relay(
        relay.host,
        relay.port,
        relay.tls.value,
        relay.username,
        password,
        relay.connections,
        config.hostname,
    )


class Gateway:
    """The running house: the door, and the loops behind it. Tests drive the loops by ``settle``."""

    def __init__(self, parts: Parts) -> None:
        """Take the parts; nothing runs yet."""
        self.parts = parts
        self.intake = Intake(parts)
        self.release = Release(parts)
        self.delivery = Delivery(parts)
        self._stopping = asyncio.Event()
        config = parts.config
        self.door = Door(
            hostname=config.hostname,
            protocol=config.smtp.protocol.value,
            max_bytes=config.smtp.max_message_bytes,
            is_known=self._is_known,
            our_domains=parts.lists.domains,
            take=self.intake.take,
            clock_now=parts.clock.now,
            tls=tls_context(config),
            require_tls=config.smtp.require_tls,
        )

    async def _is_known(self, address: str) -> bool:
        addressed = self.parts.lists.find(address)
        if addressed is None:
            return False
        if not addressed.token:
            return True
        async with self.parts.database.reading() as tx:
            copy = await outbox.by_token(tx, addressed.token)
        return copy is not None and copy.list_id == addressed.mailing_list.id

    async def start(self) -> tuple[str, int]:
        """Take back what an earlier process had in hand, warm up, and open the door; say where it listens."""
        parts = self.parts
        async with parts.database.transaction() as tx:
            await outbox.release_leases(tx, parts.node)
        listen = parts.config.smtp.listen
        return await self.door.open(listen.host, listen.port)

    async def settle(self) -> None:
        """Do everything that is due now, to the end."""
        for _ in range(1000):
            now = self.parts.clock.now()
            busy = await self.release.step(now)
            busy = await self.delivery.step(now) or busy
            await self.delivery.finish()
            busy = await self.page_due() or busy
            if not busy:
                return
        message = "the gateway does not come to rest"
        raise RuntimeError(message)

    # --- the loops ----------------------------------------------------------------------------

    async def run(self) -> None:
        """Run the loops until ``stop``; one that fails is told, and goes on."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._loop("release", self.release_once, self.parts.nudges.schedule))
            group.create_task(self._loop("delivery", self.deliver_once, self.parts.nudges.outbox))
            group.create_task(self._loop("pager", self.page_once, self.parts.nudges.pager))
            if self.parts.config.alarm.heartbeat is not None:
                group.create_task(self._beat(self.parts.config.alarm.heartbeat))

    def stop(self) -> None:
        """End the loops after what they are doing."""
        self._stopping.set()
        self.parts.nudges.ring()

    async def close(self) -> None:
        """Shut the door, and let what is in hand end within a few seconds."""
        await self.door.close(STOP_WITHIN)
        try:
            async with asyncio.timeout(STOP_WITHIN / 2):
                await self.delivery.finish()
        except TimeoutError:
            log.warning("stopped with copies in hand; they go on at the next start")
            await self.delivery.abandon()

    async def _loop(self, name: str, once: Callable[[], object], wake: asyncio.Event) -> None:
        while not self._stopping.is_set():
            wake.clear()
            try:
                until = await once()  # type: ignore[misc]
            except StorageError as error:
                log.error("database trouble", kind=type(error).__name__)
                self.parts.trouble.tell("database")
                until = None
            except Exception as error:
                log.exception("loop failed", area=name)
                self.parts.trouble.tell("defect", type(error).__name__)
                until = None
            if not self._stopping.is_set():
                await self.parts.clock.wait(until, wake, POLL)

    async def release_once(self) -> object:
        """One round of the clock's work; gives the next instant at which something is due."""
        while await self.release.step(self.parts.clock.now()):
            pass
        return self._ahead(await self.release.next_at())

    async def deliver_once(self) -> object:
        """One round of delivery; gives the next instant at which a copy is due."""
        while await self.delivery.step(self.parts.clock.now()) and not self._stopping.is_set():
            pass
        async with self.parts.database.reading() as tx:
            return self._ahead(await outbox.next_due(tx))

    def _ahead(self, at: object) -> object:
        """An instant that is still ahead; what is overdue and could not be done is looked at at the next poll."""
        return at if at is not None and at > self.parts.clock.now() else None  # type: ignore[operator]

    async def page_once(self) -> object:
        """Tell the pager what is due; gives None."""
        await self.page_due()
        return None

    async def page_due(self) -> bool:
        """Tell the pager command what is due; what could not be told is tried again."""
        parts = self.parts
        now = parts.clock.now()
        async with parts.database.reading() as tx:
            due = await alarms.due(tx, now)
        for alarm in due:
            at = alarm.at.isoformat().replace("+00:00", "Z")
            told = await parts.pager.tell({"kind": alarm.kind, "id": alarm.ref, "list": alarm.list_id, "at": at})
            async with parts.database.transaction() as tx:
                await alarms.settle(tx, alarm.id, told=told, now=now, next_at=None if told else now + PAGER_AGAIN)
        return bool(due)

    async def _beat(self, every: timedelta) -> None:
        """The heartbeat, for a dead-man's switch outside."""
        parts = self.parts
        while not self._stopping.is_set():
            now = parts.clock.now()
            at = now.isoformat().replace("+00:00", "Z")
            await parts.pager.tell({"kind": "alive", "id": None, "list": None, "at": at})
            while not self._stopping.is_set() and parts.clock.now() < now + every:
                await parts.clock.wait(now + every, self._stopping, POLL)


def tls_context(config: Config) -> ssl.SSLContext | None:
    """STARTTLS for mail coming in, where a certificate is configured. Raises ConfigError."""
    smtp = config.smtp
    if smtp.tls_certificate is None or smtp.tls_key is None:
        return None
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.minimum_version = ssl.TLSVersion.TLSv1_2  # RFC 9325 s3.1.1
    try:
        context.load_cert_chain(smtp.tls_certificate, smtp.tls_key)
    except (OSError, ssl.SSLError) as error:
        raise ConfigError([f"[smtp] tls_certificate and tls_key can't be loaded ({type(error).__name__})"]) from error
    return context


class AlreadyRunningError(Exception):
    """Another process serves this state directory."""


def lock_state(state_dir: Path) -> int:
    """Hold the state directory for one serving process; the kernel frees it however the process ends."""
    handle = os.open(state_dir / "serve.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        os.close(handle)
        raise AlreadyRunningError from error
    return handle


async def serve(config: Config, ready: Callable[[str, int], None]) -> None:
    """Run the service until SIGTERM or SIGINT. Raises AlreadyRunningError, ConfigError, OSError."""
    lock = lock_state(config.gateway.state_dir)
    try:
        async with open_parts(config) as parts:
            gateway = Gateway(parts)
            loop = asyncio.get_running_loop()
            for number in (signal.SIGTERM, signal.SIGINT):
                loop.add_signal_handler(number, gateway.stop)
            host, port = await gateway.start()
            ready(host, port)
            log.info("ready", host=host, port=port)
            try:
                await gateway.run()
            finally:
                await gateway.close()
                log.info("stopped")
    finally:
        os.close(lock)
