"""What can go wrong with keys and secrets, and what then happens to the mail."""

from __future__ import annotations


class KeysError(Exception):
    """The base of everything that this package raises on purpose."""


class EngineUnavailable(KeysError):  # noqa: N818 - it says what is the matter
    """Our own side failed: GnuPG is missing, hangs, or has no room.

    It says nothing about the mail: the sender keeps it (SMTP 451), a copy waits and is tried again.
    The text names a cause for operators and never holds content.
    """


class EngineSilent(EngineUnavailable):
    """GnuPG does not end in its time. To ask it again at once would only take that time again."""


class BadKeyFile(KeysError):  # noqa: N818 - it says what is the matter
    """A key file is refused; ``reason`` is one short clause for people.

    Nothing was changed; whoever gave the file is told the reason.
    """

    def __init__(self, reason: str) -> None:
        """Keep the reason, which is also the text."""
        super().__init__(reason)
        self.reason = reason


class VaultError(KeysError):
    """A sealed item does not open: wrong master key, wrong item, or changed bytes.

    The operator is told; what the item held stays sealed.
    """
