"""The first tables."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def only_where(condition: str) -> dict[str, Any]:
    return {"sqlite_where": sa.text(condition), "postgresql_where": sa.text(condition)}


def upgrade() -> None:
    create_cases()
    create_meetings()
    create_people_talking()
    create_work_to_come()


def downgrade() -> None:
    for table in (
        "setting",
        "task",
        "follow_up",
        "outbox",
        "inbox",
        "conversation",
        "booking_quantum",
        "booking",
        "mediator",
        "agreement",
        "case_note",
        "mediation_case",
        "case_counter",
    ):
        op.drop_table(table)


def create_cases() -> None:
    op.create_table(
        "case_counter",
        sa.Column("year", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("last", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("year", name="pk_case_counter"),
    )
    op.create_table(
        "mediation_case",
        sa.Column("number", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("dispute_type", sa.Text(), nullable=False),
        sa.Column("parties", sa.JSON(), nullable=False),
        sa.Column("summary", sa.Text(), nullable=False),
        sa.Column("opened_at", sa.BigInteger(), nullable=False),
        sa.Column("county", sa.Text(), nullable=False),
        sa.Column("township", sa.Text(), nullable=False),
        sa.Column("facts", sa.JSON(), nullable=False),
        sa.Column("flags", sa.Text(), nullable=False),
        sa.Column("stage", sa.Text(), nullable=False),
        sa.Column("held_from", sa.Text()),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("number", name="pk_mediation_case"),
    )
    op.create_table(
        "case_note",
        sa.Column("id", NUMBER, nullable=False),
        sa.Column("case_number", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("what", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["case_number"], ["mediation_case.number"], name="fk_case_note_case_number"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_case_note"),
    )
    op.create_index("ix_case_note_case_number", "case_note", ["case_number"])
    op.create_table(
        "agreement",
        sa.Column("id", NUMBER, nullable=False),
        sa.Column("case_number", sa.BigInteger(), nullable=False),
        sa.Column("effective_on", sa.Date(), nullable=False),
        sa.Column("terms", sa.Text(), nullable=False),
        sa.Column("instalments", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(
            ["case_number"], ["mediation_case.number"], name="fk_agreement_case_number"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_agreement"),
    )
    op.create_index("ix_agreement_case_number", "agreement", ["case_number"])


def create_meetings() -> None:
    op.create_table(
        "mediator",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("level", sa.Text(), nullable=False),
        sa.Column("gender", sa.Text(), nullable=False),
        sa.Column("county", sa.Text(), nullable=False),
        sa.Column("townships", sa.JSON(), nullable=False),
        sa.Column("languages", sa.JSON(), nullable=False),
        sa.Column("topics", sa.JSON(), nullable=False),
        sa.Column("phone", sa.Text(), nullable=False),
        sa.Column("hours", sa.JSON(), nullable=False),
        sa.Column("leave", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_mediator"),
    )
    op.create_table(
        "booking",
        sa.Column("id", NUMBER, nullable=False),
        sa.Column("case_number", sa.BigInteger(), nullable=False),
        sa.Column("mediator_id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("starts_at", sa.BigInteger(), nullable=False),
        sa.Column("minutes", sa.Integer(), nullable=False),
        sa.Column("place", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["case_number"], ["mediation_case.number"], name="fk_booking_case_number"
        ),
        sa.ForeignKeyConstraint(["mediator_id"], ["mediator.id"], name="fk_booking_mediator_id"),
        sa.PrimaryKeyConstraint("id", name="pk_booking"),
    )
    op.create_index("ix_booking_case_number", "booking", ["case_number"])
    op.create_index("ix_booking_starts_at", "booking", ["starts_at"])
    op.create_table(
        "booking_quantum",
        sa.Column("mediator_id", sa.Text(), nullable=False),
        sa.Column("quantum", sa.Integer(), nullable=False),
        sa.Column("booking_id", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["booking_id"], ["booking.id"], name="fk_booking_quantum_booking_id"
        ),
        sa.PrimaryKeyConstraint("mediator_id", "quantum", name="pk_booking_quantum"),
    )
    op.create_index("ix_booking_quantum_booking_id", "booking_quantum", ["booking_id"])


def create_people_talking() -> None:
    op.create_table(
        "conversation",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("sender", sa.Text(), nullable=False),
        sa.Column("state", sa.JSON(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("case_number", sa.BigInteger()),
        sa.Column("consented_at", sa.BigInteger()),
        sa.Column("is_held", sa.Boolean(), nullable=False),
        sa.Column("with_person", sa.Boolean(), nullable=False),
        sa.Column("dispute_type", sa.Text()),
        sa.ForeignKeyConstraint(
            ["case_number"], ["mediation_case.number"], name="fk_conversation_case_number"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_conversation"),
        sa.UniqueConstraint("channel", "sender", name="uq_conversation_channel_sender"),
    )
    op.create_index("ix_conversation_case_number", "conversation", ["case_number"])
    op.create_index("ix_conversation_updated_at", "conversation", ["updated_at"])
    op.create_table(
        "inbox",
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("message_id", sa.Text(), nullable=False),
        sa.Column("conversation_id", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("text", sa.Text()),
        sa.Column("choice", sa.Text()),
        sa.Column("intent", sa.Text()),
        sa.Column("dispute_type", sa.Text()),
        sa.Column("confidence", sa.Float()),
        sa.Column("flags", sa.Text(), nullable=False),
        sa.Column("model", sa.Text()),
        sa.Column("after_word", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["conversation_id"], ["conversation.id"], name="fk_inbox_conversation_id"
        ),
        sa.PrimaryKeyConstraint("channel", "message_id", name="pk_inbox"),
    )
    op.create_index(
        "ix_inbox_conversation_id_after_word", "inbox", ["conversation_id", "after_word"]
    )
    op.create_index("ix_inbox_flagged", "inbox", ["conversation_id"], **only_where("flags <> ''"))
    op.create_table(
        "outbox",
        sa.Column("conversation_id", sa.Text(), nullable=False),
        sa.Column("template", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("choices", sa.JSON(), nullable=False),
        sa.Column("asks", sa.JSON()),
        sa.Column("case_number", sa.BigInteger()),
        sa.Column("key", sa.Text()),
        sa.Column("unasked", sa.Boolean(), nullable=False),
        sa.Column("id", NUMBER, nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("not_before", sa.BigInteger()),
        sa.ForeignKeyConstraint(
            ["case_number"], ["mediation_case.number"], name="fk_outbox_case_number"
        ),
        sa.ForeignKeyConstraint(
            ["conversation_id"], ["conversation.id"], name="fk_outbox_conversation_id"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_outbox"),
        sa.UniqueConstraint("key", name="uq_outbox_key"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_outbox_conversation_id_id", "outbox", ["conversation_id", "id"])
    op.create_index(
        "ix_outbox_not_sent",
        "outbox",
        ["conversation_id", "id", "state"],
        **only_where("state <> 'sent'"),
    )


def create_work_to_come() -> None:
    op.create_table(
        "follow_up",
        sa.Column("case_number", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("recipient", sa.Text(), nullable=False),
        sa.Column("due_at", sa.BigInteger(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("details", sa.JSON(), nullable=False),
        sa.Column("booking_id", sa.BigInteger()),
        sa.Column("id", NUMBER, nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("lease_until", sa.BigInteger()),
        sa.Column("settled_at", sa.BigInteger()),
        sa.ForeignKeyConstraint(["booking_id"], ["booking.id"], name="fk_follow_up_booking_id"),
        sa.ForeignKeyConstraint(
            ["case_number"], ["mediation_case.number"], name="fk_follow_up_case_number"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_follow_up"),
        sa.UniqueConstraint("key", name="uq_follow_up_key"),
    )
    op.create_index("ix_follow_up_booking_id", "follow_up", ["booking_id"])
    op.create_index("ix_follow_up_case_number", "follow_up", ["case_number"])
    op.create_index(
        "ix_follow_up_open",
        "follow_up",
        ["due_at"],
        **only_where("state IN ('pending', 'claimed')"),
    )
    op.create_table(
        "task",
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("opened_at", sa.BigInteger(), nullable=False),
        sa.Column("due_at", sa.BigInteger(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("conversation_id", sa.Text()),
        sa.Column("case_number", sa.BigInteger()),
        sa.Column("details", sa.JSON(), nullable=False),
        sa.Column("id", NUMBER, nullable=False),
        sa.Column("done_at", sa.BigInteger()),
        sa.ForeignKeyConstraint(
            ["case_number"], ["mediation_case.number"], name="fk_task_case_number"
        ),
        sa.ForeignKeyConstraint(
            ["conversation_id"], ["conversation.id"], name="fk_task_conversation_id"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_task"),
    )
    op.create_index(
        "uq_task_open_key", "task", ["key"], unique=True, **only_where("done_at IS NULL")
    )
    op.create_table(
        "setting",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_setting"),
    )
