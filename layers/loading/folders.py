"""A folder of files with their mapping files: which file goes into which layer, and which of them did so before."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

from sqlalchemy import Connection, func, select
from sqlalchemy.orm import aliased

from layers.catalogue import BY_NAME, RASTERS
from layers.errors import DataRefused, NotFound
from layers.loading.admission import candidates
from layers.loading.files import load_file
from layers.loading.joined_tables import EVERY_TABLE
from layers.loading.mapping import is_for, read_mapping
from layers.loading.opened_file import Options, Progress, silent
from layers.loading.reading import file_digest, mapping_digest
from layers.records.load_report import LoadReport
from layers.records.loads import Load

LISTED = 5  # files spelled out in a refusal
ORDER = {name: place for place, name in enumerate((*BY_NAME, *(raster.id for raster in RASTERS)))}
"""Districts come before what lies in them, for rows get the code of the district they lie in when they are loaded."""


@dataclass(frozen=True, slots=True)
class MappedFile:
    """One file of a folder and one mapping that is for it.

    name : of the file within the folder. layer : as the mapping says it, whether there is one or not.
    """

    name: str
    path: Path
    mapping: Path
    layer: str


@dataclass(frozen=True, slots=True)
class MappedFolder:
    """What of a folder is loaded, in the order it is loaded in.

    unnamed : files that could be read and that no mapping names. absent : mappings without a file.
    """

    files: tuple[MappedFile, ...]
    unnamed: tuple[str, ...]
    absent: tuple[str, ...]


def map_folder(folder: Path, mappings: Path | None = None) -> MappedFolder:
    """Return the files of a folder, folders within it included, that mapping files are for.

    Parameters
    ----------
    mappings : folder of the mapping files; None = they lie beside the files.

    Raises
    ------
    NotFound : no such folder. DataRefused : a mapping file that is not understood, or none for any file.
    """
    for place in (folder, *([] if mappings is None else [mappings])):
        if not place.is_dir():
            raise NotFound(f"There is no folder {place.name or place}.")
    known = [
        (path, read_mapping(path))
        for path in sorted((mappings or folder).rglob("*.toml"))
        if not any(part.startswith(".") for part in path.relative_to(mappings or folder).parts)
    ]
    readable = {path for raster in (False, True) for path in candidates(folder, raster=raster)}
    everything = readable | {path for path in folder.rglob("*") if path.is_file() and path.suffix != ".toml"}
    found = [
        MappedFile(str(path.relative_to(folder)), path, mapping_path, mapping.layer)
        for mapping_path, mapping in known
        for path in sorted(everything)
        if (mapping.files or path in readable) and is_for(mapping_path, mapping, path.name)
    ]
    if not found:
        where = (mappings or folder).name
        raise DataRefused(
            f"No mapping file in {where} is for a file in {folder.name}; a mapping is a .toml with a layer, the names "
            "of its files and its fields."
        )
    found.sort(key=lambda file: (ORDER.get(file.layer, len(ORDER)), file.name, file.mapping.name))
    named = {file.path for file in found}
    absent = {path.name for path, _ in known} - {file.mapping.name for file in found}
    unnamed = sorted(str(path.relative_to(folder)) for path in readable - named)
    return MappedFolder(tuple(found), tuple(unnamed), tuple(sorted(absent)))


def require_one_file_each(files: Iterable[MappedFile]) -> None:
    """Refuse to replace a layer by several files: each would end what the one before it brought.

    Raises
    ------
    DataRefused : names the layer and its files.
    """
    by_layer: dict[str, list[str]] = {}
    for file in files:
        by_layer.setdefault(file.layer, []).append(file.name)
    for layer, names in by_layer.items():
        if len(names) > 1:
            listed = ", ".join(names[:LISTED]) + (f" and {len(names) - LISTED} more" if len(names) > LISTED else "")
            raise DataRefused(
                f"{layer} would be replaced by {len(names)} files ({listed}), each of which ends what the others bring;"
                " nothing was changed. Join them to one, or say --mode update."
            )


def loaded_before(connection: Connection, file: MappedFile, mode: str = "add") -> int | None:
    """Return the load that brought this file by this mapping and was not taken back; None when there is none.

    A replacement counts only as one that nothing was loaded after: what it ended may be there again.

    Raises
    ------
    OSError : the file cannot be read.
    """
    undoing, later = aliased(Load), aliased(Load)
    since = func.coalesce(later.part_of, later.load_id) > Load.load_id
    replaced = ~select(later.load_id).where(later.layer == Load.layer, since).exists()
    found: int | None = connection.execute(
        select(Load.load_id)
        .where(
            Load.layer == file.layer,
            Load.sha256 == file_digest(file.path),
            Load.kind == "load",
            Load.report["mapping_sha256"].astext == mapping_digest(file.mapping),
            ~select(undoing.load_id).where(undoing.undoes == Load.load_id).exists(),
            *((Load.mode == mode, replaced) if mode == "replace" else ()),
        )
        .order_by(Load.load_id.desc())
        .limit(1)
    ).scalar()
    return found


def load_mapped(
    connection: Connection, file: MappedFile, options: Options, *, progress: Progress = silent
) -> LoadReport:
    """Load one file of a folder by its mapping, within the caller's transaction; all its tables where it has several.

    ``options`` : what the mapping says of source, licence and date wins over them.

    Raises
    ------
    DataRefused : the file as a whole cannot be used, or no row of it can be loaded.
    NotFound : no such layer.
    """
    mapping = read_mapping(file.mapping)
    asked = replace(
        options,
        mapping=file.mapping,
        table=mapping.table or EVERY_TABLE,
        source=mapping.source or options.source,
        licence=mapping.licence or options.licence,
        source_date=mapping.date_ or options.source_date,
        one_of_many=True,
    )
    if file.layer in {raster.id for raster in RASTERS}:
        from layers.loading.raster_files import load_raster  # whoever loads rows alone need not wait for it

        return load_raster(connection, file.layer, file.path, replace(asked, table=mapping.table))
    return load_file(connection, file.layer, file.path, asked, progress=progress)
