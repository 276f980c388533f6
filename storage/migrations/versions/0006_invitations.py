"""The other side is invited by a one-time code, of which a digest is kept."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    number = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    op.create_table(
        "invitation",
        sa.Column("case_number", sa.BigInteger(), nullable=False),
        sa.Column("issued_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.Column("issued_by", sa.Text(), nullable=False),
        sa.Column("id", number, nullable=False),
        sa.Column("taken_at", sa.BigInteger()),
        sa.Column("taken_by", sa.Text()),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_invitation"),
        sa.UniqueConstraint("digest", name="uq_invitation_digest"),
        sa.ForeignKeyConstraint(
            ["case_number"],
            ["mediation_case.number"],
            name="fk_invitation_case_number_mediation_case",
        ),
        sa.ForeignKeyConstraint(
            ["taken_by"], ["conversation.id"], name="fk_invitation_taken_by_conversation"
        ),
    )
    op.create_index("ix_invitation_case_number", "invitation", ["case_number"])
    op.create_table(
        "wrong_code",
        sa.Column("id", number, nullable=False),
        sa.Column("conversation_id", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_wrong_code"),
        sa.ForeignKeyConstraint(
            ["conversation_id"],
            ["conversation.id"],
            name="fk_wrong_code_conversation_id_conversation",
        ),
    )
    op.create_index("ix_wrong_code_at", "wrong_code", ["at"])
    op.create_index("ix_wrong_code_conversation_id_at", "wrong_code", ["conversation_id", "at"])


def downgrade() -> None:
    op.drop_table("wrong_code")
    op.drop_table("invitation")
