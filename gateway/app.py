"""The composition root: ``open_parts`` builds the house, ``serve`` runs it until it is told to stop."""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import os
import signal
import ssl
import threading
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from gateway import destroying, publicposts
from gateway.acts import proposal_windows
from gateway.alarm import Pager
from gateway.clock import Clock, SystemClock
from gateway.config import Config, ConfigError
from gateway.digest import daily
from gateway.grants import sharing
from gateway.intake import Intake, apply
from gateway.kept import missing
from gateway.leaks.bad_day import DUTIES
from gateway.lists import Lists
from gateway.log import describe, get_logger
from gateway.opening import open_store
from gateway.parser import Parser
from gateway.parts import Parts
from gateway.relay import Relay
from gateway.release import Release
from gateway.sending.delivery import Delivery
from gateway.smtp import Door
from gateway.trouble import Trouble
from gateway.upstreams import details as upstream_details
from gateway.watching import POLL, watch
from keys.engine import Engine
from keys.errors import EngineUnavailable
from storage import alarms, outbox
from storage.errors import StorageError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    from storage.records import Alarm

log = get_logger("app")

LOOK = 5.0  # seconds after which each loop looks for itself, whatever it was told
PAGER_AGAIN = timedelta(seconds=30)
STOP_WITHIN = 2.0  # seconds for what is in hand; what is not done by then goes on at the next start
STOPPED_AT_LAST = 4.4  # seconds after which a stopping process ends, whatever hangs
LEFT_WITHIN = 0.5  # seconds more for what GnuPG has on the disk
PAGES_AT_ONCE = 8


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
        own_parser = Parser(own_list_ids=[entry.list_id for entry in lists])
        stack.push_async_callback(own_parser.close)
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
            own_parser=own_parser,
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
        by_kind = {
            **DUTIES,
            **daily.DUTIES,
            **proposal_windows.DUTIES,
            **destroying.DUTIES,
            **publicposts.DUTIES,
            **upstream_details.DUTIES,
            **sharing.DUTIES,
        }
        self.release = Release(
            parts, by_kind, destroying.Retention(parts), prepared=missing.prepared(apply), hourly=[daily.plan]
        )
        self.delivery = Delivery(parts)
        self._stopping = asyncio.Event()
        self._loops: list[asyncio.Task[None]] = []
        self._beat_at: datetime | None = None
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
        nudges, heartbeat = self.parts.nudges, self.parts.config.alarm.heartbeat
        self._loops = [
            asyncio.create_task(self._loop("release", self.release_once, nudges.schedule)),
            asyncio.create_task(self._loop("delivery", self.deliver_once, nudges.outbox)),
            asyncio.create_task(self._loop("pager", self.page_once, nudges.pager)),
            asyncio.create_task(self._warm_up()),
            asyncio.create_task(watch(self.parts, self._stopping)),
        ]
        if heartbeat is not None:
            self._loops.append(asyncio.create_task(self._loop("heartbeat", partial(self._beat, heartbeat), _never())))
        await self._stopping.wait()

    def stop(self) -> None:
        """End the loops after what they are doing, and begin nothing more."""
        self._stopping.set()
        self.delivery.stop()
        self.parts.nudges.ring()

    async def close(self) -> None:
        """Shut the door, and let what is in hand end within a few seconds; the rest goes on at the next start."""
        self.stop()
        await asyncio.gather(self.door.close(STOP_WITHIN), self._end_loops(), self._end_delivery())
        try:
            async with asyncio.timeout(STOP_WITHIN / 2):
                await self.delivery.abandon()
        except (StorageError, TimeoutError) as error:
            log.warning("what was in hand goes on at the next start", error=describe(error))

    async def _end_loops(self) -> None:
        if self._loops:
            _, late = await asyncio.wait(self._loops, timeout=STOP_WITHIN)
            for task in late:
                task.cancel()
            await asyncio.gather(*self._loops, return_exceptions=True)

    async def _end_delivery(self) -> None:
        try:
            async with asyncio.timeout(STOP_WITHIN):
                await self.delivery.finish()
        except (StorageError, TimeoutError) as error:
            log.warning("stopped with copies in hand", error=describe(error))

    async def _warm_up(self) -> None:
        """Start what the first mail and the first release would have to wait for: GnuPG's agents, the parsers."""
        parts = self.parts
        try:
            await parts.own_parser.payload(b"Content-Type: text/plain\r\n\r\n")
            for mailing_list in parts.lists:
                async with parts.database.reading() as tx:
                    ring = await parts.lists.ring(parts, tx, mailing_list.id)
                if not await parts.engine.probe(ring):
                    raise EngineUnavailable("GnuPG does not open its own message")
        except Exception as error:  # noqa: BLE001 - each mail finds out for itself; a human is told now
            log.error("not warmed up", error=describe(error))
            parts.trouble.tell("gnupg" if isinstance(error, EngineUnavailable) else "defect")

    async def _loop(self, name: str, once: Callable[[], Awaitable[datetime | None]], wake: asyncio.Event) -> None:
        while not self._stopping.is_set():
            wake.clear()
            try:
                until = await once()
            except StorageError as error:
                log.error("database trouble", area=name, error=describe(error))
                self.parts.trouble.tell("database")
                until = None
            except Exception as error:  # noqa: BLE001 - one of the two places that catch all: told, and tried again
                log.error("loop failed", area=name, error=describe(error))
                self.parts.trouble.tell("defect", name)
                until = None
            if not self._stopping.is_set():
                await self.parts.clock.wait(until, wake, POLL if until is None else LOOK)

    async def release_once(self) -> datetime | None:
        """One round of the clock's work; gives the next instant at which something is due, None for soon."""
        return await self._to_the_end(self.release.step, self.release.next_at)

    async def deliver_once(self) -> datetime | None:
        """One round of delivery; gives the next instant at which a copy is due, None for soon."""
        return await self._to_the_end(self.delivery.step, self.delivery.next_at)

    async def page_once(self) -> datetime | None:
        """Tell the pager what is due; gives the next instant at which something is, None for soon."""
        return await self._to_the_end(lambda _: self.page_due(), self._next_page)

    async def _next_page(self) -> datetime | None:
        async with self.parts.database.reading() as tx:
            return await alarms.next_due(tx)

    async def _to_the_end(
        self, step: Callable[[datetime], Awaitable[bool]], next_at: Callable[[], Awaitable[datetime | None]]
    ) -> datetime | None:
        """Step until nothing is due; gives the next instant ahead, None where something due could not be done."""
        clock = self.parts.clock
        while not self._stopping.is_set():
            now = clock.now()
            if await step(now):
                continue
            at = await next_at()
            if at is None:
                return now + timedelta(seconds=LOOK)
            if at <= now:
                return None  # what is overdue and could not be done is looked at again soon
            if at > clock.now():
                return at
        return None

    async def page_due(self) -> bool:
        """Tell the pager command what is due; what could not be told is tried again."""
        parts = self.parts
        now = parts.clock.now()
        async with parts.database.reading() as tx:
            due = await alarms.due(tx, now)
        for first in range(0, len(due), PAGES_AT_ONCE):
            await asyncio.gather(*(self._page(alarm, now) for alarm in due[first : first + PAGES_AT_ONCE]))
        return bool(due)

    async def _page(self, alarm: Alarm, now: datetime) -> None:
        parts = self.parts
        at = alarm.at.isoformat().replace("+00:00", "Z")
        told = await parts.pager.tell({"kind": alarm.kind, "id": alarm.ref, "list": alarm.list_id, "at": at})
        async with parts.database.transaction() as tx:
            await alarms.settle(tx, alarm.id, told=told, now=now, next_at=None if told else now + PAGER_AGAIN)

    async def _beat(self, every: timedelta) -> datetime | None:
        """The heartbeat, for a dead-man's switch outside: silent when the database can't be read."""
        parts = self.parts
        now = parts.clock.now()
        if self._beat_at is not None and now < self._beat_at + every:
            return self._beat_at + every
        async with parts.database.reading() as tx:
            await outbox.next_due(tx)
        at = now.isoformat().replace("+00:00", "Z")
        if await parts.pager.tell({"kind": "alive", "id": None, "list": None, "at": at}):
            self._beat_at = now
            return now + every
        return None


def _never() -> asyncio.Event:
    """A bell that nobody rings."""
    return asyncio.Event()


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
                loop.add_signal_handler(number, _stop_soon, gateway, parts)
            try:
                host, port = await gateway.start()
                ready(host, port)
                log.info("ready", host=host, port=port)
                await gateway.run()
            finally:
                await gateway.close()
                log.info("stopped")
    finally:
        os.close(lock)


def _stop_soon(gateway: Gateway, parts: Parts) -> None:
    """Stop; where something hangs that can't be ended in time, leave it behind as a power cut would."""
    gateway.stop()
    last = threading.Timer(STOPPED_AT_LAST, _leave, [parts])
    last.daemon = True
    last.start()


def _leave(parts: Parts) -> None:
    """Remove GnuPG's homes, if that succeeds and in time, and end the process; the next start removes what is left."""
    closing = threading.Thread(target=_close_engine, args=[parts], daemon=True)
    closing.start()
    closing.join(LEFT_WITHIN)
    os._exit(0)


def _close_engine(parts: Parts) -> None:
    with contextlib.suppress(Exception):  # nobody is there to hear it; the process is about to end
        asyncio.run(parts.engine.close())
