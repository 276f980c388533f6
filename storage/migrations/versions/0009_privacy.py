"""Consents, one-time links to a person's own info, and locks."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "notice",
        sa.Column("version", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("version", name="pk_notice"),
    )
    op.create_table(
        "consent",
        sa.Column(
            "id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=True,
            nullable=False,
        ),
        sa.Column("conversation_id", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("notice", sa.Text(), nullable=False),
        sa.Column("given", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_consent"),
    )
    op.create_index("ix_consent_conversation_id", "consent", ["conversation_id"])
    op.create_table(
        "privacy_link",
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("conversation_id", sa.Text(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.Column("used_at", sa.BigInteger()),
        sa.PrimaryKeyConstraint("digest", name="pk_privacy_link"),
        sa.ForeignKeyConstraint(
            ["conversation_id"],
            ["conversation.id"],
            name="fk_privacy_link_conversation_id_conversation",
        ),
    )
    op.create_index("ix_privacy_link_conversation_id", "privacy_link", ["conversation_id"])
    op.add_column("conversation", sa.Column("consented_to", sa.Text()))
    op.add_column("mediation_case", sa.Column("locked_at", sa.BigInteger()))


def downgrade() -> None:
    op.drop_column("mediation_case", "locked_at")
    op.drop_column("conversation", "consented_to")
    for table in ("privacy_link", "consent", "notice"):
        op.drop_table(table)
