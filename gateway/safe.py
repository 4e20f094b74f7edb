"""Content on its way into and out of storage: sealed before it goes in, opened after it comes out."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Protocol

from keys.errors import VaultError
from keys.vault import SealedItem
from storage import items
from storage.ids import row_id
from storage.records import Item

if TYPE_CHECKING:
    from datetime import datetime

    from gateway.parts import Parts
    from keys.vault import Vault
    from storage.database import Tx


class HoldsVault(Protocol):
    """What opening content takes: ``Parts``, or less."""

    @property
    def vault(self) -> Vault:
        """The vault."""
        ...


async def keep(parts: Parts, tx: Tx, data: bytes, now: datetime, item_id: str | None = None) -> str:
    """Seal ``data`` under a key of its own and store it; give its item id."""
    item_id = item_id or row_id("IT")
    sealed = parts.vault.seal(item_id, data)
    await items.put(tx, Item(item_id, sealed.wrapped_key, sealed.body, len(data)), now)
    return item_id


async def take(parts: HoldsVault, tx: Tx, item_id: str) -> bytes:
    """Open a stored item. Raises VaultError when it was destroyed, or does not open."""
    item = await items.get(tx, item_id)
    if item is None or item.wrapped_key is None:
        message = f"item {item_id} is not there any more"
        raise VaultError(message)
    return parts.vault.open(item_id, SealedItem(item.wrapped_key, item.body))


async def keep_json(parts: Parts, tx: Tx, value: dict[str, Any], now: datetime) -> str:
    """Seal and store a JSON object; give its item id."""
    return await keep(parts, tx, json.dumps(value).encode(), now)


async def take_json(parts: HoldsVault, tx: Tx, item_id: str) -> dict[str, Any]:
    """Open a stored JSON object."""
    value: dict[str, Any] = json.loads(await take(parts, tx, item_id))
    return value


async def find_json(parts: HoldsVault, tx: Tx, item_id: str) -> dict[str, Any] | None:
    """Open a stored JSON object; None where it was destroyed."""
    return await take_json(parts, tx, item_id) if await items.get(tx, item_id) is not None else None


async def find(parts: HoldsVault, tx: Tx, item_id: str) -> bytes | None:
    """Open a stored item; None where it was destroyed."""
    return await take(parts, tx, item_id) if await items.get(tx, item_id) is not None else None


async def change_json(parts: Parts, tx: Tx, item_id: str, value: dict[str, Any]) -> None:
    """Seal a JSON object anew under the same item id."""
    data = json.dumps(value).encode()
    sealed = parts.vault.seal(item_id, data)
    await items.replace(tx, Item(item_id, sealed.wrapped_key, sealed.body, len(data)))
