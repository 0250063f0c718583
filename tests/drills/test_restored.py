"""A backup put back gives every table and every file of rasters as they were, whatever happened in between."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import pytest
from sqlalchemy import Engine, text

from layers.catalogue.base import PARTNER
from layers.postgres.engine import writing
from layers.schema.access import create_key, staff_key
from layers.settings import get_settings
from tests.drills.figures import Note
from tests.drills.lots import digest, replacing, write_file
from tests.drills.moments import run
from tests.worlds.valley_in_database import load_valley

SEED = int(os.environ.get("DRILL_SEED") or 20261128)
FIELDS = 600
GROWS = "audit_log"  # a restore forgets no entry and adds one
TABLES = """SELECT format('%I.%I', schemaname, tablename) FROM pg_tables
    WHERE schemaname NOT IN ('pg_catalog', 'information_schema', 'topology') ORDER BY 1"""
STYLES = "public.layer_styles"  # made anew by a restore, as by a migration, with new numbers and the time of that
OF_STYLES = "f_table_schema, f_table_name, f_geometry_column, stylename, styleqml, stylesld, useasdefault, owner"

pytestmark = pytest.mark.heavy


def tables(database: Engine) -> dict[str, str]:
    """Digest of every table of the database by its name."""
    with database.connect() as connection:
        names = [str(name) for name in connection.execute(text(TABLES)).scalars()]
    columns = {STYLES: OF_STYLES}
    return {
        name: digest(database, f"SELECT {columns.get(name, '*')} FROM {name}") for name in names if GROWS not in name
    }


def rasters() -> dict[str, str]:
    folder = get_settings().home / "rasters"
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in folder.rglob("*")
        if path.is_file()
    }


def succeed(*arguments: str) -> None:
    ended = run(arguments)
    assert ended is not None
    assert ended.code == 0, ended.said


def test_a_backup_puts_every_table_back(database: Engine, tmp_path: Path, figure: Note) -> None:
    with writing() as connection:
        load_valley(connection)
        create_key(connection, PARTNER, "drill")
        staff_key(connection, get_settings().home)
    first, second = (write_file(tmp_path, name, FIELDS) for name in ("first", "second"))
    succeed(*replacing(first, FIELDS))
    succeed("score")
    before, files = tables(database), rasters()
    assert len(before) > 40
    archive = tmp_path / "all.obod"
    succeed("backup", str(archive))
    succeed(*replacing(second, FIELDS))
    succeed("score")
    succeed("layer", "purge", "--ended-before", "2099-01-01", "--yes")
    for path in (get_settings().home / "rasters").rglob("*.tif"):
        path.write_bytes(b"spoilt")
    changed = tables(database)
    assert sum(changed.get(name) != digest_of for name, digest_of in before.items()) > 4
    succeed("restore", str(archive), "--yes")
    assert tables(database) == before
    assert rasters() == files
    succeed("score")
    with database.connect() as connection:
        rows = connection.execute(text("SELECT sum(n_live_tup) FROM pg_stat_user_tables")).scalar_one()
    figure(
        "backup, restore, every table",
        f"{len(before)} tables (about {int(rows):,} rows) and {len(files)} rasters, changed by a load, a run, a "
        "purge and damaged files, then restored: every digest as before (the audit log, which only grows, and the time "
        "at which styles for QGIS were drawn are left out); the next run went through",
        SEED,
    )
