"""The shape of a mail: is it encrypted or signed, as a whole, by the standards that are read here?

Whole or nothing: what is signed or encrypted beside or inside other things is no speech of the
signer's (RFC 3156 s4-6; THREATS T13, "Johnny, you are fired").
"""

from __future__ import annotations

import re

from gateway.mail import tree
from gateway.mail.model import Form
from gateway.mail.tree import Entity

_ENCRYPTED = "multipart/encrypted"
_SIGNED = "multipart/signed"
_VERSION = re.compile(rb"\s*version:\s*1\s*", re.IGNORECASE)
_INLINE = re.compile(rb"^-----BEGIN PGP (?:SIGNED )?MESSAGE-----[ \t]*\r?$", re.MULTILINE)

# Other standards and carriers (THREATS T20); some name a part that stands somewhere else.
_FOREIGN = frozenset(
    (
        "application/pkcs7-mime",
        "application/x-pkcs7-mime",
        "application/ms-tnef",
        "application/vnd.ms-tnef",
        "message/partial",
        "message/external-body",
    )
)


def form_of(raw: bytes, root: Entity) -> Form:
    """Say how the mail is wrapped."""
    if root.kind.value == _ENCRYPTED:
        return _form_of_encrypted(raw, root)
    if root.kind.value == _SIGNED:
        return _form_of_signed(root)
    inner = _inner_form(root)
    if inner is Form.CLEAR and any(_inline_pgp(raw, entity) for entity in root.walk()):
        return Form.UNSUPPORTED
    return inner


def payload_form(raw: bytes, root: Entity) -> Form:
    """Say what stands inside a payload; see ``Payload.form``.

    Unlike in a mail from outside, a quoted advisory with an inline signature is fine in the middle of
    a text: what counts is the signature over the whole.
    """
    inner = _inner_form(root)
    if inner is Form.CLEAR and any(_begins_inline(raw, entity) for entity in root.walk()):
        return Form.PARTLY_SIGNED
    return inner


def _inner_form(root: Entity) -> Form:
    types = {entity.kind.value for entity in root.walk()}
    if types & _FOREIGN:
        return Form.UNSUPPORTED
    if _ENCRYPTED not in types and "application/pgp-encrypted" in types:
        return Form.UNSUPPORTED  # as some servers leave a multipart/encrypted: re-labelled multipart/mixed
    if types & {_ENCRYPTED, _SIGNED}:
        return Form.PARTLY_SIGNED
    return Form.CLEAR


def _form_of_encrypted(raw: bytes, root: Entity) -> Form:
    """RFC 3156 s4: the protocol, exactly two parts in this order, "Version: 1" in the first."""
    if (root.kind.get("protocol") or "").lower() != "application/pgp-encrypted":
        return Form.UNSUPPORTED
    if [child.kind.value for child in root.children] != ["application/pgp-encrypted", "application/octet-stream"]:
        return Form.PARTLY_SIGNED
    if not _VERSION.fullmatch(tree.content(raw, root.children[0])):
        return Form.UNSUPPORTED
    return Form.PARTLY_SIGNED if root.epilogue else Form.ENCRYPTED


def _form_of_signed(root: Entity) -> Form:
    """RFC 3156 s5: the protocol, exactly two parts, the second the signature."""
    if (root.kind.get("protocol") or "").lower() != "application/pgp-signature":
        return Form.UNSUPPORTED
    children = root.children
    if len(children) != 2 or children[1].kind.value != "application/pgp-signature" or root.epilogue:  # noqa: PLR2004
        return Form.PARTLY_SIGNED
    if {entity.kind.value for entity in children[0].walk()} & (_FOREIGN | {_ENCRYPTED}):
        # Signed outside the encryption: it proves who sealed it, not who wrote it (RFC 9580 s13.12).
        return Form.UNSUPPORTED
    return Form.SIGNED


def is_signed_whole(root: Entity) -> bool:
    """Say whether a payload is one multipart/signed (RFC 3156 s6.1)."""
    return root.kind.value == _SIGNED and _form_of_signed(root) is Form.SIGNED


def ciphertext(raw: bytes, root: Entity) -> bytes:
    """Return the OpenPGP message of a mail whose form is ENCRYPTED."""
    return tree.content(raw, root.children[1])


def signed_bytes(raw: bytes, root: Entity) -> bytes:
    """Return the bytes under the signature of a mail whose form is SIGNED, lines ended by CRLF.

    RFC 3156 s5: the first part with its MIME headers, without the line end before the delimiter.
    Only line ends are changed, and only where a payload was sealed with bare line feeds.
    """
    child = root.children[0]
    return re.sub(rb"(?<!\r)\n", b"\r\n", raw[child.start : child.end])


def signature(raw: bytes, root: Entity) -> bytes:
    """Return the detached signature of a mail whose form is SIGNED."""
    return tree.content(raw, root.children[1])


def _inline_pgp(raw: bytes, entity: Entity) -> re.Match[bytes] | None:
    if entity.children or not entity.kind.value.startswith("text/") or entity.disposition.value == "attachment":
        return None
    return _INLINE.search(tree.content(raw, entity))


def _begins_inline(raw: bytes, entity: Entity) -> bool:
    match = _inline_pgp(raw, entity)
    return match is not None and not match.string[: match.start()].strip()
