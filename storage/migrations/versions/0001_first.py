"""The first schema.

Revision 0001.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from storage.columns import UTCDateTime

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "alarms",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("ref", sa.String(length=64), nullable=True),
        sa.Column("list_id", sa.String(length=64), nullable=True),
        sa.Column("at", UTCDateTime(), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("next_at", UTCDateTime(), nullable=True),
        sa.Column("told_at", UTCDateTime(), nullable=True),
        sa.Column("acked_at", UTCDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_alarms")),
    )
    op.create_index(op.f("ix_alarms_state_next_at"), "alarms", ["state", "next_at"], unique=False)
    op.create_table(
        "audit",
        sa.Column("seq", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("at", UTCDateTime(), nullable=False),
        sa.Column("event", sa.String(length=64), nullable=False),
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("list_id", sa.String(length=64), nullable=False),
        sa.Column("actor", sa.String(length=320), nullable=False),
        sa.Column("reason", sa.String(length=200), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.Column("previous", sa.String(length=64), nullable=False),
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_audit")),
    )
    op.create_table(
        "duties",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("ref", sa.String(length=64), nullable=False),
        sa.Column("list_id", sa.String(length=64), nullable=False),
        sa.Column("due_at", UTCDateTime(), nullable=False),
        sa.Column("done_at", UTCDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_duties")),
        sa.UniqueConstraint("kind", "ref", name=op.f("uq_duties_kind_ref")),
    )
    op.create_index(op.f("ix_duties_done_at_due_at"), "duties", ["done_at", "due_at"], unique=False)
    op.create_table(
        "items",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("wrapped_key", sa.LargeBinary(), nullable=True),
        sa.Column("body", sa.LargeBinary(), nullable=True),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("created_at", UTCDateTime(), nullable=False),
        sa.Column("destroyed_at", UTCDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_items")),
    )
    op.create_table(
        "people",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("list_id", sa.String(length=64), nullable=False),
        sa.Column("role", sa.String(length=16), nullable=False),
        sa.Column("address", sa.String(length=320), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("standing", sa.String(length=16), nullable=False),
        sa.Column("groups", sa.JSON(), nullable=False),
        sa.Column("policy_hash", sa.String(length=64), nullable=True),
        sa.Column("accepted_at", UTCDateTime(), nullable=True),
        sa.Column("added_at", UTCDateTime(), nullable=False),
        sa.Column("changed_at", UTCDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_people")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_people_list_id_address"), "people", ["list_id", "address"], unique=False)
    op.create_table(
        "roster_versions",
        sa.Column("list_id", sa.String(length=64), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("list_id", name=op.f("pk_roster_versions")),
    )
    op.create_table(
        "settings",
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_settings")),
    )
    op.create_table(
        "signatures",
        sa.Column("list_id", sa.String(length=64), nullable=False),
        sa.Column("signature_id", sa.String(length=128), nullable=False),
        sa.Column("mail_id", sa.String(length=32), nullable=False),
        sa.Column("seen_at", UTCDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("list_id", "signature_id", name=op.f("pk_signatures")),
    )
    op.create_table(
        "disclosures",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("list_id", sa.String(length=64), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("posted_by", sa.Integer(), nullable=False),
        sa.Column("poster_address", sa.String(length=320), nullable=False),
        sa.Column("poster_name", sa.String(length=200), nullable=False),
        sa.Column("posted_at", UTCDateTime(), nullable=False),
        sa.Column("hold_until", UTCDateTime(), nullable=False),
        sa.Column("embargo_until", UTCDateTime(), nullable=False),
        sa.Column("released_at", UTCDateTime(), nullable=True),
        sa.Column("ended_at", UTCDateTime(), nullable=True),
        sa.Column("cause", sa.String(length=16), nullable=True),
        sa.Column("stopped", sa.Boolean(), nullable=False),
        sa.Column("stop_hash", sa.String(length=64), nullable=False),
        sa.Column("tlp", sa.String(length=16), nullable=False),
        sa.Column("scope", sa.Text(), nullable=False),
        sa.Column("admitted", sa.JSON(), nullable=True),
        sa.Column("last_number", sa.Integer(), nullable=False),
        sa.Column("particulars_item", sa.String(length=64), nullable=False),
        sa.ForeignKeyConstraint(["particulars_item"], ["items.id"], name=op.f("fk_disclosures_particulars_item")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_disclosures")),
    )
    op.create_index(op.f("ix_disclosures_list_id"), "disclosures", ["list_id"], unique=False)
    op.create_index(op.f("ix_disclosures_state"), "disclosures", ["state"], unique=False)
    op.create_index(op.f("ix_disclosures_stop_hash"), "disclosures", ["stop_hash"], unique=False)
    op.create_table(
        "keys",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("list_id", sa.String(length=64), nullable=False),
        sa.Column("fingerprint", sa.String(length=64), nullable=False),
        sa.Column("public", sa.LargeBinary(), nullable=False),
        sa.Column("algorithm", sa.String(length=64), nullable=False),
        sa.Column("expires_at", UTCDateTime(), nullable=True),
        sa.Column("flaw", sa.String(length=200), nullable=True),
        sa.Column("added_at", UTCDateTime(), nullable=False),
        sa.Column("removed_at", UTCDateTime(), nullable=True),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name=op.f("fk_keys_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_keys")),
    )
    op.create_index(op.f("ix_keys_list_id_fingerprint"), "keys", ["list_id", "fingerprint"], unique=False)
    op.create_index(op.f("ix_keys_person_id"), "keys", ["person_id"], unique=False)
    op.create_table(
        "leaks",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("list_id", sa.String(length=64), nullable=False),
        sa.Column("disclosure_id", sa.String(length=32), nullable=True),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("verified", sa.Boolean(), nullable=False),
        sa.Column("reporter", sa.String(length=320), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=True),
        sa.Column("org", sa.String(length=200), nullable=True),
        sa.Column("by", sa.String(length=16), nullable=False),
        sa.Column("missing", sa.JSON(), nullable=False),
        sa.Column("reported_at", UTCDateTime(), nullable=False),
        sa.Column("mail_id", sa.String(length=32), nullable=False),
        sa.Column("report_item", sa.String(length=64), nullable=False),
        sa.ForeignKeyConstraint(["report_item"], ["items.id"], name=op.f("fk_leaks_report_item")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_leaks")),
    )
    op.create_table(
        "list_keys",
        sa.Column("list_id", sa.String(length=64), nullable=False),
        sa.Column("fingerprint", sa.String(length=64), nullable=False),
        sa.Column("public", sa.LargeBinary(), nullable=False),
        sa.Column("secret_item", sa.String(length=64), nullable=False),
        sa.Column("created_at", UTCDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["secret_item"], ["items.id"], name=op.f("fk_list_keys_secret_item")),
        sa.PrimaryKeyConstraint("list_id", name=op.f("pk_list_keys")),
    )
    op.create_table(
        "mails",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("list_id", sa.String(length=64), nullable=False),
        sa.Column("recipient", sa.String(length=320), nullable=False),
        sa.Column("envelope_from", sa.String(length=320), nullable=False),
        sa.Column("received_at", UTCDateTime(), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("times_seen", sa.Integer(), nullable=False),
        sa.Column("taken_for", sa.String(length=24), nullable=False),
        sa.Column("signer_id", sa.Integer(), nullable=True),
        sa.Column("raw_item", sa.String(length=64), nullable=True),
        sa.Column("disclosure_id", sa.String(length=32), nullable=True),
        sa.ForeignKeyConstraint(["raw_item"], ["items.id"], name=op.f("fk_mails_raw_item")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_mails")),
        sa.UniqueConstraint("list_id", "recipient", "digest", name=op.f("uq_mails_list_id_recipient_digest")),
    )
    op.create_table(
        "messages",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("list_id", sa.String(length=64), nullable=False),
        sa.Column("kind", sa.String(length=24), nullable=False),
        sa.Column("disclosure_id", sa.String(length=32), nullable=True),
        sa.Column("number", sa.Integer(), nullable=True),
        sa.Column("message_id", sa.String(length=255), nullable=False),
        sa.Column("references", sa.JSON(), nullable=False),
        sa.Column("answers", sa.String(length=64), nullable=True),
        sa.Column("author_id", sa.Integer(), nullable=True),
        sa.Column("mail_id", sa.String(length=32), nullable=True),
        sa.Column("audience", sa.String(length=16), nullable=False),
        sa.Column("waiting", sa.Boolean(), nullable=False),
        sa.Column("dated_at", UTCDateTime(), nullable=False),
        sa.Column("created_at", UTCDateTime(), nullable=False),
        sa.Column("payload_item", sa.String(length=64), nullable=True),
        sa.Column("facts_item", sa.String(length=64), nullable=True),
        sa.ForeignKeyConstraint(["facts_item"], ["items.id"], name=op.f("fk_messages_facts_item")),
        sa.ForeignKeyConstraint(["payload_item"], ["items.id"], name=op.f("fk_messages_payload_item")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_messages")),
    )
    op.create_index(op.f("ix_messages_disclosure_id"), "messages", ["disclosure_id"], unique=False)
    op.create_index(op.f("ix_messages_message_id"), "messages", ["message_id"], unique=False)
    op.create_table(
        "trail_head",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.Column("signature", sa.LargeBinary(), nullable=False),
        sa.Column("public_key", sa.LargeBinary(), nullable=False),
        sa.Column("key_item", sa.String(length=64), nullable=False),
        sa.ForeignKeyConstraint(["key_item"], ["items.id"], name=op.f("fk_trail_head_key_item")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_trail_head")),
    )
    op.create_table(
        "acknowledgements",
        sa.Column("disclosure_id", sa.String(length=32), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("at", UTCDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["disclosure_id"], ["disclosures.id"], name=op.f("fk_acknowledgements_disclosure_id")),
        sa.PrimaryKeyConstraint("disclosure_id", "person_id", name=op.f("pk_acknowledgements")),
    )
    op.create_table(
        "contents",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("message_id", sa.String(length=64), nullable=False),
        sa.Column("item", sa.String(length=64), nullable=False),
        sa.Column("created_at", UTCDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["item"], ["items.id"], name=op.f("fk_contents_item")),
        sa.ForeignKeyConstraint(["message_id"], ["messages.id"], name=op.f("fk_contents_message_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_contents")),
    )
    op.create_index(op.f("ix_contents_message_id"), "contents", ["message_id"], unique=False)
    op.create_table(
        "leak_messages",
        sa.Column("message_id", sa.String(length=64), nullable=False),
        sa.Column("leak_id", sa.String(length=32), nullable=False),
        sa.ForeignKeyConstraint(["leak_id"], ["leaks.id"], name=op.f("fk_leak_messages_leak_id")),
        sa.ForeignKeyConstraint(["message_id"], ["messages.id"], name=op.f("fk_leak_messages_message_id")),
        sa.PrimaryKeyConstraint("message_id", name=op.f("pk_leak_messages")),
    )
    op.create_index(op.f("ix_leak_messages_leak_id"), "leak_messages", ["leak_id"], unique=False)
    op.create_table(
        "quarantine",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("mail_id", sa.String(length=32), nullable=False),
        sa.Column("list_id", sa.String(length=64), nullable=False),
        sa.Column("received_at", UTCDateTime(), nullable=False),
        sa.Column("envelope_from", sa.String(length=320), nullable=False),
        sa.Column("reason", sa.String(length=32), nullable=False),
        sa.Column("reasons", sa.JSON(), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("known", sa.Boolean(), nullable=False),
        sa.Column("told_at", UTCDateTime(), nullable=True),
        sa.Column("decided_at", UTCDateTime(), nullable=True),
        sa.Column("disclosure_id", sa.String(length=32), nullable=True),
        sa.ForeignKeyConstraint(["mail_id"], ["mails.id"], name=op.f("fk_quarantine_mail_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_quarantine")),
    )
    op.create_index(op.f("ix_quarantine_state_list_id"), "quarantine", ["state", "list_id"], unique=False)
    op.create_table(
        "threads",
        sa.Column("list_id", sa.String(length=64), nullable=False),
        sa.Column("header", sa.String(length=255), nullable=False),
        sa.Column("message_id", sa.String(length=64), nullable=False),
        sa.ForeignKeyConstraint(["message_id"], ["messages.id"], name=op.f("fk_threads_message_id")),
        sa.PrimaryKeyConstraint("list_id", "header", name=op.f("pk_threads")),
    )
    op.create_table(
        "bodies",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("content_id", sa.String(length=32), nullable=False),
        sa.Column("ciphertext", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["content_id"], ["contents.id"], name=op.f("fk_bodies_content_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_bodies")),
    )
    op.create_index(op.f("ix_bodies_content_id"), "bodies", ["content_id"], unique=False)
    op.create_table(
        "copies",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("list_id", sa.String(length=64), nullable=False),
        sa.Column("message_id", sa.String(length=64), nullable=False),
        sa.Column("disclosure_id", sa.String(length=32), nullable=True),
        sa.Column("content_id", sa.String(length=32), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=True),
        sa.Column("address", sa.String(length=320), nullable=False),
        sa.Column("role", sa.String(length=16), nullable=False),
        sa.Column("kind", sa.String(length=24), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("reason", sa.String(length=200), nullable=True),
        sa.Column("priority", sa.Integer(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("created_at", UTCDateTime(), nullable=False),
        sa.Column("next_at", UTCDateTime(), nullable=True),
        sa.Column("settled_at", UTCDateTime(), nullable=True),
        sa.Column("changed_at", UTCDateTime(), nullable=False),
        sa.Column("lease_owner", sa.String(length=64), nullable=True),
        sa.Column("lease_until", UTCDateTime(), nullable=True),
        sa.Column("body_id", sa.String(length=32), nullable=True),
        sa.Column("packets", sa.LargeBinary(), nullable=True),
        sa.Column("sealed_to", sa.JSON(), nullable=True),
        sa.Column("token", sa.String(length=64), nullable=False),
        sa.Column("withheld", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(["body_id"], ["bodies.id"], name=op.f("fk_copies_body_id")),
        sa.ForeignKeyConstraint(["content_id"], ["contents.id"], name=op.f("fk_copies_content_id")),
        sa.ForeignKeyConstraint(["message_id"], ["messages.id"], name=op.f("fk_copies_message_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_copies")),
        sa.UniqueConstraint("message_id", "address", name=op.f("uq_copies_message_id_address")),
        sa.UniqueConstraint("token", name=op.f("uq_copies_token")),
    )
    op.create_index(op.f("ix_copies_disclosure_id"), "copies", ["disclosure_id"], unique=False)
    op.create_index(op.f("ix_copies_message_id"), "copies", ["message_id"], unique=False)
    op.create_index(op.f("ix_copies_state_next_at"), "copies", ["state", "next_at"], unique=False)


def downgrade() -> None:
    op.drop_index(op.f("ix_copies_state_next_at"), table_name="copies")
    op.drop_index(op.f("ix_copies_message_id"), table_name="copies")
    op.drop_index(op.f("ix_copies_disclosure_id"), table_name="copies")
    op.drop_table("copies")
    op.drop_index(op.f("ix_bodies_content_id"), table_name="bodies")
    op.drop_table("bodies")
    op.drop_table("threads")
    op.drop_index(op.f("ix_quarantine_state_list_id"), table_name="quarantine")
    op.drop_table("quarantine")
    op.drop_index(op.f("ix_leak_messages_leak_id"), table_name="leak_messages")
    op.drop_table("leak_messages")
    op.drop_index(op.f("ix_contents_message_id"), table_name="contents")
    op.drop_table("contents")
    op.drop_table("acknowledgements")
    op.drop_table("trail_head")
    op.drop_index(op.f("ix_messages_message_id"), table_name="messages")
    op.drop_index(op.f("ix_messages_disclosure_id"), table_name="messages")
    op.drop_table("messages")
    op.drop_table("mails")
    op.drop_table("list_keys")
    op.drop_table("leaks")
    op.drop_index(op.f("ix_keys_person_id"), table_name="keys")
    op.drop_index(op.f("ix_keys_list_id_fingerprint"), table_name="keys")
    op.drop_table("keys")
    op.drop_index(op.f("ix_disclosures_stop_hash"), table_name="disclosures")
    op.drop_index(op.f("ix_disclosures_state"), table_name="disclosures")
    op.drop_index(op.f("ix_disclosures_list_id"), table_name="disclosures")
    op.drop_table("disclosures")
    op.drop_table("signatures")
    op.drop_table("settings")
    op.drop_table("roster_versions")
    op.drop_index(op.f("ix_people_list_id_address"), table_name="people")
    op.drop_table("people")
    op.drop_table("items")
    op.drop_index(op.f("ix_duties_done_at_due_at"), table_name="duties")
    op.drop_table("duties")
    op.drop_table("audit")
    op.drop_index(op.f("ix_alarms_state_next_at"), table_name="alarms")
    op.drop_table("alarms")
