"""Folium map pages: small, from our own files alone, nothing inline, true to the declarations."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from html.parser import HTMLParser
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import Engine, text
from starlette.datastructures import URL

from api.language.translate import LANGUAGES, Language, translate
from api.language.wording import CLASS_MEANINGS, CLASS_WORDS
from api.main import create_app
from api.maps.colouring import BY_CLASS, colourings
from api.maps.legend import legend_of_layer
from api.maps.maplibre_style import style
from api.maps.scene import _told, seen_grids, seen_layers
from api.rendering.pages import environment, in_language, render
from geo.hazard.levels import SUSCEPTIBILITY, UNTESTED
from layers.catalogue import LAYERS
from layers.catalogue.base import STAFF
from layers.catalogue.hazards import HazardExtent, HazardZone
from layers.catalogue.irrigation import Canal
from layers.catalogue.land import Plot
from layers.postgres.engine import writing
from layers.schema.access import create_key
from tests.worlds import region_on_the_page
from tests.worlds.region_on_the_page import RASHT

LARGEST_PAGE = 100_000  # bytes of HTML, whatever the number of plots
NEWER_LOAD = text(
    "INSERT INTO loads OVERRIDING SYSTEM VALUE SELECT (jsonb_populate_record(loads, CAST(:changes AS jsonb))).* "
    "FROM loads WHERE layer = 'plots' ORDER BY load_id LIMIT 1"
)
OF_LOAD = text("UPDATE plots SET load_id = :load_id WHERE gid = :gid")
VALIDATE = """
const { validateStyleMin } = require("@maplibre/maplibre-gl-style-spec");
const styles = JSON.parse(require("fs").readFileSync(0));
console.log(JSON.stringify(styles.flatMap((style) => validateStyleMin(style)).map((fault) => fault.message)));
"""


@pytest.fixture(scope="module", name="client")
def _client(database: Engine) -> Iterator[TestClient]:  # noqa: ARG001 - names the database the service reads
    with writing() as connection:
        region_on_the_page.fill(connection)
    with TestClient(create_app()) as client:
        yield client


class Markup(HTMLParser):
    """What a page would run, style or fetch."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.inline: list[str] = []
        self.addresses: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag == "style" or (tag == "script" and "src" not in given):
            self.inline.append(tag)
        self.inline += [f"{tag} {name}" for name in given if name == "style" or name.startswith("on")]
        if tag in ("script", "link", "img", "iframe"):
            self.addresses += [value for name, value in attrs if name in ("src", "href") and value]


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("address", ["/maps/plots", "/maps/canals", "/maps/slope", "/", f"/?district={RASHT}"])
def test_pages_hold_nothing_inline_and_name_no_other_host(client: TestClient, address: str, lang: Language) -> None:
    page = client.get(str(URL(address).include_query_params(lang=lang)))
    assert page.status_code == 200
    assert len(page.content) <= LARGEST_PAGE
    markup = Markup(page.text)
    assert markup.inline == []
    assert markup.addresses
    for found in markup.addresses:
        assert found.startswith("/"), found
        assert not found.startswith("//"), found
        assert client.get(found).status_code == 200, found
    assert f'<html lang="{lang}">' in page.text
    policy = page.headers["content-security-policy"]
    assert "unsafe-inline" not in policy
    assert "unsafe-eval" not in policy


def test_page_script_and_style_belong_together_and_are_the_same_every_time(client: TestClient) -> None:
    address = f"/maps/plots?district={RASHT}&lang=tg&colour=slope_pct"
    page = client.get(address).text
    assert client.get(address).text == page
    script_at = _one(r'<script src="(/maps/plots\.js\?[^"]+)" defer>', page)
    style_at = _one(r'href="(/maps/plots\.css\?[^"]+)"', page)
    script = client.get(script_at)
    assert script.headers["content-type"].startswith("text/javascript")
    assert client.get(script_at).content == script.content
    assert "L.map(" in script.text  # Folium's own map
    assert 'id="map_plots"' in page
    assert "map_plots" in script.text
    assert _config(script.text)["lang"] == "tg"
    assert "#map_plots" in client.get(style_at).text


def test_a_map_opens_where_it_is_asked_to(client: TestClient) -> None:
    def start(query: str) -> dict[str, Any]:
        return _config(client.get(f"/maps/plots.js?{query}").text)

    (south, west), (north, east) = start(f"district={RASHT}")["bounds"]
    assert (west, south) == pytest.approx((region_on_the_page.WEST, region_on_the_page.SOUTH))
    assert east < 70.39  # the plots of the district, not its outline
    assert north < 39.04
    assert start(f"district={region_on_the_page.LAKHSH}")["bounds"] == [[38.9, 70.9], [39.5, 71.8]]
    assert start(f"district={RASHT}&jamoat={region_on_the_page.GHARM}")["bounds"][0] == [38.9, 70.0]
    assert start("at=14/39.1/70.2")["bounds"] is None
    assert "[39.1, 70.2]" in client.get("/maps/plots.js?at=14/39.1/70.2").text
    chosen = start(f"plot={region_on_the_page.plot_id(3, 'S3')}")
    number = client.get(f"/plots/{region_on_the_page.plot_id(3, 'S3')}").json()["properties"]["plot_no"]
    assert (chosen["chosen"], chosen["bounds"]) == (number, None)


@pytest.mark.parametrize(
    ("address", "status", "said"),
    [
        ("/maps/nowhere", 404, "There is no map of 'nowhere'."),
        ("/maps/command_months", 404, "There is no map of 'command_months'."),
        ("/maps/plots?district=XX", 404, "There is no district 'XX'"),
        ("/maps/plots?plot=nobody", 404, "There is no plot 'nobody'."),
        ("/maps/plots?colour=slope", 400, "the nearest is 'slope_pct'"),
        ("/maps/plots?at=here", 400, "at:"),
        ("/maps/plots/999999/card", 404, "There is no plot number 999999."),
        ("/plots/nobody/why", 404, "There is no plot 'nobody'."),
        ("/?district=XX", 404, "There is no district 'XX'"),
        ("/static/vendor/maplibre-gl/package.json", 404, "There is no file"),
        ("/static/%2e%2e/main.py", 404, "There is no file"),
    ],
)
def test_what_does_not_exist_is_refused_in_a_sentence(client: TestClient, address: str, status: int, said: str) -> None:
    answer = client.get(address)
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    assert said in answer.json()["detail"]


def test_a_layer_for_partners_has_no_map_for_the_public(client: TestClient, database: Engine) -> None:
    with database.begin() as connection:
        key = create_key(connection, STAFF, "test")
    assert client.get("/maps/pastures").status_code == 404
    assert client.get("/maps/pastures", headers={"X-API-Key": key}).status_code == 200


def test_sources_are_named_and_cannot_write_markup(client: TestClient) -> None:
    page = client.get("/maps/plots?lang=en").text
    assert "Made up for the tests &lt;b&gt;" in page
    assert "tests <b>" not in page
    attribution = _config(client.get("/maps/plots.js?lang=en").text)["attribution"]
    assert attribution == "Boundaries are not official; Made up for the tests &lt;b&gt; (CC0)"


def test_styles_are_valid_for_every_layer_grid_and_colouring() -> None:
    every: list[Any] = [Plot, *seen_layers(STAFF), *seen_grids(STAFF)]
    styles = [
        style(shown, seen_layers(STAFF), seen_grids(STAFF), way, lang=lang)
        for lang in LANGUAGES
        for way in colourings(lang).values()
        for shown in (every if way is BY_CLASS else every[:1])
    ]
    assert len(styles) > 100
    node = shutil.which("node")
    assert node is not None
    # MapLibre's own validator. It asks for a glyph server, which the renderer has had no need of since version 5.11.
    checked = subprocess.run(
        [node, "-e", VALIDATE], input=json.dumps(styles), capture_output=True, text=True, check=True
    )
    faults = [fault for fault in json.loads(checked.stdout) if "glyphs" not in fault]
    assert faults == []


def test_the_validator_finds_a_fault() -> None:
    broken = style(Plot, seen_layers(STAFF), (), BY_CLASS, lang="en")
    broken["layers"][1]["paint"]["line-width"] = "thick"
    checked = subprocess.run(
        ["node", "-e", VALIDATE], input=json.dumps([broken]), capture_output=True, text=True, check=True
    )
    assert "line-width" in checked.stdout


def test_every_declared_colour_reaches_the_style() -> None:
    made = json.dumps(style(Plot, seen_layers(STAFF), seen_grids(STAFF), BY_CLASS, lang="en"))
    for layer in LAYERS:
        for look in layer.card.legend.values():
            hatched = look.hatched and layer.geometry_kind == "MULTIPOLYGON"
            if layer.geometry_kind:
                assert (f"hatch-{look.colour[1:]}" if hatched else look.colour) in made, (layer, look)
    assert '"canals-dashed"' in made


@pytest.mark.parametrize(
    ("lang", "words"),
    [("en", "not a hazard map"), ("ru", "а не карта опасностей"), ("tg", "на харитаи хатарҳо")],
)
def test_derived_hazards_are_never_shown_without_saying_what_they_are(lang: Language, words: str) -> None:
    for layer in (HazardZone, HazardExtent):
        legend = legend_of_layer(layer)
        assert words in legend.as_json(lang)["caution"]
        marks: Any = environment.get_template("_marks.html").make_module(dict(in_language(lang)))
        assert words in marks.legend_list(legend)
        told = {row["name"]: row for row in _told(layer, lang)["attributes"]}
        assert words in told["caution"]["codes"][SUSCEPTIBILITY]
        assert told["caution"]["codes"][UNTESTED] == translate(UNTESTED, lang)
        assert words in translate(UNTESTED, lang) != translate(SUSCEPTIBILITY, lang)
    assert legend_of_layer(Canal).as_json(lang)["caution"] == ""


def test_clicked_plots_are_told_in_plain_words(client: TestClient) -> None:
    def card(judged: str, lang: str) -> str:
        plot = client.get(f"/plots/{region_on_the_page.plot_id(4, judged)}").json()["properties"]
        return _text(client.get(f"/maps/plots/{plot['plot_no']}/card?lang={lang}").text)

    limited = card("S3", "en")
    assert limited.startswith(
        "Marginally suitable S3wh Gharm jamoat, Rasht district There is too little water in the worst month (55 of 100 "
    )
    assert "48.3 of 100 points; between 48.3 and 58.3 until all values are known" in limited
    assert "the class may lie between Not suitable now (N1) and Marginally suitable (S3)." in limited
    assert "Severe limits, only just worth the work." in limited
    assert "Whom to ask: the water users" in limited
    assert "Mines: no mined area is on record here, which does not mean safe." in limited
    assert "Mudflow and flood level low" in limited
    assert "Avalanche level unknown" in limited
    assert "Walk from home, one way 12 min" in limited
    assert "After improvements Suitable (S2)" in limited
    assert "Not assessed in this run: Salinity ECe 0-60 cm: the layer Plot surveys is not loaded." in limited
    assert "SYNTHETIC DATA" in limited
    assert "How sure the class is has not been drawn yet." in limited
    assert "Nothing at all is on record of land that is shut" in limited
    unjudged = card("NE", "en")
    assert unjudged.startswith(
        "Not evaluated NE Kalanak jamoat, Rasht district Too little is known to judge this plot, which does not mean"
    )
    assert "points" not in unjudged
    assert card("N2", "ru").startswith("Непригодные N2x джамоат Каланак, район Рашт Участок")
    assert "Дараҷаи хатари сел ва обхезӣ баланд" in card("N2", "tg")


@pytest.mark.parametrize("lang", LANGUAGES)
def test_words_of_a_class_begin_its_meaning(lang: Language) -> None:
    for name, meaning in CLASS_MEANINGS.items():
        assert translate(meaning, lang).startswith(f"{translate(CLASS_WORDS[name], lang)}: "), (name, lang)


def test_every_module_is_named_beforehand_as_it_is_imported(client: TestClient) -> None:
    page = client.get("/maps/plots").text
    named = re.findall(r'<link rel="modulepreload" href="([^"]+)">', page)
    reached = re.findall(r'import\("([^"]+)"\)', client.get("/maps/plots.js").text)
    for address in reached:
        beside = [f"/static/js/{name}" for name in re.findall(r'from "\./(\S+)"', client.get(address).text)]
        reached += [found for found in beside if found not in reached]
    assert sorted(named) == sorted(reached)


def test_files_are_handed_out_compressed_and_for_ever_under_their_version(client: TestClient) -> None:
    later = _config(client.get("/maps/plots.js").text)["live"]
    address = later["scripts"][0]
    for found in (*later["scripts"], later["stylesheet"], later["worker"]):
        assert client.get(found).status_code == 200, found
    plain = client.get(address, headers={"Accept-Encoding": "identity"})
    assert plain.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert "content-encoding" not in plain.headers
    packed = client.get(address, headers={"Accept-Encoding": "gzip"})
    assert packed.headers["content-encoding"] == "gzip"
    assert int(packed.headers["content-length"]) < len(plain.content) / 3
    assert packed.content == plain.content
    again = client.get(address, headers={"If-None-Match": plain.headers["etag"], "Accept-Encoding": "identity"})
    assert (again.status_code, again.content) == (304, b"")
    assert client.get(address.partition("?")[0]).headers["cache-control"] == "no-cache"


def test_a_page_is_made_once_until_what_it_shows_changes(client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[str] = []

    def noted(name: str, **values: Any) -> str:
        made.append(name)
        return render(name, **values)

    monkeypatch.setattr("api.maps.scene.render", noted)
    address = f"/maps/plots?district={RASHT}&lang=en&colour=score"
    first = client.get(address).text
    assert client.get(address).text == first
    assert made == ["map.html"]
    assert client.get(address.replace("en", "ru")).text != first
    with writing() as connection:
        before = connection.execute(text("SELECT gid, load_id FROM plots ORDER BY gid LIMIT 1")).one()._asdict()
        connection.execute(NEWER_LOAD, {"changes": json.dumps({"load_id": 9_999, "source": "Survey of yesterday"})})
        connection.execute(OF_LOAD, before | {"load_id": 9_999})
    try:
        later = client.get(address).text
    finally:
        with writing() as connection:
            connection.execute(OF_LOAD, before)
            connection.execute(text("DELETE FROM loads WHERE load_id = 9999"))
    assert "Survey of yesterday" in later
    assert "Survey of yesterday" not in first
    assert made == ["map.html"] * 3


def _faults(styles: list[dict[str, Any]]) -> list[str]:
    """What MapLibre's own validator finds wrong."""
    node = shutil.which("node")
    assert node is not None
    command = [node, "-e", VALIDATE]
    checked = subprocess.run(command, input=json.dumps(styles), capture_output=True, text=True, check=True)
    return list(json.loads(checked.stdout))


def _one(pattern: str, text: str) -> str:
    found = re.findall(pattern, text)
    assert len(found) == 1, (pattern, found)
    return str(found[0]).replace("&amp;", "&")


def _config(script: str) -> dict[str, Any]:
    return dict(json.loads(_one(r"drawing\.draw\(map_\w+, (\{.*\})\)\);", script)))


def _text(markup: str) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", markup).split()).replace(" :", ":").replace(" .", ".")
