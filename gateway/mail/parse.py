"""Takes mails and decrypted payloads apart. Never raises: what can't be read is a Problem."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Collection
from dataclasses import replace

from gateway.mail import automatic, flowed, headers, limits, pgpmime, tree
from gateway.mail.limits import Unreadable
from gateway.mail.model import Form, Mail, Part, Payload, Problem, SignedPayload
from gateway.mail.tree import Entity

_CONTROL = re.compile("[\\x00-\\x08\\x0e-\\x1f\\x7f]")  # no text for people holds one (form feeds and tabs aside)


def read_mail(raw: bytes, *, envelope_from: str | None = None, own_list_ids: Collection[str] = ()) -> Mail | Problem:
    """Take an incoming mail apart.

    ``envelope_from`` is "" for the null sender, None where it is not known. ``own_list_ids`` are our
    lists' List-Ids (without brackets), by which a loop is known.
    """
    try:
        root = tree.read_tree(raw)
        form = pgpmime.form_of(raw, root)
        mail = Mail(
            form=form,
            headers=headers.read_headers(root.fields),
            automatic=automatic.reason(root, form, envelope_from=envelope_from, own_list_ids=own_list_ids),
        )
        if form is Form.ENCRYPTED:
            return replace(mail, ciphertext=pgpmime.ciphertext(raw, root))
        if form is Form.SIGNED:
            signed = pgpmime.signed_bytes(raw, root)
            return replace(mail, signed=signed, signature=pgpmime.signature(raw, root), payload=_signed_payload(signed))
        return replace(mail, payload=_payload(raw, root))
    except Unreadable as unreadable:
        threads, subject = headers.salvage(raw)
        return replace(unreadable.problem, threads=threads, subject=subject)


def read_payload(raw: bytes) -> Payload | SignedPayload | Problem:
    """Take apart what was inside an encryption, or under a signature."""
    try:
        root = tree.read_tree(raw)
        if not pgpmime.is_signed_whole(root):
            return _payload(raw, root)
        signed = pgpmime.signed_bytes(raw, root)
        return SignedPayload(signed, pgpmime.signature(raw, root), _signed_payload(signed))
    except Unreadable as unreadable:
        return unreadable.problem


def _signed_payload(signed: bytes) -> Payload:
    root = tree.read_tree(signed)
    if pgpmime.is_signed_whole(root):
        raise limits.too_complex("a signed mail inside a signed mail")  # whose word it is would be a guess
    return _payload(signed, root)


def _payload(raw: bytes, root: Entity) -> Payload:
    is_protected = has_protection(root)
    parts = tuple(
        _part(raw, entity, is_root=entity is root, is_protected=is_protected)
        for entity in root.walk()
        if not entity.children
    )
    text, is_html = _first_text(parts)
    return Payload(
        raw=raw,
        parts=parts,
        text=text,
        text_is_html=is_html,
        protected=headers.read_headers(root.fields) if is_protected else None,
        form=pgpmime.payload_form(raw, root),
        automatic=automatic.content_reason(root),
    )


def has_protection(root: Entity) -> bool:
    """Say whether the header fields at the root count as protected.

    Only those of the root: RFC 9788 s2.1.1, and protected-headers="v1", which came before it. The
    same marks on a part further inside mean nothing.
    """
    return root.kind.get("hp") in ("cipher", "clear") or root.kind.get("protected-headers") is not None


def _part(raw: bytes, entity: Entity, *, is_root: bool, is_protected: bool) -> Part:
    content = tree.content(raw, entity)
    kind = entity.kind.value
    filename = file_name(entity)
    is_text = kind.startswith("text/") and tree.is_readable(entity)
    # A text that is the whole mail is its text, also where a program gave it a name.
    is_named = bool(filename) and not (is_root and is_text)
    is_attachment = is_named or entity.disposition.value == "attachment" or not is_text
    return Part(
        path=entity.path,
        content_type=kind,
        filename=filename,
        is_attachment=is_attachment,
        start=entity.start,
        end=entity.end,
        size=len(content),
        digest=hashlib.sha256(content).hexdigest(),
        text=_text(content, entity, is_attachment=is_attachment, is_protected=is_protected)
        if is_text
        else _unnamed_text(content, entity),
    )


def file_name(entity: Entity) -> str:
    """Return the decoded file name of a part, "" where there is none; RFC 2183 s2.3 before the older way."""
    return entity.disposition.get("filename") or entity.kind.get("name") or ""


def _text(content: bytes, entity: Entity, *, is_attachment: bool, is_protected: bool) -> str | None:
    if len(content) > limits.TEXT_BYTES:
        if is_attachment:
            return None
        raise limits.too_complex("more than 1 MB of text that is no attachment")
    text = flowed.decoded_text(content, entity.kind.get("charset"))
    if entity.kind.value != "text/plain":
        return text
    if (entity.kind.get("format") or "").lower() == "flowed":
        text = flowed.unflowed(text, delete_space=(entity.kind.get("delsp") or "").lower() == "yes")
    if is_protected and entity.kind.get("hp-legacy-display") == "1":
        text = flowed.without_legacy_display(text)
    return text


def _unnamed_text(content: bytes, entity: Entity) -> str | None:
    """The text of a file that a mail program had no name for: many send any attachment as octet-stream."""
    kind = entity.kind.value
    if kind != "application/octet-stream" or len(content) > limits.TEXT_BYTES or not tree.is_readable(entity):
        return None
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError:
        return None
    return None if _CONTROL.search(text) else flowed.decoded_text(content, "utf-8")


def _first_text(parts: tuple[Part, ...]) -> tuple[str, bool]:
    chosen = first_text_part(parts)
    if chosen is None or chosen.text is None:
        return "", False
    if chosen.content_type == "text/html":
        return flowed.html_to_text(chosen.text), True
    return chosen.text, False


def first_text_part(parts: tuple[Part, ...]) -> Part | None:
    """Return the part that ``Payload.text`` is from: the first text/plain, else the first text/html.

    One that is blank counts only where all are: some programs leave the plain text beside their HTML empty.
    """
    texts = [part for part in parts if not part.is_attachment and part.content_type in ("text/plain", "text/html")]
    said = [part for part in texts if part.text and not part.text.isspace()]
    ranked = sorted(said or texts, key=lambda part: part.content_type != "text/plain")  # stable: the first of its kind
    return ranked[0] if ranked else None
