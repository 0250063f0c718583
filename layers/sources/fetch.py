"""Fetching: what would come, bringing it, loading it. Each source is whole or not at all; none waits for another."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

from sqlalchemy import Connection, func, select

from layers.catalogue import BY_NAME
from layers.errors import LayersError, NotFound, SourceUnavailable
from layers.loading import LoadReport, Options, load_file
from layers.records.loads import Raster
from layers.records.open_load import Provenance
from layers.sources.area import widen
from layers.sources.client import Client, NotThere, Version
from layers.sources.climate import load_climate
from layers.sources.declaration import Climate, Grids, Rows, Scenes, Source, part_addresses
from layers.sources.greenness import load_greenness
from layers.sources.grids import load_grids
from layers.sources.listing import Box, Remote, find_files, names_by_values
from layers.sources.store import Store

MEASURED = 12  # files whose size is asked for before; of more the declared size stands
RENEWED = ("daily", "weekly", "monthly")  # cycles of sources whose data are as old as their file
KEPT_MARGIN_KM = 5.0  # of files that no layer takes yet

Names = dict[str, list[str]]  # address -> names of its files


@dataclass(frozen=True, slots=True)
class Plan:
    """What a source would bring. new_mb : about how much of it is not here yet or may have changed."""

    files: dict[str, list[Remote]]
    new_mb: float

    @property
    def count(self) -> int:
        """How many files it has."""
        return sum(map(len, self.files.values()))


@dataclass(slots=True)
class Brought:
    """Files of a source that are here now. changed : how many of them came just now."""

    names: Names = field(default_factory=dict)
    changed: int = 0
    size: int = 0
    licence: str = ""


def plan(client: Client, store: Store, name: str, source: Source, box: Box) -> Plan:
    """Return what a source would bring for a box. Raises SourceUnavailable where it does not answer."""
    files = {
        key: find_files(client, source, source.addresses[key], _reach(source, key, box)) for key in source.addresses
    }
    remotes = [(key, remote) for key, found in files.items() for remote in found]
    new_mb = 0.0
    for key, remote in remotes:
        known = store.known(name, key, remote.name)
        if known is not None and source.addresses[key].checksum != "rolling" and known.url == remote.url:
            continue
        size = None
        if len(remotes) <= MEASURED:
            try:
                size = client.measure(remote.url, source.hosts(source.addresses[key]))
            except NotThere:
                if not remote.may_lack:
                    raise
                size = 0
        if known is None or size is None or size != known.size:
            new_mb += remote.mb if size is None else size / 1e6
    return Plan(files, new_mb)


def bring(client: Client, store: Store, name: str, source: Source, box: Box) -> Brought:
    """Bring the files of a source to the store; those that did not change stay.

    Raises
    ------
    SourceUnavailable : one does not come. What has come before it is kept, and the next time goes on there.
    """
    brought = Brought()
    for key, address in source.addresses.items():
        hosts = source.hosts(address)
        for remote in find_files(client, source, address, _reach(source, key, box)):
            known = store.known(name, key, remote.name)
            if known is not None and known.url != remote.url:
                known = None
            if known is not None and remote.checksum == f"sha256:{known.sha256}":
                version = None
            else:
                target = store.place(name, key, remote.name)
                try:
                    version = client.fetch(remote.url, hosts, target, known=known, checksum=remote.checksum)
                except NotThere:
                    if not remote.may_lack:
                        raise
                    continue
            if version is not None:
                store.note(name, key, remote.name, version)
                brought.changed += known is None or version.sha256 != known.sha256
                brought.size += version.size
            brought.names.setdefault(key, []).append(remote.name)
            brought.licence = remote.licence or brought.licence
    return brought


def load(
    connection: Connection, store: Store, name: str, source: Source, names: Names, box: Box, licence: str = ""
) -> list[LoadReport]:
    """Load the files of a source into its layers, within the caller's transaction; rows of others stay as they are.

    Parameters
    ----------
    names : address -> names of its files in the store. box : what is wanted, degrees; each part adds its margin.
    licence : as an answer stated it, where it did.

    Raises
    ------
    DataRefused : a file is not what its source says; the caller takes everything back.
    """
    reports = []
    terms = source.terms if not licence else source.terms.model_copy(update={"licence": licence})
    for part in source.parts:
        if isinstance(part, Rows):
            for file in names.get(part.address, ()):
                options = Options(
                    mode="update",
                    declared=part,
                    table=part.member or part.table,
                    within=widen(box, part.margin_km),
                    source=f"{source.title}, {source.version}",
                    licence=terms.said,
                    source_date=_day(source, store.known(name, part.address, file)),
                )
                reports.append(load_file(connection, part.layer, store.place(name, part.address, file), options))
            continue
        asked = list(part.factors) if isinstance(part, Grids) else sorted(part_addresses(part))
        files = {key: [store.place(name, key, file) for file in names.get(key, ())] for key in asked}
        first = next((store.known(name, key, file) for key in asked for file in names.get(key, ())), None)
        provenance = Provenance(f"{source.title}, {source.version}", terms.said, _day(source, first))
        if isinstance(part, Scenes):
            years = [int(year) for year in source.years(part)]
            reports.extend(load_greenness(connection, files[part.address], years, box, provenance))
        elif isinstance(part, Climate):
            when = names_by_values(source.addresses[part.address])
            dated = {(int(year), int(month)): path for path in files[part.address] for year, month in when[path.name]}
            reports.extend(load_climate(connection, part, dated, widen(box, part.margin_km), provenance))
        else:
            reports.extend(load_grids(connection, part, files, widen(box, part.margin_km), provenance))
    return reports


def require_accepted(source: Source, accepted: Sequence[str]) -> None:
    """Refuse a source whose data must not be used for everything, as long as nobody accepted its licence by name.

    Raises
    ------
    SourceUnavailable : it was not accepted; says how it is.
    """
    terms = source.terms
    if terms.restriction is not None and terms.licence not in accepted:
        raise SourceUnavailable(
            f"{source.title}: {terms.restriction} ({terms.licence}). If that holds for what you do, say "
            f'--accept "{terms.licence}"; the layer is marked so in every export.'
        )


def find_reserve(
    connection: Connection, name: str, sources: Mapping[str, Source], accepted: Sequence[str]
) -> str | None:
    """Return the source that may stand in the place of one that failed: only where the layers have no row yet.

    Codes of two sources differ, so that a reserve beside rows of the first would draw every place twice.
    """
    for other, source in sources.items():
        if source.reserve_of != name or any(_has_rows(connection, layer) for layer in source.layers):
            continue
        try:
            require_accepted(source, accepted)
        except LayersError:
            continue
        return other
    return None


def require_known(names: Mapping[str, Names], sources: Mapping[str, Source]) -> None:
    """Refuse files of sources that nobody declared; raises NotFound."""
    if alien := sorted(names.keys() - sources.keys()):
        raise NotFound(f"The parcel has files of {alien[0]}, which no source of this installation declares.")
    for name, addresses in names.items():
        if alien := sorted(addresses.keys() - sources[name].addresses.keys()):
            raise NotFound(f"The parcel has files of {name}.{alien[0]}, which this installation does not declare.")


def _has_rows(connection: Connection, layer: str) -> bool:
    if layer in BY_NAME:
        table = BY_NAME[layer]
        found = select(func.count()).select_from(table).where(table.ended_by.is_(None))
    else:
        found = select(func.count()).select_from(Raster).where(Raster.layer == layer, Raster.ended_by.is_(None))
    return bool(connection.execute(found).scalar_one())


def _reach(source: Source, key: str, box: Box) -> Box:
    """The box that files of an address are wanted for: that of its part with the widest margin."""
    asking = [part for part in source.parts if key in part_addresses(part)]
    return widen(box, max((part.margin_km for part in asking), default=KEPT_MARGIN_KM))


def _day(source: Source, version: Version | None) -> date:
    """Date of the data: of what is renewed that of its file."""
    if source.cycle in RENEWED and version is not None and version.day:
        return date.fromisoformat(version.day)
    return source.date_
