"""The main job, shown in a terminal with real keys, a real gateway and real mail; every step is checked.

Nothing of it is left behind: keys, gateway and mailboxes live in one temporary directory, and every
process that was started is ended.
"""

from __future__ import annotations

from gateway.demo.story import run

__all__ = ["run"]
