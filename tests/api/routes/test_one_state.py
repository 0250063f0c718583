"""One state of the plots: the sentence, the figures, the map and the files of the planner's page are of the same."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterator
from html import unescape
from itertools import accumulate, pairwise
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pandas as pd
import pytest
import shapely
from fastapi.testclient import TestClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, text

from api.main import create_app
from layers.postgres.engine import writing
from tests.worlds import region_on_the_page
from tests.worlds.region_on_the_page import GHARM, KALANAK, LAKHSH, QUBODIYON, RASHT, plot_box, plot_id

ORDER = ["S1", "S2", "S3", "N1", "N2", "NE"]
LOOKS = ["S1", "S2", "S3", "N1", "N2", "likely", "open", "unlikely", "NE"]
OPEN, LIKELY = plot_id(2, "S3"), plot_id(3, "S2")  # not settled


@pytest.fixture(scope="module", name="client")
def _client(database: Engine) -> Iterator[TestClient]:  # noqa: ARG001 - names the database the service reads
    with writing() as connection:
        region_on_the_page.fill(connection)
        unsettled = text(
            "UPDATE suitability SET settled = false, class_low = 'N2', class_high = 'S1', outlook = :outlook "
            "WHERE plot_no = (SELECT plot_no FROM plots WHERE plot_id = :plot AND ended_by IS NULL)"
        )
        for plot, outlook in ((OPEN, None), (LIKELY, "likely")):
            connection.execute(unsettled, {"plot": plot, "outlook": outlook})
    with TestClient(create_app()) as opened:
        yield opened


@pytest.fixture(scope="module", name="plots")
def _plots(client: TestClient) -> pd.DataFrame:
    features = client.get(f"/districts/{RASHT}/plots", params={"limit": "all"}).json()["features"]
    return pd.DataFrame([feature["properties"] for feature in features]).sort_values("plot_no")


def attribute(html: str, pattern: str) -> str:
    found = re.search(pattern, html)
    assert found is not None, pattern
    return unescape(found[1])


def cells(html: str, name: str) -> list[str]:
    row = re.search(rf'<tfoot><tr><th scope="row">{name}</th>(.*?)</tr>', html)
    return re.findall(r">([\d,.]+)<", row[1]) if row else []


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    classes=st.sets(st.sampled_from(ORDER), max_size=4),
    jamoats=st.sets(st.sampled_from([GHARM, KALANAK])),
    least=st.none() | st.sampled_from([18, 48.3, 62.5, 90]),
    slope=st.none() | st.sampled_from([5, 7.1, 30]),
)
def test_figures_map_and_files_of_a_page_are_a_plain_filter_of_all_plots(
    client: TestClient,
    plots: pd.DataFrame,
    classes: set[str],
    jamoats: set[str],
    least: float | None,
    slope: float | None,
) -> None:
    left = plots
    if classes:
        left = left[left["class"].isin(classes)]
    if jamoats:
        left = left[left["jamoat"].isin(jamoats)]
    if least is not None:
        left = left[left["score"] >= least]
    if slope is not None:
        left = left[left["slope_pct"] <= slope]
    asked: dict[str, Any] = {"class": sorted(classes), "jamoat": sorted(jamoats)}
    asked |= {name: bound for name, bound in (("min_score", least), ("max_slope_pct", slope)) if bound is not None}
    page = client.get("/", params={"lang": "en", "district": RASHT, **asked}).text

    together = cells(page, "Together")
    if left.empty:
        assert together == []
        assert "No plot is left." in page
        return
    assert int(together[-1]) == len(left)
    assert float(together[0]) == pytest.approx(left["area_ha"].sum(), abs=0.051)
    file = client.get(attribute(page, r'<a href="([^"]*f=csv[^"]*)" download>')).text.lstrip("\ufeff")
    assert {row["plot_id"] for row in csv.DictReader(io.StringIO(file))} == set(left["plot_id"])
    listed = client.get(attribute(page, r'<a href="([^"]*/list[^"]*)"')).text
    assert f"({len(left)} plots)" in listed
    back = client.get(attribute(listed, r'<a href="([^"]*)">Map and figures')).text
    assert cells(back, "Together") == together

    frame = client.get(attribute(page, r'<iframe id="map" src="([^"]*)"')).text
    script = client.get(attribute(frame, r'<script src="(/maps/plots\.js[^"]*)"')).text
    config = json.loads(attribute(script, r"drawing\.draw\(map_\w+, (\{.*\})\)\);"))
    if not (classes or least or slope or len(jamoats) > 1):
        assert config["matches"] == ""
        return
    found = client.get(config["matches"]).json()
    assert list(accumulate(found["plot_no"])) == left["plot_no"].tolist()
    shown = [LOOKS[place] for place in found["look"]]
    unsettled = {OPEN: "open", LIKELY: "likely", plot_id(region_on_the_page.UNSETTLED_ROW, "S3"): "likely"}
    wanted = [unsettled.get(name, judged) for name, judged in zip(left["plot_id"], left["class"], strict=True)]
    assert shown == wanted
    middles = zip(accumulate(found["longitude"]), accumulate(found["latitude"]), strict=True)
    boxes = {plot_id(row, judged): plot_box(row, judged) for row in range(region_on_the_page.ROWS) for judged in ORDER}
    for name, (x, y) in zip(left["plot_id"], middles, strict=True):
        assert boxes[name].contains(shapely.Point(x / 100_000, y / 100_000)), name


@pytest.mark.parametrize(
    ("lang", "said"),
    [
        ("en", "S1–S2, on offer or state reserve, slope at most 8 %"),
        ("ru", "S1–S2, предлагается или земля государственного запаса, уклон – не более 8 %"),
        ("tg", "S1–S2, пешниҳодшаванда ё замини захираи давлатӣ, нишебӣ – на бештар аз 8 %"),
    ],
)
def test_the_sentence_is_the_title_of_page_map_and_list(client: TestClient, lang: str, said: str) -> None:
    asked = {"class": ["S1", "S2"], "availability": ["offered", "reserve"], "max_slope_pct": "8"}
    answer = client.get("/", params={"lang": lang, "district": RASHT, **asked})
    titles = [
        unescape(attribute(client.get(address).text, r"(?s)<title>(.*?)</title>"))
        for address in (
            str(answer.url),
            attribute(answer.text, r'<iframe id="map" src="([^"]*)"'),
            attribute(answer.text, r'<a href="([^"]*/list[^"]*)"'),
        )
    ]
    sentences = {re.sub(r"\u00a0", " ", title) for title in titles}
    assert [title for title in sentences if said not in title] == []


def test_another_district_keeps_filters_and_colour_and_leaves_what_is_of_the_first(client: TestClient) -> None:
    asked = {"colour": "slope_pct", "class": ["S1"], "jamoat": [GHARM], "at": "12/39/70.4", "plot": plot_id(2, "S1")}
    page = client.get("/", params={"lang": "en", "district": RASHT, "layers": "plots,canals", **asked}).text
    picker = attribute(page, r'(?s)<form class="picker"(.*?)</form>')
    kept = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)">', picker))
    assert kept == {"lang": "en", "class": "S1", "colour": "slope_pct", "layers": "plots,canals"}
    other = client.get("/", params={**kept, "district": QUBODIYON}).text
    assert cells(other, "Together")[-1] == "1"
    map_asks = parse_qs(urlsplit(attribute(other, r'<iframe id="map" src="([^"]*)"')).query)
    assert map_asks == {
        "lang": ["en"],
        "district": [QUBODIYON],
        "class": ["S1"],
        "colour": ["slope_pct"],
        "layers": ["plots,canals"],
    }
    country = client.get("/", params={"lang": "en", "colour": "slope_pct"}).text
    assert "colour=slope_pct" in attribute(country, rf'<a href="([^"]*district={RASHT}[^"]*)"')


@pytest.mark.parametrize(
    "address",
    [
        "/?min_score=high",
        f"/?district={RASHT}&class=S9",
        f"/?district={RASHT}&availability=fallow",
        "/maps/plots?class=S1",
        f"/maps/canals?district={RASHT}&class=S1",
        f"/maps/plots?district={RASHT}&max_walk_minutes=near",
        f"/districts/{RASHT}/matches?availability=fallow",
        f"/districts/{RASHT}/matches?klass=S1",
    ],
)
def test_filters_that_are_not_understood_are_refused(client: TestClient, address: str) -> None:
    answer = client.get(address, headers={"Accept": "application/json"})
    assert answer.status_code == 400
    assert answer.json()["detail"]


def test_a_district_without_plots_or_run_has_no_matches(client: TestClient) -> None:
    found = client.get(f"/districts/{LAKHSH}/matches?class=S1").json()
    assert (found["run"], found["plot_no"]) == (None, [])
    assert client.get("/districts/nowhere/matches").status_code == 404


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    of=st.sampled_from(["score", "area_ha", "slope_pct", "walk_minutes", "water_adequacy", "flood_level"]),
    classes=st.sets(st.sampled_from(ORDER), max_size=3),
    least=st.sampled_from([0, 1, 7.1, 18, 62.5]),
    walk=st.none() | st.sampled_from([10, 12, 100]),
)
def test_bars_count_a_plain_filter_of_all_plots_without_the_bound_of_their_own(
    client: TestClient, plots: pd.DataFrame, of: str, classes: set[str], least: float, walk: float | None
) -> None:
    left = plots[plots["class"].isin(classes)] if classes else plots
    if walk is not None and of != "walk_minutes":
        left = left[left["walk_minutes"] <= walk]
    asked: dict[str, Any] = {"class": sorted(classes), f"min_{of}": least}
    if walk is not None:
        asked["max_walk_minutes"] = walk
    for address in (f"/districts/{RASHT}/list", "/"):
        page = client.get(address, params={"lang": "en", "district": RASHT, **asked} if address == "/" else asked).text
        row = attribute(page, rf'(?s)<tr class="spread" data-of="{of}"(.*?)</tr>')
        told = re.findall(r"<title>([\d.,]+)–([\d.,]+): ([\d,]+) plots</title>", row)
        values = left[of].dropna().to_numpy()
        ends = [(float(low.replace(",", "")), float(high.replace(",", ""))) for low, high, _ in told]
        assert [int(count.replace(",", "")) for _, _, count in told] == [
            int(((values >= low) & (values < high)).sum()) for low, high in ends
        ]
        assert sum(int(count) for _, _, count in told) + int(attribute(row, r"unknown: (\d+)")) == len(left)
        assert all(before[1] == after[0] for before, after in pairwise(ends))


def test_a_short_list_is_shown_taken_away_and_printed_as_it_is(client: TestClient) -> None:
    chosen = [plot_id(1, "S1"), plot_id(3, "NE"), plot_id(0, "N2")]
    asked = {"lang": "en", "class": ["S1"], "shortlist": chosen}
    page = client.get(f"/districts/{RASHT}/list", params=asked).text
    ticked = re.findall(r'name="shortlist" value="([^"]*)" aria-label="[^"]*" checked', page)
    assert ticked == chosen[:1]  # of the plots of this page; the others go along
    ticks = attribute(page, r'(?s)<form id="ticks"(.*?)</form>')
    assert re.findall(r'name="shortlist" value="([^"]*)"', ticks) == chosen[1:]
    only = client.get(attribute(page, r'<a href="([^"]*)">Show only these plots')).text
    assert "short list, plots: 3" in attribute(only, r"(?s)<h1>(.*?)</h1>")
    assert set(re.findall(r'<th scope="row"><a href="[^"]*/why[^"]*">([^<]*)</a>', only)) == set(chosen)
    short = attribute(page, r'(?s)aria-labelledby="short-title">(.*?)</section>')
    file = client.get(attribute(short, r'<a href="([^"]*f=csv[^"]*)" download>')).text.lstrip("\ufeff")
    assert {row["plot_id"] for row in csv.DictReader(io.StringIO(file))} == set(chosen)
    report = client.get(attribute(short, r'<a href="([^"]*/report[^"]*f=html[^"]*)"')).text
    assert all(name in report for name in chosen)
    assert plot_id(2, "S1") not in report
    on_map = client.get(attribute(short, r'<a href="([^"]*)">on the map')).text
    assert cells(on_map, "Together")[-1] == "3"
    emptied = client.get(attribute(short, r'<a href="([^"]*)">Empty the short list')).text
    assert "short-title" not in emptied
    assert "S1" in attribute(emptied, r"(?s)<h1>(.*?)</h1>")


def test_a_short_list_has_an_end(client: TestClient) -> None:
    for name in ("shortlist", "plot_id"):
        for count, status in ((50, 200), (51, 400)):
            asked = {name: [f"p{number}" for number in range(count)]}
            assert client.get(f"/districts/{RASHT}/list", params=asked).status_code == status, (name, count)
