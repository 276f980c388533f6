"""Who has a conversation in hand, messages that could not be taken, people out of reach."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

ON_CONVERSATION = (
    ("lease_holder", sa.Text()),
    ("lease_until", sa.BigInteger()),
    ("unreachable_since", sa.BigInteger()),
)


def upgrade() -> None:
    for name, kind in ON_CONVERSATION:
        op.add_column("conversation", sa.Column(name, kind))
    op.create_table(
        "dead_letter",
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("message_id", sa.Text(), nullable=False),
        sa.Column("conversation_id", sa.Text()),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("error", sa.Text(), nullable=False),
        sa.Column("message", sa.LargeBinary()),
        sa.Column(
            "id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=True,
            nullable=False,
        ),
        sa.Column("settled_at", sa.BigInteger()),
        sa.ForeignKeyConstraint(
            ["conversation_id"],
            ["conversation.id"],
            name="fk_dead_letter_conversation_id_conversation",
        ),
        sa.PrimaryKeyConstraint("id", name="pk_dead_letter"),
        sa.UniqueConstraint("channel", "message_id", name="uq_dead_letter_channel_message_id"),
    )
    op.create_index("ix_dead_letter_conversation_id", "dead_letter", ["conversation_id"])


def downgrade() -> None:
    op.drop_table("dead_letter")
    for name, _ in ON_CONVERSATION:
        op.drop_column("conversation", name)
