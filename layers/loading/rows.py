"""Checked rows into the database: compared with what is there, ended and added, never changed in place."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from typing import Any, cast

import numpy as np
import psycopg
from numpy.typing import NDArray
from psycopg import sql
from sqlalchemy import ColumnElement, Connection, delete, func, literal, select, text, update

from layers.catalogue.base import Layer
from layers.errors import DataRefused
from layers.loading.chunks import Origins
from layers.loading.given_rows import Gathering
from layers.loading.replacement import EndingLimits, choose_ending
from layers.loading.second_source import compare_outlines, doubtful_outlines, notes_of_outlines
from layers.loading.whole_layer import look_at, meet_own
from layers.postgres.copy_columns import Values, columns_of, constant, digests, stream
from layers.postgres.pieces import Pieces
from layers.records.load_report import LoadReport, Rejection, shortened
from layers.records.open_load import Provenance, open_load
from layers.records.phrases import Listed, told

CLASH = told("the key stands in more than one row with different content; expected once")
LISTED = 10  # keys spelled out in a refusal
REBUILD_FROM = 50_000  # rows; into an empty table, building the indexes afterwards is about twice as fast from here
# Whether this user may have references taken as checked: the owner of the embedded database may, others perhaps not.
CHECKED_ONCE: ColumnElement[Any] = func.has_parameter_privilege("session_replication_role", "SET")


DIFFERS = (
    "{count} row differs from what {layer} holds under the same key ({keys}); nothing was loaded. Use --mode update to "
    "correct them."
)
DIFFER = (
    "{count} rows differ from what {layer} holds under the same key ({keys}); nothing was loaded. Use --mode update to "
    "correct them."
)


class Conflict(DataRefused):
    """Rows of the file differ from rows with the same key that are there; ``keys`` are theirs."""

    def __init__(self, layer: str, keys: Sequence[str]) -> None:
        listed = Listed(tuple(map(shortened, keys[:LISTED])), len(keys) - LISTED)
        super().__init__(told(DIFFERS if len(keys) == 1 else DIFFER, count=len(keys), layer=layer, keys=listed))
        self.keys = tuple(keys)


class Writer:
    """One load of one layer within the caller's transaction: ``write`` batches, then ``finish``.

    What is kept in memory is one key and digest per row and, where the layer is looked at as a whole, its outline.
    """

    def __init__(
        self,
        connection: Connection,
        layer: type[Layer],
        report: LoadReport,
        provenance: Provenance,
        limits: EndingLimits | None = None,
        *,
        looks: bool = False,
        strict: bool = False,
    ) -> None:
        """Open a load.

        ``limits`` : what a replacement may end; None = all that the rows written do not have. ``looks`` : at its
        end the layer is looked at as a whole. ``strict`` : what is found then refuses the load.
        """
        self.connection = connection
        self.layer = layer
        self.report = report
        self.limits = limits
        self.gathering = Gathering(layer) if looks else None
        self.strict = strict
        self.provenance = provenance
        self.load = open_load(connection, report, provenance)
        key = getattr(layer, layer.key)
        rows = connection.execute(select(key, layer.gid, layer.row_hash).where(layer.ended_by.is_(None)))
        self._current: dict[str, tuple[int, bytes]] = {name: (gid, bytes(digest)) for name, gid, digest in rows}
        self._seen: dict[str, int] = {}  # key -> how many keys came before it
        self._seen_rows: list[int] = []
        self._seen_digests: list[bytes] = []
        self._withheld: set[str] = set()
        self._clashing: set[str] = set()
        self._differing: list[str] = []
        self._indexes: list[str] | None = None
        self._checked_once: bool = connection.execute(select(CHECKED_ONCE)).scalar_one()
        self._copier = ThreadPoolExecutor(1, thread_name_prefix="copy")
        self._copying: Future[None] | None = None

    def withhold(self, keys: Sequence[str | None]) -> None:
        """Note the keys of rejected rows: what the layer holds under them is left as it is, even on replace."""
        self._withheld.update(key for key in keys if key)

    def row_of(self, key: str) -> int | None:
        """Return the number of the row of the file with a key; None where there is none that counts."""
        place = None if key in self._clashing else self._seen.get(key)
        return None if place is None else self._seen_rows[place]

    def write(
        self,
        rows: NDArray[np.int64],
        table: dict[str, Values],
        uncompared: Callable[[Sequence[str]], dict[str, Values]] = lambda _: {},
        origins: Origins | None = None,
    ) -> None:
        """Compare one batch with what is there and store what is new or, when the mode allows, different.

        Parameters
        ----------
        rows : row numbers of the file, int64 (n,), for the report.
        table : every declared column of the layer, checked. uncompared : gives the columns that are not compared of the
            rows that are stored, by their keys. origins : where each row comes from; None = where the load does.
        """
        keys: list[str] = table[self.layer.key].data.tolist()
        found = digests(table, [columns_of(self.layer)[name] for name in table])
        fresh, ended = self._compare(rows.tolist(), keys, found)
        self._end(ended)
        self.report.changed += len(ended)
        self.report.added += len(fresh) - len(ended)
        if fresh:
            if len(fresh) < len(keys):
                chosen = np.asarray(fresh)
                origins = None if origins is None else origins.take(chosen)
                table = {name: column.take(chosen) for name, column in table.items()}
                keys = [keys[position] for position in fresh]
                found = [found[position] for position in fresh]
            values = {**table, **uncompared(keys)}
            values["load_id"] = self._loads_of(origins, len(fresh))
            values["row_hash"] = Values.known(Pieces.of(found))
            self._copy(values)

    def finish(self, check: Callable[[], None] = lambda: None) -> LoadReport:
        """Settle repeated keys, end what the file no longer has (replace), and record the load.

        ``check`` : called when all rows stand as they will, where any differs from before; what it raises takes
        the load back.

        Raises
        ------
        Conflict : existing keys differ and the mode is add; nothing of the load is kept.
        DataRefused : something is found in the layer as a whole, and that is to refuse the load.
        """
        self._settle()
        differing = [key for key in self._differing if key not in self._clashing]
        if differing:
            self.load.abandon()
            raise Conflict(self.layer.__tablename__, sorted(differing))
        self._withdraw()
        if self.report.mode == "replace":
            kept = self._seen.keys() | self._withheld
            gone = [gid for key, (gid, _) in self._current.items() if key not in kept]
            if self.limits is not None:
                gone = self._limited(gone, self.limits)
            self._end(gone)
            self.report.ended += len(gone)
        # The server makes indexes on another core meanwhile.
        self._copying = self._copier.submit(self._rebuild_indexes)
        given = None if self.gathering is None else self.gathering.all_but(self._clashing)
        own = meet_own(self.layer, given)
        self._settle()
        self._copier.shutdown()
        if self.report.added or self.report.changed or self.report.ended:
            check()
        compared = compare_outlines(self.connection, self.layer, given)
        of_rows = look_at(self.connection, self.layer, given, own, self.load.load_id)
        self.report.findings = [*of_rows, *doubtful_outlines(compared)]
        self.report.notes += notes_of_outlines(compared)
        if self.strict and self.report.findings:
            found = Listed(tuple(finding.said for finding in self.report.findings), between=" ")
            raise DataRefused(told("{found} Nothing was changed, since --strict refuses that.", found=found))
        return self.load.close(self.report)

    def _loads_of(self, origins: Origins | None, count: int) -> Values:
        """The load that brings each row."""
        if origins is None:
            return constant(self.load.load_id, count, np.int64)
        self._settle()  # a load may have to be entered
        loads = np.zeros(len(origins.known), dtype=np.int64)
        for code in np.unique(origins.codes):
            loads[code] = self.load.part_for(origins.known[code])
        return Values.known(loads[origins.codes])

    def _limited(self, gone: list[int], limits: EndingLimits) -> list[int]:
        """Rows that may end. A file without a good row is about nothing: it ends nothing."""
        if not self._seen:
            self.report.notes.append(told("No row of the file can be loaded, so nothing was replaced."))
            return []
        seen = [key for key in self._seen if key not in self._clashing]
        chosen, self.report.ended_in = choose_ending(
            self.connection, self.layer, gone, len(self._current), seen, limits
        )
        return chosen

    def abandon(self) -> None:
        """Take everything back."""
        if self._copying is not None:
            wait([self._copying])
        self._copier.shutdown()
        self.load.abandon()

    def _compare(self, rows: list[int], keys: list[str], found: list[bytes]) -> tuple[Sequence[int], list[int]]:
        """Positions of the rows to store, and numbers (gid) of the rows they end."""
        places = dict(zip(keys, range(len(self._seen), len(self._seen) + len(keys)), strict=True))
        known = self._seen.keys(), self._current.keys()
        if len(places) == len(keys) and all(before.isdisjoint(places) for before in known):
            self._note(places, rows, found)
            return range(len(keys)), []
        fresh: list[int] = []
        ended: list[int] = []
        for position, (key, digest) in enumerate(zip(keys, found, strict=True)):
            if key in self._seen:
                self._repeat(key, rows[position], digest)
                continue
            self._note({key: len(self._seen)}, [rows[position]], [digest])
            current = self._current.get(key)
            if current is None:
                fresh.append(position)
            elif current[1] == digest:
                self.report.unchanged += 1
            elif self.report.mode == "add":
                self._differing.append(key)
            else:
                fresh.append(position)
                ended.append(current[0])
        return fresh, ended

    def _note(self, places: dict[str, int], rows: list[int], digests: list[bytes]) -> None:
        self._seen |= places
        self._seen_rows += rows
        self._seen_digests += digests

    def _repeat(self, key: str, row: int, digest: bytes) -> None:
        before = self._seen[key]
        if self._seen_digests[before] == digest and key not in self._clashing:
            self.report.repeated += 1
            return
        if key not in self._clashing:
            self._clashing.add(key)
            self.report.rejections.append(Rejection(self._seen_rows[before], key, self.layer.key, key, CLASH))
        self.report.rejections.append(Rejection(row, key, self.layer.key, key, CLASH))

    def _withdraw(self) -> None:
        """Take back the first rows of keys that turned out to stand for more than one thing."""
        if not self._clashing:
            return
        key = getattr(self.layer, self.layer.key)
        clashing = key == func.any(literal(sorted(self._clashing)))
        taken = self.connection.execute(
            delete(self.layer).where(self.layer.load_id.in_(self.load.load_ids), clashing)
        ).rowcount
        back = update(self.layer).where(self.layer.ended_by == self.load.load_id, clashing).values(ended_by=None)
        restored = self.connection.execute(back).rowcount
        self.report.changed -= restored
        self.report.added -= taken - restored
        self.report.unchanged -= sum(
            1
            for name in self._clashing
            if name in self._current and self._current[name][1] == self._seen_digests[self._seen[name]]
        )

    def _end(self, gids: list[int]) -> None:
        if gids:
            self._settle()
            self.connection.execute(
                text(
                    f"UPDATE {self.layer.__tablename__} SET ended_by = :load "  # noqa: S608 - a declared name
                    "WHERE gid = ANY(CAST(:gids AS bigint[]))"
                ),
                {"load": self.load.load_id, "gids": gids},
            )

    def _copy(self, values: dict[str, Values]) -> None:
        """Store rows while the caller goes on with the next batch: the server works on another core."""
        self._settle()
        columns = [columns_of(self.layer)[name] for name in values]
        if self._indexes is None:
            self._indexes = self._drop_indexes() if not self._current and len(self._seen) >= REBUILD_FROM else []
        statement = sql.SQL("COPY {} ({}) FROM STDIN (FORMAT BINARY)").format(
            sql.Identifier(self.layer.__tablename__), sql.SQL(", ").join(sql.Identifier(c.name) for c in columns)
        )
        driver = cast("psycopg.Connection[Any]", self.connection.connection.driver_connection)

        def copy_rows() -> None:
            with driver.cursor() as cursor:
                # All these rows refer to one row of loads, which this transaction has made itself. Looking it up again
                # for every row would take as long as storing them.
                if self._checked_once:
                    cursor.execute("SET LOCAL session_replication_role = replica")
                with cursor.copy(statement) as copy:
                    for chunk in stream(values, columns):
                        copy.write(chunk)
                if self._checked_once:
                    cursor.execute("SET LOCAL session_replication_role = origin")

        self._copying = self._copier.submit(copy_rows)

    def _settle(self) -> None:
        """Wait until the rows under way are stored; the connection is free for other statements then."""
        if self._copying is not None:
            copying, self._copying = self._copying, None
            copying.result()

    def _drop_indexes(self) -> list[str]:
        """Drop the indexes of a table that nobody can be reading rows from yet; return how to make them again."""
        table = self.layer.__tablename__
        if self.connection.execute(select(self.layer.gid).limit(1)).scalar() is not None:
            return []
        listed = self.connection.execute(
            text(
                "SELECT relname, conname, pg_get_indexdef(indexrelid), pg_get_constraintdef(pg_constraint.oid) "
                "FROM pg_index JOIN pg_class ON pg_class.oid = indexrelid "
                "LEFT JOIN pg_constraint ON conindid = indexrelid AND contype IN ('p', 'u') "
                "WHERE indrelid = CAST(:table AS regclass) ORDER BY indisprimary DESC, relname"
            ),
            {"table": table},
        ).all()
        again: list[str] = []
        for index, constraint, made, held in listed:
            gone = f"DROP INDEX {index}" if constraint is None else f"ALTER TABLE {table} DROP CONSTRAINT {constraint}"
            self.connection.execute(text(gone))
            again.append(made if constraint is None else f"ALTER TABLE {table} ADD CONSTRAINT {constraint} {held}")
        return again

    def _rebuild_indexes(self) -> None:
        for how in self._indexes or ():
            self.connection.execute(text(how))
        if self._indexes:
            self.connection.execute(text(f"ANALYZE {self.layer.__tablename__}"))
