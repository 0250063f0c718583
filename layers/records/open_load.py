"""The record of a load: opened before its first row, closed with its figures or taken back without a trace."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date

from sqlalchemy import Connection, NestedTransaction, func, insert, literal, or_, select, update

from layers.catalogue import BY_NAME
from layers.errors import DataRefused
from layers.records.audit import Act, note
from layers.records.load_report import LoadReport
from layers.records.loads import Load

MODES = ("add", "update", "replace")
LOADS_LOCK = 0x10AD  # advisory lock: one load at a time, so that load ids become visible in their order
REPORTED = 1_000  # rejections and repairs kept with the load's record


@dataclass(frozen=True, slots=True)
class Provenance:
    """Where data come from: said of a load, or of a row in its file, and shown with the layer for ever."""

    source: str | None = None
    licence: str | None = None
    source_date: date | None = None
    synthetic: bool = False
    sha256: str | None = None

    def as_tags(self) -> dict[str, str]:
        """Return it as the tags of a raster file."""
        day = "" if self.source_date is None else self.source_date.isoformat()
        said = {"source": self.source or "", "licence": self.licence or "", "date": day}
        return {**said, "synthetic": str(self.synthetic).lower()}


def provenance_of(connection: Connection, load_ids: Iterable[int]) -> dict[int, Provenance]:
    """Return what loads say of where their rows come from."""
    wanted = (Load.load_id, Load.source, Load.licence, Load.source_date, Load.synthetic)
    rows = connection.execute(select(*wanted).where(Load.load_id.in_(sorted(set(load_ids)))))
    return {row.load_id: Provenance(row.source, row.licence, row.source_date, row.synthetic) for row in rows}


@dataclass(frozen=True, slots=True)
class OpenLoad:
    """A load under way within the caller's transaction, behind a savepoint of its own.

    parts : where rows of one file come from several sources, the load that brings those of each.
    """

    connection: Connection
    load_id: int
    savepoint: NestedTransaction
    parts: dict[Provenance, int] = field(default_factory=dict)

    def part_for(self, provenance: Provenance) -> int:
        """Return the load that brings rows of this provenance: for the first that is asked for, this one itself."""
        if provenance not in self.parts:
            said = {
                "source": provenance.source,
                "licence": provenance.licence,
                "source_date": provenance.source_date,
                "synthetic": provenance.synthetic,
            }
            if not self.parts:
                self.connection.execute(update(Load).where(Load.load_id == self.load_id).values(said))
                self.parts[provenance] = self.load_id
            else:
                own = select(
                    *(Load.layer, Load.kind, Load.file_name, Load.sha256, Load.mode, literal(self.load_id)),
                    *(literal(value, Load.__table__.c[name].type) for name, value in said.items()),
                ).where(Load.load_id == self.load_id)
                names = ["layer", "kind", "file_name", "sha256", "mode", "part_of", *said]
                made = insert(Load).from_select(names, own).returning(Load.load_id)
                self.parts[provenance] = self.connection.execute(made).scalar_one()
        return self.parts[provenance]

    @property
    def load_ids(self) -> list[int]:
        """The numbers of this load and of its parts."""
        return sorted({self.load_id, *self.parts.values()})

    def close(self, report: LoadReport) -> LoadReport:
        """Record the figures of ``report``, or take everything back where nothing changed."""
        if report.added + report.changed + report.ended == 0:
            self.savepoint.rollback()
            return report
        report.load_id = self.load_id
        self.connection.execute(
            update(Load)
            .where(Load.load_id == self.load_id)
            .values(
                added=report.added,
                changed=report.changed,
                ended=report.ended,
                rejected=report.rejected,
                report=report.to_json(listed=REPORTED),
            )
        )
        self._enter(report)
        self.savepoint.commit()
        return report

    def _enter(self, report: LoadReport) -> None:
        """Enter it in the audit log, with the districts of the rows it brought or ended where rows have one."""
        layer = BY_NAME.get(report.layer)
        districts = None
        if layer is not None and "district" in layer.attributes():
            rows = layer.__table__.c
            came = rows.load_id.in_(self.load_ids)
            touched = select(rows.district).where(or_(came, rows.ended_by == self.load_id))
            districts = sorted(filter(None, self.connection.execute(touched.distinct()).scalars()))
        note(
            self.connection,
            Act.UNDO if report.kind == "undo" else Act.LOAD,
            layer=report.layer,
            number=self.load_id,
            districts=districts,
            rows=report.added + report.changed + report.ended,
        )

    def abandon(self) -> None:
        """Take everything back."""
        if self.savepoint.is_active:
            self.savepoint.rollback()


def open_load(
    connection: Connection, report: LoadReport, provenance: Provenance, *, undoes: int | None = None
) -> OpenLoad:
    """Wait until no other load is under way, and begin one.

    Raises
    ------
    DataRefused : the report names no known mode.
    """
    if report.mode not in MODES:
        raise DataRefused(f"There is no mode {report.mode}; use add, update or replace.")
    savepoint = connection.begin_nested()
    connection.execute(select(func.pg_advisory_xact_lock(LOADS_LOCK)))
    load_id: int = connection.execute(
        insert(Load)
        .values(
            layer=report.layer,
            kind=report.kind,
            undoes=undoes,
            file_name=report.file_name,
            sha256=provenance.sha256,
            mode=report.mode,
            source=provenance.source,
            licence=provenance.licence,
            source_date=provenance.source_date,
            synthetic=provenance.synthetic,
        )
        .returning(Load.load_id)
    ).scalar_one()
    return OpenLoad(connection, load_id, savepoint)
