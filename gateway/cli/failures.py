"""What a failed command says: one line, and the exit code. Imported only when something failed."""

from __future__ import annotations

from dataclasses import dataclass

from gateway.config import ConfigError
from gateway.log import describe
from gateway.operator.base import RefusedError, UnclearError
from gateway.parser import ParserUnavailable
from keys.errors import EngineUnavailable, KeysError, VaultError
from storage.errors import Conflict, SchemaOutOfDate, StorageError, TrailBroken, Unavailable

REFUSED, WRONG = 1, 2


@dataclass(frozen=True, slots=True)
class Told:
    """A failure as it is told."""

    line: str
    code: int


def told(error: Exception) -> Told:
    """Put a failure into a line. What nobody foresaw is named by its type and place, never by its text (law 8)."""
    match error:
        case RefusedError() | Conflict():
            return Told(str(error), REFUSED)
        case UnclearError() | ConfigError():
            return Told(str(error), WRONG)
        case VaultError():
            return Told(f"storage.master_key_file: {error}", WRONG)
        case SchemaOutOfDate():
            return Told(f"{error}: run `embargo init`", WRONG)
        case TrailBroken():
            return Told(f"{error}: nothing was changed; run `embargo audit verify`", REFUSED)
        case Unavailable():
            return Told(f"{error}: nothing was changed; try again", REFUSED)
        case EngineUnavailable():
            return Told(f"{error}: nothing was changed; run `embargo check`", REFUSED)
        case ParserUnavailable() | KeysError() | StorageError():
            return Told(f"{error}: nothing was changed", REFUSED)
        case OSError():
            where = f"{error.filename}: " if error.filename else ""
            return Told(f"{where}{error.strerror or type(error).__name__}", REFUSED)
        case _:
            return Told(f"a defect of this program: {describe(error)}; please report it", REFUSED)
