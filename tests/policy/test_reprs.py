"""What people wrote does not stand in what a value says of itself, so that no log and no error text can tell it."""

from __future__ import annotations

import dataclasses
import importlib
import pkgutil

import policy

HIDDEN = {
    "Offer": "block mend",
    "OfferedKey": "filename",
    "KeyAsked": "sender",
    "MailFacts": "subject disclosure_subject text heard block surroundings asked attachments",
    "Addressed": "named signed kept",
    "LeakReport": "found",
    "Kept": "corrected outsiders mend",
    "Posted": "order",
    "Reposted": "order",
    "Steered": "order",
    "Acted": "order",
    "Requested": "asked",
}


def test_values_that_hold_a_mail_hide_it() -> None:
    found = {}
    for module in pkgutil.iter_modules(policy.__path__):
        for name, one in vars(importlib.import_module(f"policy.{module.name}")).items():
            if isinstance(one, type) and dataclasses.is_dataclass(one):
                found[name] = " ".join(field.name for field in dataclasses.fields(one) if not field.repr)

    assert {name: found.get(name) for name in HIDDEN} == HIDDEN
