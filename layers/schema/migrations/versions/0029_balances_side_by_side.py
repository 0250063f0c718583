"""Balances of several years and rules are published side by side."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0029"
down_revision = "0028"

TITLES = {
    "area_balance": "Command area, kind of year and rule",
    "reach_balance": "Canal reach, kind of year and rule",
}


def upgrade() -> None:
    """Name rows by what they are of, the year and the rule; tell months without a need from unknown ones."""
    for table, title in TITLES.items():
        op.add_column(table, sa.Column("entry", sa.String(), comment=title))
        rows = sa.table(table, *(sa.column(name) for name in ("entry", "code", "year_type", "rule")))
        op.execute(rows.update().values(entry=sa.func.concat_ws(":", rows.c.code, rows.c.year_type, rows.c.rule)))
        op.alter_column(table, "entry", nullable=False)
        op.add_column(table, sa.Column("unneeded", sa.String(), comment="Months in which nothing is needed"))
        _key(table, "entry")


def downgrade() -> None:
    """Keep the newest balance alone, named by what its rows are of."""
    op.execute("DROP SCHEMA IF EXISTS qgis CASCADE")  # its views follow from the tables and are made anew
    for table in TITLES:
        rows = sa.table(table, sa.column("balance_id"), sa.column("ended_by"))
        current = rows.c.ended_by.is_(None)
        newest = sa.select(sa.func.max(rows.c.balance_id)).where(current).scalar_subquery()
        op.execute(rows.delete().where(current, rows.c.balance_id < newest))
        _key(table, "code")
        op.drop_column(table, "entry")
        op.drop_column(table, "unneeded")


def _key(table: str, column: str) -> None:
    index = f"uq_{table}_current"
    op.drop_index(index, table)
    op.create_index(index, table, [column], unique=True, postgresql_where=sa.text("ended_by IS NULL"))
