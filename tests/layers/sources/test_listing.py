"""From an address to files, in the forms that public stores answer in."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyproj
import pytest

from layers.errors import SourceUnavailable
from layers.sources.client import Budget, Client
from layers.sources.declaration import Address, Source, declared_sources
from layers.sources.listing import Remote, find_files
from tests.clients.mirror import Mirror, running_mirror

RASHT = (69.9, 38.75, 70.75, 39.2)  # west, south, east, north
IGH = "+proj=igh +lat_0=0 +lon_0=0 +datum=WGS84 +units=m +no_defs"  # of SoilGrids


@pytest.fixture
def mirror() -> Iterator[Mirror]:
    with running_mirror() as running:
        yield running


@pytest.fixture
def client() -> Iterator[Client]:
    opened = Client(Budget(10**9), wait=lambda _: None)
    yield opened
    opened.close()


@pytest.fixture
def shipped(tmp_path: Path) -> dict[str, Source]:
    return dict(declared_sources(tmp_path))


def found(client: Client, source: Source, address: Address, box: tuple[float, float, float, float]) -> list[Remote]:
    return find_files(client, source, address, box)


def address(**said: Any) -> Address:
    return Address.model_validate({"checked_on": "to be checked at first use", "mb": 1, **said})


def names(client: Client, shipped: dict[str, Source], name: str, key: str) -> list[str]:
    source = shipped[name]
    return [remote.name for remote in find_files(client, source, source.addresses[key], RASHT)]


def test_tiles_are_named_as_their_stores_name_them(client: Client, shipped: dict[str, Source]) -> None:
    """Names as the stores have them, typed from their documentation."""
    assert names(client, shipped, "copernicus_dem", "tiles") == [
        "Copernicus_DSM_COG_10_N38_00_E069_00_DEM.tif",
        "Copernicus_DSM_COG_10_N38_00_E070_00_DEM.tif",
        "Copernicus_DSM_COG_10_N39_00_E069_00_DEM.tif",
        "Copernicus_DSM_COG_10_N39_00_E070_00_DEM.tif",
    ]
    assert names(client, shipped, "worldcover", "tiles") == [
        "ESA_WorldCover_10m_2021_v200_N36E069_Map.tif",
        "ESA_WorldCover_10m_2021_v200_N39E069_Map.tif",
    ]
    assert names(client, shipped, "jrc_water", "tiles") == [
        "occurrence_60E_40Nv1_4_2021.tif",
        "occurrence_70E_40Nv1_4_2021.tif",
    ]
    assert names(client, shipped, "chelsa", "mean")[11] == "CHELSA_tas_12_1981-2010_V.2.1.tif"
    assert len(names(client, shipped, "chelsa", "mean")) == 12
    assert names(client, shipped, "usgs_earthquakes", "events") == ["events.csv"]


def test_a_query_asks_for_the_box_and_no_less(client: Client, shipped: dict[str, Source]) -> None:
    source = shipped["usgs_earthquakes"]
    (remote,) = find_files(client, source, source.addresses["events"], (69.9012, 38.7512, 70.7561, 39.2021))
    asked = dict(pair.split("=") for pair in remote.url.partition("?")[2].split("&"))
    assert (asked["minlongitude"], asked["minlatitude"]) == ("69.9", "38.75")
    assert (asked["maxlongitude"], asked["maxlatitude"]) == ("70.76", "39.21")


def vrt(tiles: dict[str, tuple[int, int]], *, srs: str = IGH, before: str = "") -> str:
    """A VRT of 250 m cells as SoilGrids has them, tiles of 450 cells at (column, row)."""
    inside = "".join(
        f"<ComplexSource><SourceFilename relativeToVRT='1'>./{name}</SourceFilename><SourceBand>1</SourceBand>"
        f"<DstRect xOff='{col}' yOff='{row}' xSize='450' ySize='450'/><NODATA>-32768</NODATA></ComplexSource>"
        for name, (col, row) in tiles.items()
    )
    return (
        f"{before}<VRTDataset rasterXSize='159246' rasterYSize='58034'><SRS>{srs}</SRS>"
        "<GeoTransform> -1.9949750e+07, 2.5e+02, 0.0, 8.3617500e+06, 0.0, -2.5e+02</GeoTransform>"
        f"<VRTRasterBand dataType='Int16' band='1'>{inside}</VRTRasterBand></VRTDataset>"
    )


def test_a_vrt_is_read_for_the_tiles_of_the_place(mirror: Mirror, client: Client, shipped: dict[str, Source]) -> None:
    x, y = pyproj.Transformer.from_crs(4326, IGH, always_xy=True).transform(70.3, 39.0)
    col, row = int((x + 19_949_750) / 250), int((8_361_750 - y) / 250)
    tiles = {
        "tileSG-1/here_1-1.tif": (col - 200, row - 200),
        "tileSG-1/beside_1-2.tif": (col + 20_000, row),
        "tileSG-2/above 1.tif": (col, row - 20_000),
    }
    uri = mirror.put("/data/wv/wv_0-5cm_mean.vrt", vrt(tiles))
    asked = address(uri=uri, found_by="vrt")
    (remote,) = found(client, shipped["soilgrids"], asked, RASHT)
    assert (remote.url, remote.name) == (f"{mirror.url}/data/wv/tileSG-1/here_1-1.tif", "here_1-1.tif")
    with pytest.raises(SourceUnavailable, match="has no file for this place"):
        found(client, shipped["soilgrids"], asked, (-75.0, 0.0, -74.0, 1.0))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (vrt({}, before='<!DOCTYPE x [<!ENTITY a "b">]>'), "has a document type; expected plain XML"),
        (vrt({"a.tif": (0, 0)}, srs="nowhere"), "is no VRT with a place and tiles"),
        ("<VRTDataset/>", "is no VRT with a place and tiles"),
        ("<VRTDataset>", "does not answer in XML"),
        ("\x00\x01", "does not answer in XML"),
    ],
)
def test_what_is_no_vrt_is_refused(
    mirror: Mirror, client: Client, shipped: dict[str, Source], text: str, said: str
) -> None:
    uri = mirror.put("/a.vrt", text)
    with pytest.raises(SourceUnavailable, match=said):
        found(client, shipped["soilgrids"], address(uri=uri, found_by="vrt"), RASHT)


def test_a_tile_that_a_vrt_places_on_another_host_is_never_asked(
    mirror: Mirror, client: Client, shipped: dict[str, Source], tmp_path: Path
) -> None:
    x, y = pyproj.Transformer.from_crs(4326, IGH, always_xy=True).transform(70.3, 39.0)
    here = (int((x + 19_949_750) / 250) - 200, int((8_361_750 - y) / 250) - 200)
    tiles = {"/vsicurl/http://example.org/a.tif": here, "https://example.org/b.tif": here, "//example.org/c.tif": here}
    asked = address(uri=mirror.put("/a.vrt", vrt(tiles)), found_by="vrt")
    remotes = found(client, shipped["soilgrids"], asked, RASHT)
    assert len(remotes) == 3
    for remote in remotes:
        with pytest.raises(SourceUnavailable):
            client.fetch(remote.url, {"127.0.0.1"}, tmp_path / "x")


def test_a_stac_search_is_read_to_its_last_page(mirror: Mirror, client: Client, shipped: dict[str, Source]) -> None:
    def item(name: str) -> dict[str, Any]:
        return {"id": name, "assets": {"red": {"href": f"../{name}/B04.tif"}, "nir": {"href": f"/{name}/B08.tif"}}}

    for page in (1, 2, 3):
        links = [
            {"rel": "self", "href": "x"},
            *([{"rel": "next", "href": f"/search?page={page + 1}"}] if page < 3 else []),
        ]
        body = {"type": "FeatureCollection", "features": [item(f"S2_{page}a"), item(f"S2_{page}b")], "links": links}
        mirror.put(f"/search?page={page}", json.dumps(body))
    asked = address(uri=f"{mirror.url}/search?page=1", found_by="stac", assets=("red", "scl"))
    remotes = found(client, shipped["sentinel2"], asked, RASHT)
    assert [remote.name for remote in remotes] == [f"S2_{page}{half}-red.tif" for page in (1, 2, 3) for half in "ab"]
    assert remotes[-1].url == f"{mirror.url}/S2_3b/B04.tif"


def test_a_stac_search_without_end_ends(mirror: Mirror, client: Client, shipped: dict[str, Source]) -> None:
    mirror.put("/search", json.dumps({"features": [], "links": [{"rel": "next", "href": "/search"}]}))
    asked = address(uri=f"{mirror.url}/search", found_by="stac", assets=("red",))
    with pytest.raises(SourceUnavailable, match="has more than 200 pages"):
        found(client, shipped["sentinel2"], asked, RASHT)


def test_a_resource_of_ckan_is_found_by_name(mirror: Mirror, client: Client, shipped: dict[str, Source]) -> None:
    resources = [
        {"name": "tjk_admin_boundaries.gdb.zip", "url": f"{mirror.url}/d/1/x.gdb.zip"},
        {"name": "tjk_admin_boundaries.shp.zip", "url": f"{mirror.url}/d/2/tjk_admin_boundaries.shp.zip"},
    ]
    package = {
        "license_title": "Creative Commons Attribution for Intergovernmental Organisations",
        "resources": resources,
    }
    uri = mirror.put("/api", json.dumps({"success": True, "result": package}))
    asked = address(uri=uri, found_by="ckan", pick="*.shp.zip")
    (remote,) = found(client, shipped["cod_ab"], asked, RASHT)
    assert remote.url.endswith("/d/2/tjk_admin_boundaries.shp.zip")
    assert remote.licence.startswith("Creative Commons")
    mirror.put("/api", json.dumps({"success": False, "error": {}}))
    with pytest.raises(SourceUnavailable, match="does not know the package"):
        found(client, shipped["cod_ab"], asked, RASHT)
    mirror.put("/api", json.dumps({"success": True, "result": {"resources": ["x"]}}))
    with pytest.raises(SourceUnavailable, match="has no list of resources"):
        found(client, shipped["cod_ab"], asked, RASHT)
    mirror.put("/api", "[]")
    with pytest.raises(SourceUnavailable, match="does not answer in JSON"):
        found(client, shipped["cod_ab"], asked, RASHT)


def test_geoboundaries_states_the_licence_of_the_boundary(
    mirror: Mirror, client: Client, shipped: dict[str, Source]
) -> None:
    leads = f"{mirror.url}/raw/geoBoundaries-TJK-ADM2.geojson"
    uri = mirror.put("/api", json.dumps({"boundaryLicense": "ODbL 1.0", "gjDownloadURL": leads}))
    (remote,) = found(client, shipped["geoboundaries"], address(uri=uri, found_by="geoboundaries"), RASHT)
    assert (remote.url, remote.name, remote.licence) == (leads, "geoBoundaries-TJK-ADM2.geojson", "ODbL 1.0")


def test_a_store_of_objects_is_listed_to_its_end(mirror: Mirror, client: Client, shipped: dict[str, Source]) -> None:
    def listing(*entries: str, token: str = "") -> str:
        more = f"<IsTruncated>true</IsTruncated><NextContinuationToken>{token}</NextContinuationToken>" if token else ""
        return f'<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">{"".join(entries)}{more}</ListBucketResult>'

    def entry(key: str, etag: str) -> str:
        return f'<Contents><Key>{key}</Key><ETag>"{etag}"</ETag><Size>2500000</Size></Contents>'

    uri = mirror.put(
        "/ftw/?list-type=2&prefix=f/", listing(entry("f/a.parquet", "0" * 32), entry("f/x.txt", ""), token="t/1")
    )
    mirror.put(
        "/ftw/?list-type=2&prefix=f/&continuation-token=t/1", listing(entry("f/admin:TJ/b.parquet", "1" * 32 + "-4"))
    )
    asked = address(uri=uri, found_by="s3", pick="*.parquet")
    first, second = found(client, shipped["fields_of_the_world"], asked, RASHT)
    assert (first.url, first.mb, first.checksum) == (f"{mirror.url}/ftw/f/a.parquet", 2.5, "md5:" + "0" * 32)
    assert (second.url, second.checksum) == (f"{mirror.url}/ftw/f/admin%3ATJ/b.parquet", "")


def test_the_sum_beside_a_file_is_read(mirror: Mirror, client: Client, shipped: dict[str, Source]) -> None:
    uri = mirror.put("/asia/tajikistan-latest.osm.pbf", b"x")
    sums = mirror.put("/asia/sums", f"{'a' * 32}  tajikistan-latest.osm.pbf\n{'b' * 32} *other.pbf\n")
    asked = address(uri=uri, checksum=f"beside:{sums}")
    assert found(client, shipped["openstreetmap"], asked, RASHT)[0].checksum == "md5:" + "a" * 32
    for wrong in ("Not found today", "", "zz  tajikistan-latest.osm.pbf"):
        mirror.put("/asia/sums", wrong)
        with pytest.raises(SourceUnavailable, match="no checksum stands at the address"):
            found(client, shipped["openstreetmap"], asked, RASHT)
