"""Everything Obod maps. ``LAYERS`` is the draw order, bottom to top; it is also the order of every list."""

from layers.catalogue.admin import ADMIN, ADMIN_TABLES
from layers.catalogue.balances import BALANCES
from layers.catalogue.base import Layer
from layers.catalogue.hazards import HAZARDS
from layers.catalogue.irrigation import IRRIGATION, IRRIGATION_TABLES, WATERS
from layers.catalogue.judgements import JUDGEMENTS
from layers.catalogue.land import LAND, LAND_TABLES
from layers.catalogue.rasters import RASTERS, RasterLayer
from layers.catalogue.seen import SEEN_LAYERS, SEEN_TABLES
from layers.catalogue.services import SERVICE_TABLES, SERVICES
from layers.catalogue.supply import SUPPLY, SUPPLY_TABLES

LAYERS: tuple[type[Layer], ...] = (
    *(*ADMIN, *WATERS, *LAND, *HAZARDS, *SEEN_LAYERS),
    *(*IRRIGATION, *BALANCES, *SUPPLY, *SERVICES),
)
TABLES: tuple[type[Layer], ...] = (
    *(*ADMIN_TABLES, *LAND_TABLES, *JUDGEMENTS, *SEEN_TABLES),
    *(*IRRIGATION_TABLES, *SUPPLY_TABLES, *SERVICE_TABLES),
)

BY_NAME: dict[str, type[Layer]] = {layer.__tablename__: layer for layer in (*LAYERS, *TABLES)}
RASTERS_BY_NAME: dict[str, RasterLayer] = {raster.id: raster for raster in RASTERS}

__all__ = ["BY_NAME", "LAYERS", "RASTERS", "RASTERS_BY_NAME", "TABLES", "RasterLayer"]
