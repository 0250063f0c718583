"""What is said of a source of open data: where it is found, under which terms, which layers it fills.

One TOML file a source. Those of ``declared/`` come with the product; a file of the same name under
``OBOD_HOME/sources`` takes the place of one, or adds another: an address that has moved is corrected by whoever runs
the installation.
"""

from __future__ import annotations

import fnmatch
import string
from collections.abc import Mapping as Table
from datetime import date
from importlib import resources
from pathlib import Path
from typing import Literal, Self
from urllib.parse import urlsplit

from pydantic import Field, field_validator, model_validator

from geo.errors import SchemeError
from geo.strict_toml import StrictModel, parse_toml, read_text
from layers.catalogue import BY_NAME, RASTERS_BY_NAME
from layers.errors import DataRefused, NotFound
from layers.loading.mapping import Mapping
from layers.settings import get_settings

UNCHECKED = "to be checked at first use"
LOOPBACK = ("127.0.0.1", "localhost", "::1")
CORNER = ("ns", "ew", "lat", "lon")  # what the name of a tile may say of its corner

FoundBy = Literal["file", "tiles", "vrt", "stac", "ckan", "geoboundaries", "s3"]
Restriction = Literal["non-commercial", "no redistribution", "terms not stated"]


def is_guarded(uri: str) -> bool:
    """Tell whether nobody on the way can change what an address sends: HTTPS, or HTTP on this machine."""
    parts = urlsplit(uri)
    return bool(parts.hostname) and (parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in LOOPBACK))


class Terms(StrictModel):
    """Under which terms the data are given.

    licence : its usual short name; ``--accept`` takes it. attribution : what is to be said wherever the data are shown.
    restriction : what the data must not be used for; such data come only when the licence is accepted by name.
    """

    licence: str
    attribution: str
    restriction: Restriction | None = None

    @property
    def said(self) -> str:
        """What stands as licence with every load, and so in every list, page and export."""
        limit = "" if self.restriction is None else f" [{self.restriction.upper()}]"
        return f"{self.licence}{limit}; {self.attribution}"


class Address(StrictModel):
    """Where files are found.

    uri : with {placeholders} for ``values``, for the corner of a tile (ns, ew, lat, lon) and for the box wanted
    (west, south, east, north). found_by : file: as it stands; tiles: one file a tile; vrt: the tiles that a VRT names;
    stac, ckan, geoboundaries, s3: what an answer in that form leads to. pick : pattern that names of files found
    so must fit. clearest : of a STAC catalogue so many items a tile are taken, those under least cloud. name : under
    which the file is kept, where the address does not end in one. hosts : other hosts that an answer or a redirect may
    lead to. checksum : ``rolling`` where the file changes under its address, ``beside:URI`` of a list of sums, or
    ``md5:`` or ``sha256:`` and the sum. mb : about how large a file is, megabytes.
    """

    uri: str
    found_by: FoundBy = "file"
    checked_on: date | Literal["to be checked at first use"]
    values: dict[str, tuple[str | int, ...]] = Field(default_factory=dict)
    tile_degrees: int | None = Field(None, ge=1, le=30)
    tile_corner: Literal["south-west", "north-west"] = "south-west"
    tile_gaps: bool = Field(False, description="a tile that is not there is ground without data, not a fault")
    name: str | None = Field(None, pattern=r"^[A-Za-z0-9_][A-Za-z0-9_.-]*$", description="of the file, for queries")
    pick: str = "*"
    assets: tuple[str, ...] = Field((), description="assets of an item of a STAC catalogue")
    clearest: int | None = Field(None, ge=1, le=20)
    hosts: tuple[str, ...] = ()
    checksum: str = Field("rolling", pattern=r"^(rolling|beside:.+|md5:[0-9a-f]{32}|sha256:[0-9a-f]{64})$")
    mb: float = Field(gt=0)

    @field_validator("uri")
    @classmethod
    def _over_https(cls, uri: str) -> str:
        if not is_guarded(uri):
            raise ValueError("expected an address that begins with https://")
        return uri

    @model_validator(mode="after")
    def _placeholders(self) -> Self:
        known = {*self.values, "west", "south", "east", "north", *(CORNER if self.tile_degrees else ())}
        asked = {name for _, name, _, _ in string.Formatter().parse(self.uri) if name is not None}
        if alien := sorted(asked - known):
            raise ValueError(f"nothing says what {{{alien[0]}}} of its uri stands for")
        if (self.found_by == "tiles") != (self.tile_degrees is not None):
            raise ValueError("tile_degrees goes with found_by tiles, and is needed there")
        return self

    def fits(self, name: str) -> bool:
        """Tell whether a file found by an answer is wanted."""
        return fnmatch.fnmatchcase(name, self.pick)


class Rows(Mapping):
    """A layer of rows that the source fills: a mapping, and where its file comes from.

    address : of ``addresses``. member : file inside of an archive. margin_km : how far beyond the district rows count.
    """

    address: str
    member: str | None = None
    margin_km: float = Field(5.0, ge=0)


class Grids(StrictModel):
    """A raster layer that the source fills: each cell is the sum of factor x value over the grids, plus the offset.

    factors : address -> factor; several must have the same cells. members : files inside of an archive, in the order of
    the bands. stacked : the files of the address, in their order, are the bands of one grid. floor : less counts as it,
    where ends of intervals are subtracted. classes : value in the file -> value of the layer, ``other`` for all that
    are not named. nodata : where the file does not say it. margin_km : how far beyond the district cells count.
    """

    layer: str
    factors: dict[str, float] = Field(min_length=1)
    offset: float = 0.0
    members: tuple[str, ...] = ()
    stacked: bool = False
    floor: float | None = None
    classes: dict[str, float] = Field(default_factory=dict)
    other: float | None = None
    nodata: float | None = None
    crs: str | None = Field(None, description="of the cells, where the file does not say it")
    vertical_datum: Literal["EGM2008", "EGM96", "WGS 84 ellipsoid"] | None = None
    margin_km: float = Field(5.0, ge=0)


class Scenes(StrictModel):
    """Scenes that greenness of August is measured in. address : of the scenes; its value ``year`` says when."""

    address: str

    @property
    def layer(self) -> str:
        """The layer of what is measured; what may be told of it by groups follows from that."""
        return "august_greenness"

    @property
    def margin_km(self) -> float:
        """Only land of the place itself is measured."""
        return 0.0


class Climate(StrictModel):
    """Cells of one quantity by month of many years, from which kinds of year of districts are told.

    address : of the files; its values ``year`` and ``month`` say when, in that order, and nothing else is asked.
    field : of the layer; evaporation comes as the sum of a month and is kept by the day. nodata : where the files do
    not say it.
    """

    address: str
    field: Literal["rain_mm", "et0_mm_d"]
    unit: Literal["mm/month"]
    nodata: float | None = None

    @property
    def layer(self) -> str:
        """The layer of what is told."""
        return "climate_months"

    @property
    def margin_km(self) -> float:
        """One cell: land on the border lies in it."""
        return 6.0


Part = Rows | Grids | Scenes | Climate


def part_addresses(part: Part) -> frozenset[str]:
    """Names of the addresses a part asks for."""
    return frozenset(part.factors) if isinstance(part, Grids) else frozenset((part.address,))


class Source(StrictModel):
    """One source of open data. only_named : ``all`` does not stand for it, so large is what it brings."""

    title: str
    about: str
    version: str
    date_: date = Field(alias="date", description="of the data")
    cycle: Literal["daily", "weekly", "monthly", "yearly", "rarely"]
    terms: Terms
    reserve_of: str | None = Field(None, description="source in whose place it stands when that one fails")
    kept: str = Field("", description="why no layer takes it yet; its files are kept")
    fields_from: str | None = Field(None, description="address of outlines that fields are proposed from")
    addresses: dict[str, Address] = Field(min_length=1)
    rows: tuple[Rows, ...] = ()
    grids: tuple[Grids, ...] = ()
    scenes: tuple[Scenes, ...] = ()
    climate: tuple[Climate, ...] = ()
    only_named: bool = False

    @model_validator(mode="after")
    def _hold_together(self) -> Self:
        if not (self.parts or self.kept):
            raise ValueError("it fills no layer; say in kept why its files are fetched")
        if self.fields_from is not None and self.fields_from not in self.addresses:
            raise ValueError(f"fields_from asks for the address {self.fields_from}, which is not declared")
        for part in self.parts:
            if lacking := sorted(part_addresses(part) - self.addresses.keys()):
                raise ValueError(f"{part.layer} asks for the address {lacking[0]}, which is not declared")
            if part.layer not in (RASTERS_BY_NAME if isinstance(part, Grids) else BY_NAME):
                kind = "raster layer" if isinstance(part, Grids) else "layer of rows"
                raise ValueError(f"there is no {kind} {part.layer}")
            if isinstance(part, Rows) and (alien := sorted(part.fields.keys() - BY_NAME[part.layer].attributes())):
                raise ValueError(f"{part.layer} has no field {alien[0]}")
            if part.layer == "dem" and isinstance(part, Grids) and part.vertical_datum != "EGM2008":
                # Heights of canals and plots are compared: one datum only; domain reference 2.2.
                raise ValueError("heights must be above EGM2008; say vertical_datum")
            if isinstance(part, Scenes) and not all(isinstance(year, int) for year in self.years(part)):
                raise ValueError(f"{part.address} has no value year, or one that is no whole number")
            if isinstance(part, Climate) and tuple(self.addresses[part.address].values) != ("year", "month"):
                raise ValueError(f"{part.address} needs the values year and month, and no others")
        return self

    @property
    def parts(self) -> tuple[Part, ...]:
        """What it fills, rows before cells."""
        return (*self.rows, *self.grids, *self.scenes, *self.climate)

    def years(self, scenes: Scenes) -> tuple[int | str, ...]:
        """Years that scenes are asked for."""
        return self.addresses[scenes.address].values.get("year", ("",))

    @property
    def layers(self) -> tuple[str, ...]:
        """Names of the layers it fills, each once."""
        return tuple(dict.fromkeys(part.layer for part in self.parts))

    def hosts(self, address: Address) -> frozenset[str]:
        """Hosts that may be asked on the way to a file."""
        return frozenset((urlsplit(address.uri).hostname or "", *address.hosts))


def declared_sources(home: Path | None = None) -> Table[str, Source]:
    """Return all sources by name: those of the product, corrected and added to by those of an installation.

    Districts come before what lies in them: the order is that of the layers.

    Parameters
    ----------
    home : folder of the installation, that of the settings if not given.

    Raises
    ------
    DataRefused : a file says something that is not understood; names file and key.
    """
    texts = {
        file.name.removesuffix(".toml"): (file.read_text(encoding="utf-8"), file.name)
        for file in (resources.files("layers.sources") / "declared").iterdir()
        if file.name.endswith(".toml")
    }
    own = (home or get_settings().home) / "sources"
    for path in sorted(own.glob("*.toml")):
        texts[path.stem] = (read_text(path, otherwise=f"{path.name} cannot be read"), f"sources/{path.name}")
    found = {name: _parse(text, file) for name, (text, file) in texts.items()}
    for name, source in found.items():
        if source.reserve_of is not None and source.reserve_of not in found:
            raise DataRefused(f"{texts[name][1]}: reserve_of: there is no source {source.reserve_of}.")
    return dict(sorted(found.items(), key=lambda item: (_place(item[1]), item[0])))


def require_sources(names: list[str], found: Table[str, Source]) -> dict[str, Source]:
    """Return sources of these names; ``all`` stands for all that fill a layer, no reserve and none that wants its name.

    Raises
    ------
    NotFound : there is no source of that name.
    """
    if names == ["all"]:
        return {
            name: source
            for name, source in found.items()
            if source.layers and source.reserve_of is None and not source.only_named
        }
    if alien := [name for name in names if name not in found]:
        raise NotFound(f"There is no source {alien[0]}; the sources are all, {', '.join(sorted(found))}.")
    return {name: source for name, source in found.items() if name in names}


def _parse(text: str, file: str) -> Source:
    try:
        return parse_toml(Source, text, source=file)
    except SchemeError as error:
        raise DataRefused(f"{error}.") from None


def _place(source: Source) -> int:
    order = [*BY_NAME, *RASTERS_BY_NAME]
    return min((order.index(layer) for layer in source.layers), default=len(order))
