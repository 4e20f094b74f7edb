"""The bad day: how a leak case ends, facts that are known of a disclosure, when it was closed.

Revision 0002.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from storage.columns import UTCDateTime

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

LEAK = ("assessed_at", "retrospective_due", "acked_at", "alarmed_at")
DISCLOSURE = (
    "fact_public_at",
    "fact_exploit_at",
    "fact_attacks_at",
    "public_post_at",
    "closed_at",
    "destroyed_at",
)


def upgrade() -> None:
    op.create_table(
        "facts",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("list_id", sa.String(length=64), nullable=False),
        sa.Column("disclosure_id", sa.String(length=32), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("reporter", sa.String(length=320), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=True),
        sa.Column("reported_at", UTCDateTime(), nullable=False),
        sa.Column("confirmed_at", UTCDateTime(), nullable=True),
        sa.Column("confirmed_by", sa.String(length=320), nullable=True),
        sa.Column("report_item", sa.String(length=64), nullable=False),
        sa.ForeignKeyConstraint(["report_item"], ["items.id"], name=op.f("fk_facts_report_item")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_facts")),
    )
    op.create_index(op.f("ix_facts_disclosure_id"), "facts", ["disclosure_id"], unique=False)
    op.add_column("leaks", sa.Column("outcome", sa.String(length=16), nullable=True))
    op.add_column("leaks", sa.Column("retrospective", sa.String(length=16), nullable=True))
    for name in LEAK:
        op.add_column("leaks", sa.Column(name, UTCDateTime(), nullable=True))
    op.create_index(op.f("ix_leaks_disclosure_id"), "leaks", ["disclosure_id"], unique=False)
    for name in DISCLOSURE:
        op.add_column("disclosures", sa.Column(name, UTCDateTime(), nullable=True))
    # Every case so far had its alarm as it came, and none is told again for having been there.
    op.execute("UPDATE leaks SET alarmed_at = reported_at, acked_at = reported_at")


def downgrade() -> None:
    for name in reversed(DISCLOSURE):
        op.drop_column("disclosures", name)
    op.drop_index(op.f("ix_leaks_disclosure_id"), table_name="leaks")
    for name in (*reversed(LEAK), "retrospective", "outcome"):
        op.drop_column("leaks", name)
    op.drop_index(op.f("ix_facts_disclosure_id"), table_name="facts")
    op.drop_table("facts")
