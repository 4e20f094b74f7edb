"""What a refusal tells those who write mails, told to somebody at a shell."""

from __future__ import annotations

import re

_BELOW = re.compile(r"[.,;]?[^.,;]*\b(?:block below|as below|left out below)\b.*", re.DOTALL)
_INSTEAD = tuple(
    (re.compile(said), here)
    for said, here in (
        (r"write `Lift: now` in a reply", "use `embargo disclosure lift`"),
        (r"say so in the same block: `Upstream: (\S+) over`.*", r"say so: `embargo disclosure upstream ID \1 --over`"),
        (r"(?:write|say) `Upstream: \S+ over`", "say --over"),
        (r"say `Fact: public`", "say `embargo disclosure fact ID public`"),
        (r"name it in a `Scope:` line", "a coordinator names it in a `Scope:` line"),
        (
            r"attach the public key of (\S+) to the mail \(a file such as key\.asc\)",
            r"give the public key of \1 by --key",
        ),
        (r"\battached\b", "given"),
        (r"\battach\b", "give"),
    )
)


def at_a_shell(text: str) -> str:
    """Put the way out as a command; nothing is said of a block that a mail would offer."""
    text = _BELOW.sub("", text)
    for said, here in _INSTEAD:
        text = said.sub(here, text)
    return text
