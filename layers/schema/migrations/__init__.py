"""Every change of the database's form, in order; ``alembic revision --autogenerate`` drafts the next one."""
