"""Open data of one district in the formats they are published in, made small; every figure is typed here."""

from __future__ import annotations

import hashlib
import io
import json
import re
import zipfile
from importlib import resources
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import osmium
import pyproj
import rasterio
import shapely
from affine import Affine
from numpy.typing import NDArray
from rasterio.io import MemoryFile
from rasterio.shutil import copy as copy_raster

from tests.clients.mirror import Mirror

CODE = "TJ0401"
DISTRICT = shapely.box(70.2, 38.95, 70.5, 39.15)
NEIGHBOUR = shapely.box(72.0, 38.0, 72.2, 38.2)
IGH = "+proj=igh +lat_0=0 +lon_0=0 +datum=WGS84 +units=m +no_defs"
HEIGHT_M, STEP_M = 1_200.0, 2.0  # height at the west of the tile, rise from a cell to the next east of it
MONTHLY_MEAN = [-4.0, -2.0, 4.0, 11.0, 15.0, 19.0, 22.0, 22.0, 17.0, 11.0, 4.0, -1.0]  # degC
WATER_33, WATER_1500 = (320, 300, 280, 260), (140, 120, 130, 150)  # volume parts of a thousand, by depth
DEPTHS = ("0-5", "5-15", "15-30", "30-60")  # cm
WATER_OFF = 40  # volume parts of a thousand, of the quantiles of 5 and 95 % below and above the mean
AVAILABLE_MM_M = (5 * 180 + 10 * 180 + 15 * 150 + 30 * 110) / 60  # mean of differences by thickness: 137.5


def tiff(values: NDArray[Any], transform: Affine, crs: Any, *, driver: str = "COG", **said: Any) -> bytes:
    """A GeoTIFF of one band; said: nodata, scale, offset."""
    scale, offset = said.pop("scale", None), said.pop("offset", None)
    rows, cols = values.shape
    with MemoryFile(ext=".tif") as plain, MemoryFile(ext=".tif") as finished:
        how = {"width": cols, "height": rows, "count": 1, "dtype": values.dtype, "crs": crs, "transform": transform}
        with plain.open(driver="GTiff", **how, **said) as target:
            target.write(values, 1)
            if scale is not None:
                target.scales, target.offsets = (scale,), (offset,)
        with plain.open() as source:
            copy_raster(source, finished.name, driver=driver)
        return bytes(finished.read())


def dem_tile(west: int, south: int, *, side: int = 360) -> bytes:
    """A tile of GLO-30: compound CRS with EGM2008 heights, a plane that rises to the east; real ones have 3,600."""
    columns = (west - 70) * side + np.arange(side)
    values = np.tile(HEIGHT_M + STEP_M * 360 / side * columns, (side, 1)).astype(np.float32)
    crs = rasterio.CRS.from_wkt(pyproj.CRS("EPSG:4326+3855").to_wkt())
    cell, half = 1 / side, 0.5 / side  # cells of GLO-30 are about their points
    return tiff(values, Affine(cell, 0, west - half, 0, -cell, south + 1 + half), crs)


def extract(path: Path) -> bytes:
    """An extract of OpenStreetMap: Cyrillic, a multipolygon, a way whose node is missing, ways beyond the district."""
    node, way, relation = osmium.osm.mutable.Node, osmium.osm.mutable.Way, osmium.osm.mutable.Relation
    path.unlink(missing_ok=True)
    with osmium.SimpleWriter(str(path)) as writer:
        names = {"name": "Ҷафр", "name:tg": "Ҷафр", "name:ru": "Джафр", "name:en": "Jafr"}
        writer.add_node(node(id=1, version=1, location=(70.30, 39.05), tags={"place": "village", **names}))
        writer.add_node(node(id=2, version=1, location=(70.31, 39.06), tags={"place": "village"}))  # has no name
        writer.add_node(node(id=3, version=1, location=(73.0, 39.0), tags={"place": "town", "name": "Дур"}))
        writer.add_node(node(id=4, version=1, location=(70.32, 39.05), tags={"amenity": "clinic", "name": "Беморхона"}))
        writer.add_node(node(id=5, version=1, location=(70.33, 39.05), tags={"man_made": "pumping_station"}))
        for number, place in enumerate([(70.25, 39.0), (70.30, 39.0), (70.30, 39.05), (70.25, 39.05), (70.251, 39.001),
                                        (70.252, 39.001), (70.252, 39.002), (70.251, 39.002)], start=10):  # fmt: skip
            writer.add_node(node(id=number, version=1, location=place))
        writer.add_way(way(id=20, version=1, nodes=[10, 11, 12], tags={"highway": "secondary", "surface": "asphalt"}))
        writer.add_way(way(id=21, version=1, nodes=[12, 13], tags={"highway": "track", "surface": "gravel"}))
        writer.add_way(way(id=22, version=1, nodes=[13, 10], tags={"highway": "path", "bridge": "yes"}))
        writer.add_way(way(id=23, version=1, nodes=[10, 12, 999], tags={"waterway": "canal", "name": "Ҷӯйи калон"}))
        writer.add_way(way(id=24, version=1, nodes=[11, 13], tags={"waterway": "river", "name": "Сурхоб"}))
        writer.add_way(way(id=25, version=1, nodes=[10, 11, 12, 13, 10]))
        writer.add_way(way(id=26, version=1, nodes=[14, 15, 16, 17, 14]))
        writer.add_relation(
            relation(
                id=30,
                version=1,
                members=[("w", 25, "outer"), ("w", 26, "inner")],
                tags={"type": "multipolygon", "natural": "water", "water": "lake", "name": "Кӯл"},
            )
        )
    return path.read_bytes()


def boundaries(folder: Path) -> bytes:
    """The zip of Shapefiles of a common operational dataset."""
    common = {"valid_on": ["2024-05-01"]}
    both = gpd.GeoSeries([DISTRICT, NEIGHBOUR], crs=4326)
    levels = {
        "tjk_admin0": gpd.GeoDataFrame(
            {"iso2": ["TJ"], "adm0_name": ["Tajikistan"], "adm0_name1": ["Тоҷикистон"]},
            geometry=[both.union_all()], crs=4326,
        ),
        "tjk_admin1": gpd.GeoDataFrame(
            {"adm1_pcode": ["TJ04"], "adm1_name": ["DRS"], "adm1_name1": ["НТҶ"], **common},
            geometry=[both.union_all()], crs=4326,
        ),
        "tjk_admin2": gpd.GeoDataFrame(
            {"adm2_pcode": [CODE, "TJ0402"], "adm1_pcode": ["TJ04", "TJ04"], "adm2_name": ["Rasht", "Lakhsh"],
             "adm2_name1": ["Рашт", "Лахш"], "valid_on": ["2024-05-01"] * 2},
            geometry=both.values, crs=4326,
        ),
        "tjk_admin3": gpd.GeoDataFrame(
            {"adm3_pcode": [CODE + "01"], "adm2_pcode": [CODE], "adm3_name": ["Jafr"],
             "adm3_name1": ["Ҷафр"], **common},
            geometry=[DISTRICT], crs=4326,
        ),
    }  # fmt: skip
    folder.mkdir(parents=True, exist_ok=True)
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as parcel:
        for name, frame in levels.items():
            frame.to_file(folder / f"{name}.shp", encoding="utf-8")
            for part in sorted(folder.glob(f"{name}.*")):
                parcel.writestr(zipfile.ZipInfo(part.name), part.read_bytes())
    return packed.getvalue()


def put_everything(mirror: Mirror, home: Path, scratch: Path) -> None:
    """Answer all addresses of the sources that fill layers, and have the installation ask them here."""
    point_sources_at(mirror, home)
    mirror.put("/files/tjk_admin_boundaries.shp.zip", boundaries(scratch / "shp"))
    resources_ = [{"name": "shp", "url": f"{mirror.url}/files/tjk_admin_boundaries.shp.zip"}]
    package = {"success": True, "result": {"license_title": "CC BY-IGO", "resources": resources_}}
    mirror.put("/data.humdata.org/api/3/action/package_show?id=cod-ab-tjk", json.dumps(package))
    put_extract(mirror, scratch)
    for west in (69, 70):
        for south in (38, 39):
            mirror.put(_dem_path(west, south), dem_tile(west, south))
    _put_climate(mirror, 0.05)
    _put_soil(mirror)
    cover = np.full((300, 300), 30, dtype=np.uint8)  # grass; the west of the tile is under trees
    cover[:, :140] = 10
    for south in (36, 39):
        name = f"ESA_WorldCover_10m_2021_v200_N{south}E069_Map.tif"
        path = f"/esa-worldcover.s3.eu-central-1.amazonaws.com/v200/2021/map/{name}"
        mirror.put(path, tiff(cover, Affine(0.01, 0, 69, 0, -0.01, south + 3), "EPSG:4326", nodata=0))
    water = np.full((100, 100), 255, dtype=np.uint8)  # never looked at; real cells are 30 m
    water[:50], water[8:12, 2:4] = 0, 40  # 70.2-70.4 E, 38.8-39.2 N was water in 40 of 100 months
    path = "/storage.googleapis.com/global-surface-water/downloads2021/occurrence/occurrence_70E_40Nv1_4_2021.tif"
    mirror.put(path, tiff(water, Affine(0.1, 0, 70, 0, -0.1, 40), "EPSG:4326", driver="GTiff"))
    _put_prices(mirror)
    _put_tables(mirror, scratch)


def put_real_cells(mirror: Mirror) -> None:
    """Answer relief and climate of the district in the cells they are published in, 1" and 30"."""
    for south in (38, 39):
        mirror.put(_dem_path(70, south), dem_tile(70, south, side=3_600))
    _put_climate(mirror, 1 / 120)


def _dem_path(west: int, south: int) -> str:
    name = f"Copernicus_DSM_COG_10_N{south}_00_E{west:03d}_00_DEM"
    return f"/copernicus-dem-30m.s3.amazonaws.com/{name}/{name}.tif"


def point_sources_at(mirror: Mirror, home: Path) -> None:
    """Correct every address of an installation, as its owner would, to the same path on the mirror."""
    (home / "sources").mkdir(parents=True, exist_ok=True)
    for file in (resources.files("layers.sources") / "declared").iterdir():
        text = file.read_text(encoding="utf-8")
        (home / "sources" / file.name).write_text(
            re.sub(r'(uri = "|beside:)https://', rf"\g<1>{mirror.url}/", text), encoding="utf-8"
        )


def put_extract(mirror: Mirror, scratch: Path) -> None:
    """Answer the address of the extract, its sum beside it."""
    content = extract(scratch / "tajikistan-latest.osm.pbf")
    at = "/download.geofabrik.de/asia/tajikistan-latest.osm.pbf"
    mirror.put(at, content)
    mirror.put(f"{at}.md5", f"{hashlib.md5(content).hexdigest()}  tajikistan-latest.osm.pbf\n")


def _put_climate(mirror: Mirror, cell: float) -> None:
    """Tenths of a kelvin with scale and offset in the file, larger than any district; cell in degrees."""
    grid = Affine(cell, 0, 66.0, 0, -cell, 42.0)
    shape = (round(6 / cell), round(10 / cell))
    root = "/os.zhdk.cloud.switch.ch/chelsav2/GLOBAL/climatologies/1981-2010"
    for month, mean in enumerate(MONTHLY_MEAN, start=1):
        for name, value in (("tas", mean), ("tasmin", mean - 6.0)):
            cells = np.full(shape, round((value + 273.15) * 10), dtype=np.uint16)
            content = tiff(cells, grid, "EPSG:4326", scale=0.1, offset=-273.15)
            mirror.put(f"{root}/{name}/CHELSA_{name}_{month:02d}_1981-2010_V.2.1.tif", content)
    snow = tiff(np.full(shape, 90, dtype=np.uint16), grid, "EPSG:4326")
    mirror.put(f"{root}/bio/CHELSA_scd_1981-2010_V.2.1.tif", snow)
    heights = tiff(np.full((240, 360), 1_300, dtype=np.int16), Affine(1 / 12, 0, 60, 0, -1 / 12, 50), "EPSG:4326")
    mirror.put(
        "/edcintl.cr.usgs.gov/downloads/sciweb1/shared/topo/downloads/GMTED/Global_tiles_GMTED/300darcsec/mea/E060/"
        "30N060E_20101117_gmted_mea300.tif",
        heights,
    )


def put_worldclim(mirror: Mirror) -> None:
    """Archives of WorldClim: a GeoTIFF for each month, one for the heights; degrees as they are."""
    grid = Affine(0.05, 0, 66.0, 0, -0.05, 42.0)
    root = "/geodata.ucdavis.edu/climate/worldclim/2_1/base"
    kinds = {
        "tavg": {f"_{month:02d}": mean for month, mean in enumerate(MONTHLY_MEAN, start=1)},
        "tmin": {f"_{month:02d}": mean - 6.0 for month, mean in enumerate(MONTHLY_MEAN, start=1)},
        "elev": {"": 1_300.0},
    }
    for kind, files in kinds.items():
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w") as parcel:
            for name, value in files.items():
                cells = np.full((120, 200), value, dtype=np.float32)
                content = tiff(cells, grid, "EPSG:4326", driver="GTiff", nodata=-3.4e38)
                parcel.writestr(zipfile.ZipInfo(f"wc2.1_30s_{kind}{name}.tif"), content)
        mirror.put(f"{root}/wc2.1_30s_{kind}.zip", packed.getvalue())


def _put_soil(mirror: Mirror) -> None:
    """VRTs of SoilGrids with one tile each that reaches the district, and one that does not."""
    x, y = pyproj.Transformer.from_crs(4326, IGH, always_xy=True).transform(70.35, 39.05)
    col, row = int((x + 19_949_750) / 250) - 225, int((8_361_750 - y) / 250) - 225
    grid = Affine(250, 0, -19_949_750 + 250 * col, 0, -250, 8_361_750 - 250 * row)
    kinds = [
        (name, kind, [value + off for value in values])
        for name, values in (("wv0033", WATER_33), ("wv1500", WATER_1500))
        for kind, off in (("mean", 0), ("Q0.05", -WATER_OFF), ("Q0.95", WATER_OFF))
    ]
    for name, kind, values in kinds:
        for depth, value in zip(DEPTHS, values, strict=True):
            root = f"/files.isric.org/soilgrids/latest/data/{name}"
            layer = f"{name}_{depth}cm_{kind}"
            tile = (
                "<ComplexSource><SourceFilename relativeToVRT='1'>./{}</SourceFilename>"
                "<DstRect xOff='{}' yOff='{}' xSize='450' ySize='450'/></ComplexSource>"
            )
            tiles = tile.format(f"{layer}/tileSG-1-1.tif", col, row) + tile.format(f"{layer}/far.tif", col + 9_000, row)
            mirror.put(
                f"{root}/{layer}.vrt",
                f"<VRTDataset><SRS>{IGH}</SRS><GeoTransform>-19949750, 250, 0, 8361750, 0, -250</GeoTransform>"
                f"<VRTRasterBand>{tiles}</VRTRasterBand></VRTDataset>",
            )
            cells = np.full((450, 450), value, dtype=np.int16)
            cells[:10] = -32_768
            mirror.put(f"{root}/{layer}/tileSG-1-1.tif", tiff(cells, grid, IGH, driver="GTiff", nodata=-32_768))


def _put_prices(mirror: Mirror) -> None:
    """Prices as WFP publishes them, found by an answer of CKAN; the second line holds HXL tags."""
    table = (
        "date,admin1,admin2,market,market_id,latitude,longitude,category,commodity,commodity_id,unit,priceflag,"
        "pricetype,currency,price,usdprice\n"
        "#date,#adm1+name,#adm2+name,#loc+market+name,#loc+market+code,#geo+lat,#geo+lon,#item+type,#item+name,"
        "#item+code,#item+unit,#item+price+flag,#item+price+type,#currency+code,#value,#value+usd\n"
        "2026-09-15,DRS,Rasht,Gharm,351,39.03,70.38,cereals and tubers,Wheat flour (first grade),57,KG,actual,Retail,"
        "TJS,5.2,0.5\n"
        "2026-09-15,DRS,Rasht,Gharm,351,39.03,70.38,cereals,Potatoes,83,KG,aggregate,Farm Gate,TJS,2.75,.26\n"
        "2027-01-15,DRS,Rasht,Gharm,351,39.03,70.38,cereals and tubers,Potatoes,83,KG,forecast,Retail,TJS,9.9,0.9\n"
        "2026-09-15,DRS,Rasht,Gharm,351,39.03,70.38,non-food,Exchange rate,9,USD/LCU,actual,Retail,USD,10.6,1\n"
    )
    mirror.put("/files/wfp_food_prices_tjk.csv", table)
    found = [{"name": "prices", "url": f"{mirror.url}/files/wfp_food_prices_tjk.csv"}]
    package = {"success": True, "result": {"license_title": "CC BY-IGO", "resources": found}}
    mirror.put("/data.humdata.org/api/3/action/package_show?id=wfp-food-prices-for-tajikistan", json.dumps(package))


def _put_tables(mirror: Mirror, scratch: Path) -> None:
    """Quakes, landslides and glaciers."""
    quakes = (
        "time,latitude,longitude,depth,mag,magType,id,updated,place,type\n"
        '2015-12-07T07:50:05.950Z,38.2107,72.7797,22,7.2,mww,us10004700,2022,"W of Murghob, Tajikistan",earthquake\n'
        '1949-07-10T03:53:38.000Z,39.2,70.8,10,7.5,mw,iscgem897460,2022,"Khait, Tajikistan",earthquake\n'
    )
    mirror.put("/earthquake.usgs.gov/fdsnws/event/1/query", quakes, headers={"Content-Type": "text/csv"})
    slides = (
        "event_id,event_date,event_title,landslide_category,fatality_count,location_accuracy,longitude,latitude\n"
        "11,05/14/2010 12:00:00 AM,Rasht,mudslide,2,5km,70.4,39.0\n"
        "12,2012-04-20,Elsewhere,landslide,,1km,10.0,45.0\n"
    )
    mirror.put(
        "/data.nasa.gov/docs/legacy/Global_Landslide_Catalog_Export/Global_Landslide_Catalog_Export_rows.csv", slides
    )
    ice = gpd.GeoDataFrame(
        {"rgi_id": ["RGI2000-v7.0-G-13-00001", "RGI2000-v7.0-G-13-00002"], "glac_name": ["Дидал", None]},
        geometry=[shapely.box(70.40, 39.10, 70.42, 39.12), shapely.box(85, 35, 85.1, 35.1)], crs=4326,
    )  # fmt: skip
    packed = io.BytesIO()
    (scratch / "ice").mkdir(exist_ok=True)
    ice.to_file(scratch / "ice" / "RGI2000-v7.0-G-13_central_asia.shp", encoding="utf-8")
    with zipfile.ZipFile(packed, "w") as parcel:
        for part in sorted((scratch / "ice").iterdir()):
            parcel.writestr(zipfile.ZipInfo(part.name), part.read_bytes())
    mirror.put(
        "/daacdata.apps.nsidc.org/pub/DATASETS/nsidc0770_rgi_v7/regional_files/RGI2000-v7.0-G/"
        "RGI2000-v7.0-G-13_central_asia.zip",
        packed.getvalue(),
    )
