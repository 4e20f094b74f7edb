"""The answer to a mail to -sendkey."""

from __future__ import annotations

BEGIN = "-----BEGIN PGP PUBLIC KEY BLOCK-----"


def key_answer(list_name: str, fingerprint: str, armored: str) -> str:
    """In clear, to whoever asks: the list's key, and how to be sure of it; nothing of what was asked."""
    grouped = " ".join(fingerprint[at : at + 4] for at in range(0, len(fingerprint), 4))
    return (
        f"The public key of {list_name}\n\n"
        "Somebody asked for it with your address; if it was not you, you need do nothing.\n"
        "The key is attached. Its fingerprint is\n\n"
        f"    {grouped}\n\n"
        "Please compare it over another channel, with a coordinator or on the list's own page, before you trust it:\n"
        "that this mail is signed with the same key proves nothing yet. Then encrypt to it whatever you send to the\n"
        "list. This address sends the key once a day, and nothing else; people read the -owner address.\n\n"
        f"{armored}"
    )
