"""The service as a whole: tiles with tags, TileJSON, legends, districts, health, headers, limits, documentation."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import mapbox_vector_tile
import numpy as np
import pytest
from fastapi.testclient import TestClient
from shapely import box
from sqlalchemy import Engine

from api.language.translate import LANGUAGES
from api.main import create_app
from api.routes import plots
from api.web import errors, protection
from api.web.errors import PROBLEMS
from geo.contract.classes import CLASSES
from geo.geometry.crs import area_ha
from layers.catalogue import LAYERS, RASTERS
from layers.catalogue.base import PUBLIC
from layers.errors import DatabaseUnavailable
from layers.tiles.layer_tiles import tile_properties
from tests.worlds.three_districts import COUNTS, DEFAULT, NUROBOD, QUBODIYON, RASHT, Land

TILE = "/tiles/plots/15/22789/12520.mvt"
ROUTES = ("/districts", "/layers", "/healthz", "/docs", TILE, "/maps/plots", "/nothing", f"/districts/{RASHT}/plots")


@pytest.fixture(scope="module")
def client(land: Land) -> Iterator[TestClient]:  # noqa: ARG001 - the land must be there
    """A client of the service on the small land; a fault of ours is an answer, not an exception."""
    with TestClient(create_app(), raise_server_exceptions=False) as opened:
        yield opened


# --- tiles ----------------------------------------------------------------------------------------------------------


def test_a_tile_has_a_strong_tag_and_is_not_sent_twice(client: TestClient) -> None:
    first = client.get(TILE)
    assert first.headers["content-type"] == "application/vnd.mapbox-vector-tile"
    assert first.headers["content-encoding"] == "gzip"
    tag = first.headers["etag"]
    assert not tag.startswith("W/")
    for known in (tag, f'"other", {tag}', f"W/{tag}", "*"):
        again = client.get(TILE, headers={"If-None-Match": known})
        assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", tag)
    assert client.get(TILE, headers={"If-None-Match": '"other"'}).status_code == 200


def test_who_takes_no_gzip_gets_the_plain_tile_under_another_tag(client: TestClient) -> None:
    packed, plain = client.get(TILE), client.get(TILE, headers={"Accept-Encoding": "identity"})
    assert "content-encoding" not in plain.headers
    assert plain.content == packed.content  # the client has unpacked the first
    assert plain.headers["etag"] != packed.headers["etag"]


def test_a_new_run_changes_the_tiles_it_changes(client: TestClient, land: Land, database: Engine) -> None:
    far = "/tiles/plots/12/2843/1566.mvt"  # Nurobod, which the other scheme has not judged
    before = {address: client.get(address).headers["etag"] for address in (TILE, far)}
    other = f"{TILE}?run={land.runs['other']}"
    assert client.get(other).headers["etag"] != before[TILE]
    assert client.get(f"{TILE}?run={land.runs[DEFAULT]}").headers["etag"] == before[TILE]
    assert {address: client.get(address).headers["etag"] for address in before} == before
    assert database is not None


@pytest.mark.parametrize(
    ("address", "status"),
    [
        ("/tiles/plots/3/8/0.mvt", 404),
        ("/tiles/plots/23/0/0.mvt", 404),
        ("/tiles/plots/1/-1/0.mvt", 400),
        ("/tiles/plots/a/0/0.mvt", 400),
        ("/tiles/nothing/1/0/0.mvt", 404),
        ("/tiles/dem/1/0/0.mvt", 404),
        ("/tiles/plots/1/0/0.png", 404),
        ("/tiles/dem/1/0/0.png?band=2", 404),
        ("/tiles/dem/1/0/0.png?band=0", 400),
        ("/tiles/canals/9/0/0.mvt?district=TJ.RR.GA", 400),
        ("/tiles/plots/9/0/0.mvt?attribute=slope_pct", 400),
        ("/tiles/command_months/9/0/0.mvt", 404),
        ("/tiles/nothing.json", 404),
        ("/legend/nothing", 404),
    ],
)
def test_a_tile_that_cannot_be_is_refused_as_a_problem(client: TestClient, address: str, status: int) -> None:
    answer = client.get(address)
    assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json")


def test_a_tile_where_nothing_is_is_empty(client: TestClient) -> None:
    for address in ("/tiles/plots/12/0/0.mvt", "/tiles/canals/12/0/0.mvt"):
        answer = client.get(address)
        assert (answer.status_code, answer.content) == (200, b"")
    picture = client.get("/tiles/dem/5/0/0.png")
    assert picture.headers["content-type"] == "image/png"
    assert picture.content.startswith(b"\x89PNG")


def test_tilejson_describes_what_tiles_carry(client: TestClient, land: Land) -> None:
    content = client.get("/tiles/plots.json", params={"lang": "en"}).json()
    assert content["tilejson"] == "3.0.0"
    assert content["tiles"] == ["http://testserver/tiles/plots/{z}/{x}/{y}.mvt"]
    assert content["bounds"] == pytest.approx(list(land.frame.total_bounds))
    assert content["synthetic"] is True
    assert "generated for tests (CC0-1.0)" in content["attribution"]
    assert "SYNTHETIC DATA" in content["attribution"]
    fields = content["vector_layers"][0]["fields"]
    for zoom, x, y in ((8, 178, 97), (15, 22789, 12520)):
        tile = mapbox_vector_tile.decode(client.get(f"/tiles/plots/{zoom}/{x}/{y}.mvt").content)
        carried = {name for feature in tile["plots"]["features"] for name in feature["properties"]}
        assert carried <= fields.keys()
    districts = client.get("/tiles/districts.json", params={"lang": "en"}).json()
    assert "Boundaries are not official." in districts["attribution"]


def test_every_public_layer_and_grid_has_tilejson_and_legend_in_every_language(client: TestClient) -> None:
    listed = {layer["id"] for layer in client.get("/layers").json()}
    public = [layer.__tablename__ for layer in LAYERS if layer.card.audience is PUBLIC]
    assert listed == {*public, *(raster.id for raster in RASTERS)}
    for name in listed:
        assert client.get(f"/tiles/{name}.json").json()["tilejson"] == "3.0.0"
    for layer in LAYERS:
        if layer.card.audience is PUBLIC:
            described = client.get(f"/tiles/{layer.__tablename__}.json").json()["vector_layers"][0]
            assert described["id"] == layer.__tablename__
            assert layer.__tablename__ == "plots" or described["fields"].keys() == tile_properties(layer, PUBLIC).keys()
    labels = {lang: client.get("/legend/plots", params={"lang": lang}).json() for lang in LANGUAGES}
    shown = ["S1", "S2", "S3", "N1", "N2", "likely", "open", "unlikely", "NE"]
    assert [entry["value"] for entry in labels["en"]["classes"]] == shown
    assert len({str(legend["classes"]) for legend in labels.values()}) == len(LANGUAGES)
    assert client.get("/legend/slope_pct").json()["classes"]
    assert client.get("/legend/dem").json()["continuous"] is True


# --- districts ------------------------------------------------------------------------------------------------------


def test_districts_come_with_names_area_plots_and_hectares_by_class(client: TestClient, land: Land) -> None:
    listed = {district["code"]: district for district in client.get("/districts").json()}
    assert sorted(listed) == sorted(COUNTS)
    rasht = listed[RASHT]
    assert rasht["names"] == {"tg": "Рашт", "ru": "Рашт", "en": "Rasht"}
    assert rasht["area_ha"] == pytest.approx(area_ha(np.array([box(*rasht["bbox"])]))[0], abs=0.01)
    assert (rasht["run"], rasht["scheme"], rasht["synthetic"]) == (land.runs[DEFAULT], DEFAULT, True)
    assert rasht["boundary"]["official"] is False
    for code in (RASHT, NUROBOD):
        rows = land.of(code)
        assert listed[code]["plots"] == len(rows)
        assert list(listed[code]["classes"]) == list(CLASSES)
        for judged, figures in listed[code]["classes"].items():
            mine = [row for row in rows if row["class"] == judged]
            assert figures["plots"] == len(mine)
            assert figures["area_ha"] == pytest.approx(sum(row["area_ha"] for row in mine), abs=0.01)
    unjudged = listed[QUBODIYON]
    assert (unjudged["run"], unjudged["names"]["en"], unjudged["area_ha"]) == (None, None, None)
    assert unjudged["classes"]["NE"]["plots"] == COUNTS[QUBODIYON]
    asked = {row["ask_first"] for row in land.of(RASHT) if row["ask_first"]}
    for name in asked:
        areas = [row["area_ha"] for row in land.of(RASHT) if row["ask_first"] == name]
        assert rasht["ask_first"][name] == {"plots": len(areas), "area_ha": pytest.approx(sum(areas), abs=0.01)}
    assert (rasht["ask_first"].keys(), unjudged["ask_first"], unjudged["not_settled"]) == (asked, None, None)
    bad = [row["area_ha"] for row in land.of(RASHT) if row["class"] == "N2"]
    assert rasht["unfit_by_nature"] == {"plots": len(bad), "area_ha": pytest.approx(sum(bad), abs=0.01)}
    assert rasht["shut_by_rule"] == {}
    one = client.get(f"/districts/{RASHT}").json()
    jamoats = one.pop("jamoats")
    assert one == rasht
    assert [jamoat["jamoat"] for jamoat in jamoats] == [None, "=J3", "J1", "J2"]
    for jamoat in jamoats:
        mine = [row for row in land.of(RASHT) if row["jamoat"] == jamoat["jamoat"]]
        plots = {name: sum(row["ask_first"] == name for row in mine) for name in asked}
        assert {name: found["plots"] for name, found in jamoat["ask_first"].items()} == plots
        assert sum(found["plots"] for found in jamoat["classes"].values()) == len(mine)
    assert client.get(f"/districts/{QUBODIYON}").json()["jamoats"] == []
    assert client.get("/districts/XX").status_code == 404


def test_a_place_is_found_by_any_of_its_names(client: TestClient) -> None:
    for name in ("Rasht", "рашт", "Ғарм", "garm"):
        found = client.get("/places", params={"q": name}).json()
        assert found, name
    assert client.get("/places", params={"q": ""}).status_code == 400
    assert client.get("/places").status_code == 400


# --- the service ----------------------------------------------------------------------------------------------------


def test_health_readiness_and_metrics(client: TestClient) -> None:
    assert client.get("/healthz").json() == {"status": "ok"}
    assert client.get("/readyz").json() == {"status": "ready"}
    client.get("/plots/TJ-RR-GA-00001")
    for number in range(3):
        client.request(f"X-MADE-UP-{number}", "/healthz")
    told = client.get("/metrics").text
    assert "MADE-UP" not in told  # each would be kept for good
    assert 'obod_requests_total{method="other",route="/healthz",status="405"} 3.0' in told
    assert 'obod_requests_total{method="GET",route="/plots/{plot_id}",status="200"}' in told
    assert "/plots/TJ-RR-GA-00001" not in told  # routes are counted, not addresses
    assert "obod_request_seconds_bucket" in told
    drawn, pending = (
        float(told.split(f'obod_draws_districts{{state="{state}"}} ')[1].split()[0]) for state in ("drawn", "pending")
    )
    shown = [district for district in client.get("/districts").json() if district["run"] is not None]
    assert drawn + pending == len(shown)


@pytest.mark.parametrize("address", ROUTES)
def test_every_answer_tells_the_browser_what_a_page_may_do(client: TestClient, address: str) -> None:
    headers = client.get(address).headers
    policy = dict(part.strip().split(" ", 1) for part in headers["content-security-policy"].split(";"))
    assert policy["default-src"] == "'self'"
    assert not any("unsafe" in value for value in policy.values())
    assert headers["x-content-type-options"] == "nosniff"
    framed = address.startswith("/maps/")
    assert policy["frame-ancestors"] == ("*" if framed else "'self'")
    assert ("x-frame-options" in headers) is not framed


def test_the_documentation_has_no_inline_script_and_needs_no_other_host(client: TestClient) -> None:
    page = client.get("/docs").text
    assert "<script>" not in page
    assert "style=" not in page
    assert "://" not in page
    sources = [part.split('"')[0] for part in page.replace('href="', 'src="').split('src="')[1:]]
    assert len(sources) == 3
    for source in sources:
        assert client.get(source).status_code == 200


def test_what_is_too_large_is_refused_before_it_is_read(client: TestClient) -> None:
    long = client.get("/districts", params={"x": "a" * protection.LONGEST_QUERY})
    assert (long.status_code, long.headers["content-type"]) == (414, "application/problem+json")
    large = client.request("GET", "/districts", content=b"x" * (protection.LARGEST_BODY + 1))
    assert large.status_code == 413
    chunked = client.request("GET", "/districts", content=(part for part in [b"x"]))
    assert chunked.status_code == 413


def test_a_page_of_another_site_may_read_public_data(client: TestClient) -> None:
    answer = client.get("/districts", headers={"Origin": "https://example.org"})
    assert answer.headers["access-control-allow-origin"] == "*"
    assert "access-control-allow-credentials" not in answer.headers
    asked = {"Origin": "https://example.org", "Access-Control-Request-Method": "GET"}
    preflight = client.options("/districts", headers={**asked, "Access-Control-Request-Headers": "x-api-key"})
    assert preflight.status_code == 200


def test_a_method_nobody_offers_is_a_problem(client: TestClient) -> None:
    answer = client.post("/districts")
    assert (answer.status_code, answer.headers["content-type"]) == (405, "application/problem+json")


def test_large_answers_are_compressed_and_packed_files_are_not_again(client: TestClient) -> None:
    listed = client.get(f"/districts/{RASHT}/plots", headers={"Accept-Encoding": "gzip"})
    assert listed.headers["content-encoding"] == "gzip"
    packed = client.get(f"/districts/{RASHT}/plots?f=xlsx", headers={"Accept-Encoding": "gzip"})
    assert "content-encoding" not in packed.headers


def test_a_fault_of_ours_says_only_an_id_and_the_log_says_the_rest(
    client: TestClient, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(*_: Any) -> None:
        raise RuntimeError("secret path /var/lib/secret")

    monkeypatch.setattr(plots, "district_of_plot", broken)
    answer = client.get("/plots/TJ-RR-GA-00001")
    assert (answer.status_code, answer.headers["content-type"]) == (500, "application/problem+json")
    assert answer.headers["content-security-policy"].startswith("default-src 'self'")
    content = answer.json()
    assert "secret" not in answer.text
    assert content["fault"] in content["detail"]
    assert content["fault"] in caplog.text
    assert "/var/lib/secret" in caplog.text


def test_a_database_that_is_away_is_said_and_finished_tiles_are_still_served(
    client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = client.get(TILE)

    def away(*_: Any, **__: Any) -> None:
        raise DatabaseUnavailable("The database does not answer; obod db status says more.")

    monkeypatch.setattr(plots, "reading", away)
    answer = client.get("/plots/TJ-RR-GA-00001")
    assert answer.status_code == 503
    assert answer.headers["retry-after"] == errors.RETRY_S
    assert answer.json()["type"] == "urn:obod:problem:database-unavailable"
    monkeypatch.setattr(client.app.state.served, "_reading", away)  # type: ignore[attr-defined]
    monkeypatch.setattr(client.app.state.served, "_read_at", float("-inf"))  # type: ignore[attr-defined]
    again = client.get(TILE)
    assert (again.status_code, again.content) == (200, kept.content)


def test_every_refusal_of_the_layers_has_an_answer() -> None:
    assert all(400 <= answer.status < 600 and answer.title for answer in PROBLEMS.values())
    assert len({answer.name for answer in PROBLEMS.values()}) == len(PROBLEMS)
