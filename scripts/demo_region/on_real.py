"""Real layers for the demo: the files of a folder, loaded by the mapping files of ``examples/tajikistan``."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from layers.catalogue import RASTERS_BY_NAME
from layers.catalogue.admin import District, Settlement
from layers.errors import NotFound
from layers.frames.around import as_of, read_layer
from layers.loading import Options, load_file
from layers.loading.mapping import read_mapping
from layers.loading.raster_files import load_raster
from layers.postgres.engine import Connection
from scripts.demo_region.region import RealPlaces

Say = Callable[[str], None]

MAPPINGS = Path(__file__).parents[2] / "examples" / "tajikistan"
# What is loaded of a folder, in this order: districts before the settlements that are placed in them. Left out is what
# repeats another file: a second drawing of the same regions, rivers, lakes and faults, towns among the settlements; and
# the one canal line, of which nothing is known but a rough place, among canals that are made up.
WANTED = (
    "country",
    "regions",
    "districts",
    "reference_districts",
    "district_names_tg",
    "district_names_en",
    "settlements",
    "drainage",
    "lakes",
    "glaciers",
    "faults",
    "landslides",
    "earthquakes",
    "power_plants",
    "weather_stations",
    "climate_zones",
    "elevation",
)
NEEDED = ("districts", "settlements", "elevation")
UNMIXED = ("hazard_events", "energy_points")  # where real rows are loaded, the demo adds none that are made up


class RealLayers(NamedTuple):
    """What was loaded of a folder: the file of the relief, and the layers."""

    relief: Path
    layers: frozenset[str]


def fingerprint(folder: Path) -> str:
    """Return a digest of the real files of a folder, eight letters; another relief or district is another demo."""
    digest = hashlib.sha256()
    for name in WANTED:
        for file in _files(folder, name):
            digest.update(file.name.encode() + file.read_bytes())
    return digest.hexdigest()[:8]


def load_real(connection: Connection, folder: Path, say: Say = lambda _: None) -> RealLayers:
    """Load the real files of a folder that the demo is laid on, within the caller's transaction.

    Loading them again changes nothing.

    Raises
    ------
    NotFound : the folder lacks one that is needed. DataRefused : rows of another source are there under their keys.
    """
    files: dict[str, Path] = {}
    layers: set[str] = set()
    for name in WANTED:
        mapping = read_mapping(MAPPINGS / f"{name}.toml")
        found = _files(folder, name)
        if not found and name in NEEDED:
            raise NotFound(
                f"{folder.name} has no {' or '.join(mapping.files)}; the demo needs it for the {mapping.layer}."
            )
        for file in found[:1]:
            say(f"{mapping.layer}: {file.name}")
            load = load_raster if mapping.layer in RASTERS_BY_NAME else load_file
            load(connection, mapping.layer, file, Options(mapping=MAPPINGS / f"{name}.toml"))
            files[name] = file
            layers.add(mapping.layer)
    return RealLayers(files["elevation"], frozenset(layers))


def _files(folder: Path, name: str) -> list[Path]:
    """Files of a folder that a mapping is for."""
    return [folder / file for file in read_mapping(MAPPINGS / f"{name}.toml").files if (folder / file).is_file()]


def real_places(connection: Connection) -> RealPlaces:
    """Return the districts and settlements that are loaded, EPSG:32642."""
    return RealPlaces(
        read_layer(connection, District, as_of(District, None), ("code",)),
        read_layer(connection, Settlement, as_of(Settlement, None), ("code", "name_en", "name_tg", "name_ru", "kind")),
    )
