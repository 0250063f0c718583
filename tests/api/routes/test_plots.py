"""Plots over HTTP: filters, pages, files, one plot; every refusal is a problem a planner understands."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from typing import Any

import openpyxl
import pyogrio
import pytest
from fastapi.testclient import TestClient
from httpx2 import Response
from sqlalchemy import Engine, update

from api.language.translate import LANGUAGES, Language, translate
from api.language.wording import CLASS_MEANINGS
from api.main import create_app
from geo.criteria import LAND_CRITERIA
from layers.features.export import Format
from layers.features.filters import PLOT_FILTERS
from layers.records.runs import Publication
from tests.clients.service import read_again
from tests.worlds.three_districts import COUNTS, DEFAULT, NUROBOD, OTHER, QUBODIYON, RASHT, Land

PLOTS = f"/districts/{RASHT}/plots"
CONTRACT = [
    *("plot_id", "district", "jamoat", "area_ha", "land_form", "availability"),
    *("score", "score_low", "score_high", "class", "subclass", "limiting"),
    *("potential_score", "potential_class", "confidence", "run", "class_low", "class_high", "not_assessed"),
]


@pytest.fixture(scope="module")
def client(land: Land) -> Iterator[TestClient]:  # noqa: ARG001 - the land must be there
    """A client of the service on the small land."""
    with TestClient(create_app()) as opened:
        yield opened


def features(answer: Response) -> list[dict[str, Any]]:
    assert answer.status_code == 200, answer.text
    return list(answer.json()["features"])


def following(client: TestClient, answer: Response) -> Iterator[Response]:
    """An answer and those its next links lead to."""
    yield answer
    while links := [link for link in answer.json()["links"] if link["rel"] == "next"]:
        answer = client.get(links[0]["href"])
        yield answer


def test_a_page_has_a_hundred_plots_and_a_link_to_the_next(client: TestClient, land: Land) -> None:
    answer = client.get(PLOTS)
    assert answer.headers["content-type"] == "application/geo+json"
    content = answer.json()
    assert (len(content["features"]), content["numberReturned"]) == (100, 100)
    assert content["synthetic"] is True
    assert content["run"] == land.runs[DEFAULT]
    pages = list(following(client, answer))
    ids = [feature["id"] for page in pages for feature in features(page)]
    assert ids == listed(land.of(RASHT))


def listed(rows: list[dict[str, Any]]) -> list[str]:
    """Ids by class, then score, then number."""
    classes = ["S1", "S2", "S3", "N1", "N2", "NE"]
    rows = sorted(rows, key=lambda row: (classes.index(row["class"]), -(row["score"] or -1.0), row["plot_no"]))
    return [row["plot_id"] for row in rows]


def test_every_property_of_the_contract_is_there_and_no_score_is_rounded_up(client: TestClient, land: Land) -> None:
    rows = {row["plot_id"]: row for row in land.of(RASHT)}
    for feature in features(client.get(PLOTS, params={"limit": 10_000})):
        assert [name for name in feature["properties"] if name in CONTRACT] == CONTRACT
        assert {criterion.id for criterion in LAND_CRITERIA} <= feature["properties"].keys()
        assert feature["properties"]["score"] == rows[feature["id"]]["score"]
    assert 74.9 in {row["score"] for row in rows.values()}


@pytest.mark.parametrize(
    ("query", "holds"),
    [
        ("class=S1&class=S2", lambda row: row["class"] in ("S1", "S2")),
        ("min_score=75", lambda row: row["score"] is not None and row["score"] >= 75),
        ("max_score=74.9", lambda row: row["score"] is not None and row["score"] <= 74.9),
        ("jamoat=%3DJ3", lambda row: row["jamoat"] == "=J3"),
        ("max_walk_minutes=20", lambda row: row["walk_minutes"] is not None and row["walk_minutes"] <= 20),
        ("irrigated=true&hazard_free=false", lambda row: row["irrigated"] is True and row["hazard_free"] is False),
        ("crop=potato", lambda row: "potato" in (row["crops"] or [])),
        ("filter=limiting%20IS%20NOT%20NULL%20AND%20area_ha%20%3C%201", lambda row: row["area_ha"] < 1),
    ],
)
def test_filters_hold_in_pages_streams_and_files_alike(client: TestClient, land: Land, query: str, holds: Any) -> None:
    expected = listed([row for row in land.of(RASHT) if holds(row)])
    assert expected
    paged = [f["id"] for page in following(client, client.get(f"{PLOTS}?{query}&limit=7")) for f in features(page)]
    streamed = [feature["id"] for feature in features(client.get(f"{PLOTS}?{query}&limit=all"))]
    table = client.get(f"{PLOTS}?{query}&f=csv").content.decode("utf-8-sig")
    written = [row["plot_id"] for row in csv.DictReader(io.StringIO(table))]
    assert paged == streamed == written == expected


def test_sorting_falls_with_a_minus_and_rises_without(client: TestClient) -> None:
    falling = [f["properties"]["score"] for f in features(client.get(f"{PLOTS}?sortby=-score&limit=all"))]
    rising = [f["properties"]["score"] for f in features(client.get(f"{PLOTS}?sortby=%2Bscore&limit=all"))]
    known = [score for score in falling if score is not None]
    assert known == sorted(known, reverse=True)
    assert rising[: len(known)] == known[::-1]
    assert set(falling[len(known) :]) == {None} == set(rising[len(known) :])


def test_an_unjudged_district_lists_its_plots_as_not_evaluated(client: TestClient) -> None:
    answer = client.get(f"/districts/{QUBODIYON}/plots")
    assert len(features(answer)) == COUNTS[QUBODIYON]
    assert answer.json()["run"] is None
    assert {(f["properties"]["class"], f["properties"]["score"]) for f in features(answer)} == {("NE", None)}


def test_scheme_and_run_choose_another_result(client: TestClient, land: Land) -> None:
    shown = features(client.get(PLOTS, params={"limit": 20}))
    other = features(client.get(PLOTS, params={"limit": 20, "scheme": OTHER}))
    assert {feature["properties"]["run"] for feature in other} == {land.runs[OTHER]}
    assert [f["properties"]["score"] for f in shown] != [f["properties"]["score"] for f in other]
    assert other == features(client.get(PLOTS, params={"limit": 20, "run": land.runs[OTHER]}))
    answer = client.get(f"/districts/{NUROBOD}/plots", params={"scheme": OTHER})
    assert (answer.status_code, "does not cover" in answer.json()["detail"]) == (404, True)


def show(database: Engine, district: str, run: int) -> None:
    """Serve a run in a district."""
    with database.begin() as connection:
        for shown in (False, True):  # one at a time: two runs may never be shown together
            chosen = update(Publication).where(Publication.district == district, Publication.run_id == run)
            others = update(Publication).where(Publication.district == district, Publication.run_id != run)
            connection.execute((chosen if shown else others).values(shown=shown))


def test_pages_stay_with_the_run_they_began_with(client: TestClient, land: Land, database: Engine) -> None:
    first = client.get(PLOTS, params={"limit": 60})
    show(database, RASHT, land.runs[OTHER])
    read_again(client)
    try:
        runs = [page.json()["run"] for page in following(client, first)]
        now = client.get(PLOTS).json()["run"]
    finally:
        show(database, RASHT, land.runs[DEFAULT])
        read_again(client)
    assert runs == [land.runs[DEFAULT]] * 3
    assert now == land.runs[OTHER]


@pytest.mark.parametrize("wanted", list(Format))
def test_files_by_parameter_or_accept_hold_every_row(
    client: TestClient, land: Land, wanted: Format, tmp_path: Any
) -> None:
    answer = client.get(PLOTS, params={"f": wanted.value})
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith(wanted.media_type)
    assert f'filename="plots-{RASHT}-run{land.runs[DEFAULT]}.{wanted}"' in answer.headers["content-disposition"]
    assert "obod-cut" not in answer.headers
    if wanted is not Format.GEOJSON:  # asked for by Accept, GeoJSON comes in pages
        accepted = client.get(PLOTS, headers={"Accept": f"{wanted.media_type}, */*;q=0.1"})
        assert accepted.headers["content-type"] == answer.headers["content-type"]
    path = tmp_path / f"plots.{wanted}"
    path.write_bytes(answer.content)
    if wanted in (Format.GPKG, Format.FGB, Format.GEOJSON):
        layer = "plots" if wanted is Format.GPKG else None  # beside it QGIS finds how it is drawn
        assert len(pyogrio.read_dataframe(path, layer=layer)) == COUNTS[RASHT]


@pytest.mark.parametrize("wanted", [Format.CSV, Format.GEOJSON, Format.XLSX, Format.GPKG])
def test_a_cut_file_says_so_in_a_header_and_where_there_is_room_inside(
    client: TestClient, wanted: Format, tmp_path: Any
) -> None:
    answer = client.get(PLOTS, params={"f": wanted.value, "limit": 10, "lang": "en"})
    assert answer.headers["obod-cut"] == "only the first 10 rows; more match"
    sentence = "Only the first 10 rows are in this file; more match."
    path = tmp_path / f"plots.{wanted}"
    path.write_bytes(answer.content)
    inside = {
        Format.GEOJSON: lambda: answer.json()["cut"],
        Format.XLSX: lambda: openpyxl.load_workbook(path).worksheets[0]["A2"].value,
        Format.GPKG: lambda: pyogrio.read_info(path, layer="plots")["layer_metadata"]["DESCRIPTION"],
    }
    if wanted is Format.CSV:  # a row is a plot, never a remark
        rows = list(csv.reader(answer.content.decode("utf-8-sig").splitlines()))
        assert [len(row) for row in rows] == [len(rows[0])] * 11
        assert "Only the first" not in answer.text
    else:
        assert sentence in inside[wanted]()
    whole = client.get(PLOTS, params={"f": wanted.value, "limit": COUNTS[RASHT]})
    assert "obod-cut" not in whole.headers
    assert 'rel="next"' not in whole.headers.get("link", "")


def test_the_link_of_a_cut_csv_leads_through_all_rows_once(client: TestClient) -> None:
    rows: list[str] = []
    address: str | None = f"{PLOTS}?f=csv&limit=50&sortby=-score"
    parts = 0
    while address is not None:
        answer = client.get(address)
        found = list(csv.DictReader(answer.content.decode("utf-8-sig").splitlines()))
        rows += [row["plot_id"] for row in found]
        parts += 1
        address = answer.links["next"]["url"] if "next" in answer.links else None
        assert ("obod-cut" in answer.headers) is (address is not None)
    whole = client.get(f"{PLOTS}?f=csv&sortby=-score").content.decode("utf-8-sig").splitlines()
    assert rows == [row["plot_id"] for row in csv.DictReader(whole)]
    assert parts == -(-COUNTS[RASHT] // 50)


@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_csv_names_the_place_that_says_what_its_columns_mean(client: TestClient, lang: Language) -> None:
    answer = client.get(PLOTS, params={"f": "csv", "limit": 1, "lang": lang})
    header = next(csv.reader(answer.content.decode("utf-8-sig").splitlines()))
    described = client.get(answer.links["describedby"]["url"])
    assert described.headers["content-type"] == "application/csvm+json"
    columns = {column["name"]: column for column in described.json()["columns"]}
    assert list(columns) == header
    assert "cadastral_no" not in columns
    assert columns["area_ha"]["schema:unitText"] == translate("ha", lang)
    assert columns["area_ha"]["rdfs:comment"] == translate("never empty", lang)
    meanings = {item["schema:value"]: item["schema:name"] for item in columns["class"]["schema:valueReference"]}
    assert meanings == {name: translate(text, lang) for name, text in CLASS_MEANINGS.items()}
    assert client.get("/layers/plot_surveys/columns").status_code == 404


@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_workbook_explains_itself_in_the_reader_s_language(
    client: TestClient, land: Land, lang: Language, tmp_path: Any
) -> None:
    path = tmp_path / "plots.xlsx"
    path.write_bytes(client.get(PLOTS, params={"f": "xlsx", "lang": lang}).content)
    book = openpyxl.load_workbook(path)
    told = " ".join(str(cell.value) for row in book.worksheets[0].iter_rows() for cell in row if cell.value)
    scheme = {"en": "Reference weighting", "tg": "Вазнбандии асосӣ", "ru": "Базовая схема весов"}[lang]
    for part in ("generated for tests", "CC0-1.0", f"{land.runs[DEFAULT]} ({scheme})", RASHT):
        assert part in told
    for message in (*CLASS_MEANINGS.values(), "SYNTHETIC DATA", "Scoring run"):
        assert translate(message, lang) in told
    headings = [str(cell.value) for cell in next(book["plots"].iter_rows())]
    assert headings[7] == translate("Score 0-100", lang)


def test_one_plot_by_its_id_and_by_its_number_apart(client: TestClient, land: Land) -> None:
    row = land.of(RASHT)[4]
    answer = client.get(f"/plots/{row['plot_id']}")
    assert answer.headers["content-type"] == "application/geo+json"
    assert answer.json()["id"] == row["plot_id"]
    assert answer.json()["properties"]["class"] == row["class"]
    for further in ("", "/explanation", "/way"):
        assert client.get(f"/plots/{row['plot_no']}{further}").status_code == 404
    led = client.get("/plots", params={"plot_no": row["plot_no"]}, follow_redirects=False)
    assert (led.status_code, led.headers["location"]) == (307, f"plots/{row['plot_id']}")
    assert client.get("/plots", params={"plot_no": row["plot_no"]}, follow_redirects=True).json() == answer.json()
    assert client.get("/plots", params={"plot_no": 10**12}).json()["detail"] == "There is no plot number 1000000000000."
    assert client.get("/plots").status_code == 400
    other = client.get(f"/plots/{row['plot_id']}", params={"run": land.runs[OTHER]}).json()
    assert other["properties"]["run"] == land.runs[OTHER]


@pytest.mark.parametrize(
    ("address", "status", "kind", "said"),
    [
        (f"{PLOTS}?min_scor=1", 400, "bad-filter", "the nearest is 'min_score'"),
        (f"{PLOTS}?bogus=1", 400, "bad-filter", "There is no parameter 'bogus'"),
        (f"{PLOTS}?min_score=x", 400, "bad-filter", "needs a number"),
        (f"{PLOTS}?min_score=1_0", 400, "bad-filter", "needs a number, not '1_0'"),
        (f"{PLOTS}?min_score=1&min_score=2", 400, "bad-filter", "min_score may be given only once"),
        (f"{PLOTS}?limit=5&limit=6", 400, "bad-filter", "limit may be given only once"),
        (f"{PLOTS}?lang=tg&lang=en", 400, "bad-filter", "lang may be given only once"),
        (f"{PLOTS}?sortby=score&sortby=score", 400, "bad-filter", "sortby may be given only once"),
        ("/places?q=a&q=b", 400, "bad-filter", "q may be given only once"),
        (f"{PLOTS}?run=1_0", 400, "bad-filter", "run needs a whole number, not '1_0'"),
        (f"{PLOTS}?run=%D9%A1", 400, "bad-filter", "run needs a whole number"),
        (f"{PLOTS}?crop=Potato", 400, "bad-filter", "the nearest is 'potato'"),
        (f"{PLOTS}?jamoat=Gharm", 400, "bad-filter", "no jamoat 'Gharm'; there are: =J3, J1, J2"),
        (f"{PLOTS}?jamoat=J1&jamoat=J9&f=csv", 400, "bad-filter", "no jamoat 'J9'"),
        (f"{PLOTS}?jamoat=J9&limit=all", 400, "bad-filter", "no jamoat 'J9'"),
        (f"{PLOTS}?filter=class%20%3D%20's9'", 400, "bad-filter", "there are: S1, S2, S3, N1, N2, NE"),
        ("/tiles/plots/9/0/0.mvt?district=nope", 400, "bad-filter", "there are: TJ.KL.KA, TJ.RR.DA, TJ.RR.GA"),
        ("/tiles/plots/1_0/0/0.mvt", 400, "bad-filter", "z needs a whole number"),
        ("/tiles/dem/9/0/0.png?band=1&band=1", 400, "bad-filter", "band may be given only once"),
        (f"{PLOTS}?limit=0", 400, "bad-filter", "1 to 10000 or all"),
        (f"{PLOTS}?limit=10001", 400, "bad-filter", "at most 10000"),
        (f"{PLOTS}?f=doc", 400, "bad-filter", "csv"),
        (f"{PLOTS}?f=csv&after=x", 400, "bad-filter", "begin again"),
        (f"{PLOTS}?after=x", 400, "bad-filter", "begin again"),
        (f"{PLOTS}?filter=(((", 400, "bad-filter", "brackets"),
        (f"{PLOTS}?filter=score%20%3E", 400, "bad-filter", "CQL2"),
        (f"{PLOTS}?sortby=-nothing", 400, "bad-filter", "no property"),
        (f"{PLOTS}?run=99", 404, "not-found", "no finished run 99"),
        (f"{PLOTS}?run=x", 400, "bad-filter", "run"),
        (f"{PLOTS}?scheme=none", 404, "not-found", "'none'"),
        (f"{PLOTS}?profile=widow", 403, "not-allowed", "staff"),
        ("/districts/XX/plots", 404, "not-found", "'XX'"),
        ("/plots/nobody", 404, "not-found", "nobody"),
        ("/plots/99999999999999999999", 404, "not-found", "no plot"),
        ("/plots/nobody/explanation", 404, "not-found", "nobody"),
    ],
)
def test_refusals_are_problems(client: TestClient, address: str, status: int, kind: str, said: str) -> None:
    answer = client.get(address)
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    content = answer.json()
    assert content["type"] == f"urn:obod:problem:{kind}"
    assert content["status"] == status
    assert said in content["detail"]
    for secret in ("SELECT", "psycopg", "Traceback", "/home", "suitability_run"):
        assert secret not in answer.text


def test_every_filter_is_described_for_programs(client: TestClient) -> None:
    described = client.get("/openapi.json").json()["paths"]["/districts/{code}/plots"]["get"]["parameters"]
    told = {item["name"]: item for item in described if item["in"] == "query"}
    assert PLOT_FILTERS.keys() <= told.keys()
    assert all(item["description"] for item in told.values())
    assert told["class"]["schema"]["type"] == "array"
