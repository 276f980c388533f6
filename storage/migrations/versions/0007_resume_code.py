"""Codes with which a conversation is taken up on another device."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "resume_code",
        sa.Column("code_hash", sa.Text(), nullable=False),
        sa.Column("conversation_id", sa.Text(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.Column("left_sender", sa.Text(), nullable=True),
        sa.Column("taken_by", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["conversation_id"],
            ["conversation.id"],
            name="fk_resume_code_conversation_id",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("code_hash", name="pk_resume_code"),
    )
    op.create_index("ix_resume_code_conversation_id", "resume_code", ["conversation_id"])
    op.create_index("ix_resume_code_left_sender", "resume_code", ["left_sender"])


def downgrade() -> None:
    op.drop_table("resume_code")
