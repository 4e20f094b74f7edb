"""A disclosure may be under a third party's embargo, and a mail may carry the details of an earlier one.

Revision 0005.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("disclosures", sa.Column("upstreams", sa.Text(), server_default="[]", nullable=False))
    op.add_column("disclosures", sa.Column("upstream_holds", sa.Boolean(), server_default=sa.false(), nullable=False))
    op.add_column("disclosures", sa.Column("detailed", sa.Text(), server_default="[]", nullable=False))
    op.add_column("messages", sa.Column("details_of", sa.String(64), nullable=True))


def downgrade() -> None:
    op.drop_column("messages", "details_of")
    op.drop_column("disclosures", "detailed")
    op.drop_column("disclosures", "upstream_holds")
    op.drop_column("disclosures", "upstreams")
