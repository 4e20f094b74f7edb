"""The tables. Plain columns hold ids, states, instants, addresses, fingerprints and sizes only.

Whatever people wrote (bodies, subjects, names of attachments, leak texts) stands in ``items``,
sealed by the caller; a column that ends in ``_item`` names one.
"""

from __future__ import annotations

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
    false,
)

from storage.columns import UTCDateTime

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

items = Table(
    "items",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("wrapped_key", LargeBinary, nullable=True),  # NULL: destroyed for ever
    Column("body", LargeBinary, nullable=True),
    Column("size", Integer, nullable=False),
    Column("created_at", UTCDateTime, nullable=False),
    Column("destroyed_at", UTCDateTime, nullable=True),
)

list_keys = Table(
    "list_keys",
    metadata,
    Column("list_id", String(64), primary_key=True),
    Column("fingerprint", String(64), nullable=False),
    Column("public", LargeBinary, nullable=False),
    Column("secret_item", ForeignKey("items.id"), nullable=False),  # secret key and passphrase
    Column("created_at", UTCDateTime, nullable=False),
)

roster_versions = Table(
    "roster_versions",
    metadata,
    Column("list_id", String(64), primary_key=True),
    Column("version", Integer, nullable=False),  # grows with every change of people or keys
)

people = Table(
    "people",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("list_id", String(64), nullable=False),
    Column("role", String(16), nullable=False),
    Column("address", String(320), nullable=False),
    Column("name", String(200), nullable=False),
    Column("standing", String(16), nullable=False),
    Column("groups", JSON, nullable=False),
    Column("policy_hash", String(64), nullable=True),  # SHA-256 of the policy accepted
    Column("accepted_at", UTCDateTime, nullable=True),
    Column("added_at", UTCDateTime, nullable=False),
    Column("changed_at", UTCDateTime, nullable=False),
    Index(None, "list_id", "address"),
    sqlite_autoincrement=True,
)

keys = Table(
    "keys",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("person_id", ForeignKey("people.id"), nullable=False, index=True),
    Column("list_id", String(64), nullable=False),
    Column("fingerprint", String(64), nullable=False),
    Column("public", LargeBinary, nullable=False),
    Column("algorithm", String(64), nullable=False),
    Column("expires_at", UTCDateTime, nullable=True),
    Column("flaw", String(200), nullable=True),
    Column("added_at", UTCDateTime, nullable=False),
    Column("removed_at", UTCDateTime, nullable=True),
    Index(None, "list_id", "fingerprint"),
)

grants = Table(
    "grants",
    metadata,
    Column("id", String(32), primary_key=True),  # GR-... of a guest, SR-... of what was asked for
    Column("list_id", String(64), nullable=False),
    Column("disclosure_id", String(32), nullable=False),
    Column("kind", String(16), nullable=False),  # guest, share
    Column("state", String(16), nullable=False),  # asked, approved, active, denied, ended
    Column("address", String(320), nullable=False),
    Column("fingerprint", String(64), nullable=True),  # of the key that was attached, with its certificate
    Column("public", LargeBinary, nullable=True),
    Column("person_id", Integer, nullable=True),  # as soon as he is known
    Column("asked_by", Integer, nullable=True),
    Column("asked_at", UTCDateTime, nullable=False),
    Column("decided_by", String(320), nullable=True),
    Column("decided_at", UTCDateTime, nullable=True),
    Column("policy_hash", String(64), nullable=True),  # SHA-256 of the terms that were sent
    Column("started_at", UTCDateTime, nullable=True),  # let in; of what was asked for: the terms were accepted
    Column("expires_at", UTCDateTime, nullable=True),
    Column("ended_at", UTCDateTime, nullable=True),
    Column("request_item", ForeignKey("items.id"), nullable=True),  # name, what, why, as people wrote them
    Index(None, "disclosure_id"),
    Index(None, "person_id"),
)

mails = Table(
    "mails",
    metadata,
    Column("id", String(32), primary_key=True),  # ML-...
    Column("list_id", String(64), nullable=False),
    Column("recipient", String(320), nullable=False),
    Column("envelope_from", String(320), nullable=False),
    Column("received_at", UTCDateTime, nullable=False),
    Column("digest", String(64), nullable=False),  # SHA-256 of the bytes as received
    Column("size", Integer, nullable=False),
    Column("times_seen", Integer, nullable=False),
    Column("taken_for", String(24), nullable=False),
    Column("signer_id", Integer, nullable=True),
    Column("raw_item", ForeignKey("items.id"), nullable=True),  # NULL: recorded without content
    Column("disclosure_id", String(32), nullable=True),
    UniqueConstraint("list_id", "recipient", "digest"),
)

signatures = Table(
    "signatures",
    metadata,
    Column("list_id", String(64), primary_key=True),
    Column("signature_id", String(128), primary_key=True),  # GnuPG's SIG_ID
    Column("mail_id", String(32), nullable=False),
    Column("seen_at", UTCDateTime, nullable=False),
)

quarantine = Table(
    "quarantine",
    metadata,
    Column("id", String(32), primary_key=True),  # QU-...
    Column("mail_id", ForeignKey("mails.id"), nullable=False),
    Column("list_id", String(64), nullable=False),
    Column("received_at", UTCDateTime, nullable=False),
    Column("envelope_from", String(320), nullable=False),
    Column("reason", String(32), nullable=False),
    Column("reasons", JSON, nullable=False),
    Column("size", Integer, nullable=False),
    Column("state", String(16), nullable=False),  # kept, released, discarded, expired
    Column("known", Boolean, nullable=False),  # from or about a known signer or thread: kept until decided
    Column("told_at", UTCDateTime, nullable=True),  # when the coordinators were told
    Column("decided_at", UTCDateTime, nullable=True),  # when it ceased to be kept
    Column("disclosure_id", String(32), nullable=True),
    Index(None, "state", "list_id"),
)

disclosures = Table(
    "disclosures",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("list_id", String(64), nullable=False, index=True),
    Column("state", String(16), nullable=False, index=True),
    Column("posted_by", Integer, nullable=False),
    Column("poster_address", String(320), nullable=False),
    Column("poster_name", String(200), nullable=False),
    Column("posted_at", UTCDateTime, nullable=False),
    Column("hold_until", UTCDateTime, nullable=False),
    Column("embargo_until", UTCDateTime, nullable=False),
    Column("released_at", UTCDateTime, nullable=True),
    Column("ended_at", UTCDateTime, nullable=True),
    Column("cause", String(16), nullable=True),
    Column("stopped", Boolean, nullable=False),
    Column("unapproved", Boolean, nullable=False, server_default=false()),  # waits for a second coordinator
    Column("stop_hash", String(64), nullable=False),  # SHA-256 of the stop code
    Column("tlp", String(16), nullable=False),
    Column("scope", Text, nullable=False),
    Column("admitted", JSON, nullable=True),  # ids of people, from the release on
    Column("last_number", Integer, nullable=False),
    Column("particulars_item", ForeignKey("items.id"), nullable=False),  # subject, references, permit, restrictions
    Column("fact_public_at", UTCDateTime, nullable=True),  # since when a fact is confirmed; facts only ever grow
    Column("fact_exploit_at", UTCDateTime, nullable=True),
    Column("fact_attacks_at", UTCDateTime, nullable=True),
    Column("public_post_at", UTCDateTime, nullable=True),  # when a coordinator told where the public notice stands
    Column("closed_at", UTCDateTime, nullable=True),
    Column("destroyed_at", UTCDateTime, nullable=True),  # when its content was destroyed
    # Third parties' embargoes, by their names in the configuration; whether one of them is not over.
    Column("upstreams", Text, nullable=False, server_default="[]"),  # JSON
    Column("upstream_holds", Boolean, nullable=False, server_default=false()),
    Column("detailed", Text, nullable=False, server_default="[]"),  # JSON: messages.id whose details were let go
    Index(None, "stop_hash"),
)

messages = Table(
    "messages",
    metadata,
    Column("id", String(64), primary_key=True),  # ED-2026-K7QX/1, or MS-...
    Column("list_id", String(64), nullable=False),
    Column("kind", String(24), nullable=False),
    Column("disclosure_id", String(32), nullable=True, index=True),
    Column("number", Integer, nullable=True),
    Column("message_id", String(255), nullable=False),  # the Message-ID that the gateway gave
    Column("references", JSON, nullable=False),  # gateway-given ids only, oldest first
    Column("answers", String(64), nullable=True),  # messages.id
    Column("details_of", String(64), nullable=True),  # messages.id: what an upstream's embargo kept back of it
    Column("author_id", Integer, nullable=True),
    Column("mail_id", String(32), nullable=True),
    Column("audience", String(16), nullable=False),  # audience, same, coordinators, named: see records.Message
    Column("waiting", Boolean, nullable=False),  # held back with its disclosure
    Column("dated_at", UTCDateTime, nullable=False),  # the Date: that it shows
    Column("created_at", UTCDateTime, nullable=False),
    Column("payload_item", ForeignKey("items.id"), nullable=True),  # the poster's own payload
    Column("facts_item", ForeignKey("items.id"), nullable=True),  # what composing it needs: subject, withheld parts
    Index(None, "message_id"),
)

contents = Table(
    "contents",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("message_id", ForeignKey("messages.id"), nullable=False, index=True),
    Column("item", ForeignKey("items.id"), nullable=False),  # the MIME entity to be sealed for recipients
    Column("created_at", UTCDateTime, nullable=False),
)

bodies = Table(
    "bodies",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("content_id", ForeignKey("contents.id"), nullable=False, index=True),
    Column("ciphertext", LargeBinary, nullable=False),  # one OpenPGP body, sealed to its readers
)

copies = Table(
    "copies",
    metadata,
    Column("id", String(32), primary_key=True),  # CP-...
    Column("list_id", String(64), nullable=False),
    Column("message_id", ForeignKey("messages.id"), nullable=False, index=True),
    Column("disclosure_id", String(32), nullable=True, index=True),
    Column("content_id", ForeignKey("contents.id"), nullable=False),
    Column("person_id", Integer, nullable=True),  # NULL: the public address
    Column("address", String(320), nullable=False),
    Column("role", String(16), nullable=False),  # coordinator, member, public
    Column("kind", String(24), nullable=False),  # messages.kind
    Column("state", String(16), nullable=False),
    Column("reason", String(200), nullable=True),
    Column("priority", Integer, nullable=False),  # 0 leak, 1 notices, 2 content
    Column("attempts", Integer, nullable=False),
    Column("created_at", UTCDateTime, nullable=False),
    Column("next_at", UTCDateTime, nullable=True),  # when it is due (again); NULL when settled
    Column("settled_at", UTCDateTime, nullable=True),
    Column("changed_at", UTCDateTime, nullable=False),
    Column("lease_owner", String(64), nullable=True),
    Column("lease_until", UTCDateTime, nullable=True),
    Column("body_id", ForeignKey("bodies.id"), nullable=True),  # NULL: not sealed yet
    Column("packets", LargeBinary, nullable=True),  # this recipient's session-key packets
    Column("sealed_to", JSON, nullable=True),  # fingerprints, sorted
    Column("token", String(64), nullable=False, unique=True),  # of its return path
    Column("withheld", JSON, nullable=False),  # paths of the parts left out of it ("2.1"), no names
    UniqueConstraint("message_id", "address"),
    Index(None, "state", "next_at"),
)

threads = Table(
    "threads",
    metadata,
    Column("list_id", String(64), primary_key=True),
    Column("header", String(255), primary_key=True),  # a Message-ID that came in or went out
    Column("message_id", ForeignKey("messages.id"), nullable=False),
)

leaks = Table(
    "leaks",
    metadata,
    Column("id", String(32), primary_key=True),  # LK-...
    Column("list_id", String(64), nullable=False),
    Column("disclosure_id", String(32), nullable=True),
    Column("state", String(16), nullable=False),
    Column("verified", Boolean, nullable=False),
    Column("reporter", String(320), nullable=False),
    Column("person_id", Integer, nullable=True),
    Column("org", String(200), nullable=True),
    Column("by", String(16), nullable=False),
    Column("missing", JSON, nullable=False),
    Column("reported_at", UTCDateTime, nullable=False),
    Column("mail_id", String(32), nullable=False),
    Column("report_item", ForeignKey("items.id"), nullable=False),  # what, to, when, how; reason of the assessment
    Column("outcome", String(16), nullable=True),  # contained, public, dismissed
    Column("assessed_at", UTCDateTime, nullable=True),
    Column("retrospective", String(16), nullable=True),  # due, done; NULL: none
    Column("retrospective_due", UTCDateTime, nullable=True),
    Column("acked_at", UTCDateTime, nullable=True),  # from when on its alarm is not repeated
    Column("alarmed_at", UTCDateTime, nullable=True),  # NULL: in a flood, waits for the digest
    Index(None, "disclosure_id"),
)

leak_messages = Table(
    "leak_messages",
    metadata,
    Column("message_id", ForeignKey("messages.id"), primary_key=True),  # notice, alarm, acknowledgement
    Column("leak_id", ForeignKey("leaks.id"), nullable=False, index=True),
)

facts = Table(
    "facts",
    metadata,
    Column("id", String(32), primary_key=True),  # FA-...
    Column("list_id", String(64), nullable=False),
    Column("disclosure_id", String(32), nullable=False, index=True),
    Column("kind", String(16), nullable=False),  # public, exploit, attacks
    Column("state", String(16), nullable=False),  # reported, confirmed
    Column("reporter", String(320), nullable=False),
    Column("person_id", Integer, nullable=True),
    Column("reported_at", UTCDateTime, nullable=False),
    Column("confirmed_at", UTCDateTime, nullable=True),
    Column("confirmed_by", String(320), nullable=True),
    Column("report_item", ForeignKey("items.id"), nullable=False),  # where
)

acknowledgements = Table(
    "acknowledgements",
    metadata,
    Column("disclosure_id", ForeignKey("disclosures.id"), primary_key=True),
    Column("person_id", Integer, primary_key=True),
    Column("at", UTCDateTime, nullable=False),
)

duties = Table(
    "duties",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("kind", String(32), nullable=False),  # release-report, undelivered, late, digest, ...
    Column("ref", String(64), nullable=False),
    Column("list_id", String(64), nullable=False),
    Column("due_at", UTCDateTime, nullable=False),
    Column("done_at", UTCDateTime, nullable=True),
    UniqueConstraint("kind", "ref"),
    Index(None, "done_at", "due_at"),
)

alarms = Table(
    "alarms",
    metadata,
    Column("id", String(32), primary_key=True),  # AL-...
    Column("kind", String(32), nullable=False),
    Column("ref", String(64), nullable=True),
    Column("list_id", String(64), nullable=True),
    Column("at", UTCDateTime, nullable=False),
    Column("state", String(16), nullable=False),  # due, told, acked
    Column("attempts", Integer, nullable=False),
    Column("next_at", UTCDateTime, nullable=True),
    Column("told_at", UTCDateTime, nullable=True),
    Column("acked_at", UTCDateTime, nullable=True),
    Index(None, "state", "next_at"),
)

audit = Table(
    "audit",
    metadata,
    Column("seq", BigInteger, primary_key=True, autoincrement=False),
    Column("at", UTCDateTime, nullable=False),
    Column("event", String(64), nullable=False),
    Column("id", String(64), nullable=False),  # what it is about
    Column("list_id", String(64), nullable=False),
    Column("actor", String(320), nullable=False),  # an address, "operator" or "gateway"
    Column("reason", String(200), nullable=False),
    Column("detail", Text, nullable=False),  # JSON: ids, states, instants only
    Column("previous", String(64), nullable=False),
    Column("hash", String(64), nullable=False),
)

trail_head = Table(
    "trail_head",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),  # always 1
    Column("seq", BigInteger, nullable=False),
    Column("hash", String(64), nullable=False),
    Column("signature", LargeBinary, nullable=False),  # Ed25519 over seq and hash
    Column("public_key", LargeBinary, nullable=False),
    Column("key_item", ForeignKey("items.id"), nullable=False),
)

settings = Table(
    "settings",
    metadata,
    Column("name", String(64), primary_key=True),
    Column("value", Text, nullable=False),
)
