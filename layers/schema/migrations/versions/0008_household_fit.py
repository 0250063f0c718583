"""Fit of kinds of household beside a run, and what it and the priority for support are read from."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    """Create them; columns of fit criteria follow from their declarations."""
    op.add_column(
        "command_areas",
        sa.Column("heavy_turns_pct", sa.Double(), comment="Turns at night or with heavy gate work [%]"),
    )
    op.add_column("jamoats", sa.Column("households", sa.Integer(), comment="Households, programme statistics"))
    op.add_column(
        "jamoats",
        sa.Column("households_led_by_women", sa.Integer(), comment="Households headed by women, programme statistics"),
    )
    op.create_table(
        "fit_profiles",
        sa.Column("run_id", sa.Integer(), sa.ForeignKey("scoring_runs.run_id", ondelete="CASCADE"), primary_key=True),
        sa.Column("profile", sa.String(), primary_key=True, comment="Name of the household profile"),
        sa.Column("title", sa.String(), nullable=False, comment="Kind of household"),
        sa.Column("profile_text", sa.String(), nullable=False, comment="The profile file, whole"),
        sa.Column("profile_sha256", sa.String(), nullable=False),
        sa.Column(
            "not_assessed",
            JSONB(),
            nullable=False,
            server_default=sa.text("'{}'"),
            comment="district -> criterion -> why",
        ),
        sa.Column("code_version", sa.String(), nullable=False),
        sa.Column("computed_at", sa.DateTime(timezone=True), nullable=False, server_default=sa.text("now()")),
        sa.Column("plots", sa.Integer(), nullable=False),
    )
    op.create_table(
        "household_fit",
        sa.Column("run_id", sa.Integer(), primary_key=True, comment="Scoring run the fit stands beside"),
        sa.Column("profile", sa.String(), primary_key=True, comment="Household profile"),
        sa.Column("plot_no", sa.BigInteger(), primary_key=True, comment="Plot"),
        sa.Column(
            "light", sa.String(), nullable=False, comment="green, amber or red = support needed first, or unknown"
        ),
        *(
            sa.Column(
                f"{group}_{end}",
                sa.REAL(),
                nullable=False,
                comment=f"{word} membership of {group} the unknown values allow",
            )
            for group in ("labour", "tenure")
            for end, word in (("low", "Lowest"), ("high", "Highest"))
        ),
        sa.Column("area_alone_ha", sa.REAL(), comment="Area of the reference crop the household can run alone [ha]"),
        sa.Column(
            "actions", sa.ARRAY(sa.String()), nullable=False, comment="Steps that would help, the most pressing first"
        ),
        sa.ForeignKeyConstraint(
            ["run_id", "profile"], ["fit_profiles.run_id", "fit_profiles.profile"], ondelete="CASCADE"
        ),
        comment="Fit of a kind of household on plots, for staff only",
    )


def downgrade() -> None:
    """Drop them with all they hold."""
    op.drop_table("household_fit")
    op.drop_table("fit_profiles")
    op.drop_column("jamoats", "households_led_by_women")
    op.drop_column("jamoats", "households")
    op.drop_column("command_areas", "heavy_turns_pct")
