"""A run of the earlier rule says so wherever its results are read, in three languages; others never do."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from typing import Final

import geopandas as gpd
import openpyxl
import pytest
import shapely
from fastapi.testclient import TestClient
from sqlalchemy import Engine, text
from typer.testing import CliRunner

import layers.explain.plot
from api.language.translate import LANGUAGES, Language
from api.main import create_app
from layers.loading import load_frame
from layers.postgres.engine import writing
from scripts.main import app
from tests.worlds import region_on_the_page
from tests.worlds.region_on_the_page import ABOUT, QUBODIYON, RASHT, plot_id

SAID: Final = {
    "en": "Scored by the earlier rule, which counted unknown as good.",
    "ru": "Оценено по прежнему правилу, которое считало неизвестное хорошим.",
    "tg": "Аз рӯйи қоидаи пешина баҳо дода шудааст, ки номаълумро хуб мешумурд.",
}
PLOTS: Final = f"/districts/{RASHT}/plots"


@pytest.fixture(scope="module")
def filled(database: Engine) -> Engine:
    """The region with a run of the earlier rule, which kept nothing of what is settled."""
    with writing() as connection:
        region_on_the_page.fill(connection)
        connection.execute(text("UPDATE scoring_runs SET rule = 1"))
        connection.execute(text("UPDATE suitability SET settled = NULL"))
    return database


@pytest.fixture(scope="module", name="client")
def _client(filled: Engine) -> Iterator[TestClient]:  # noqa: ARG001 - names the database the service reads
    with pytest.MonkeyPatch.context() as patch, TestClient(create_app()) as client:
        patch.setattr(
            layers.explain.plot,
            "ways_of_plot",
            lambda *_: {"way": None, "why_no_way": "the layer settlements is not loaded", "services": []},
        )
        yield client


def told(client: TestClient, lang: Language) -> dict[str, str]:
    """What each surface says, by its name."""
    number = client.get(f"/plots/{plot_id(1, 'S2')}").json()["properties"]["plot_no"]
    table = client.get(f"{PLOTS}?f=csv&lang={lang}").content.decode("utf-8-sig")
    book = openpyxl.load_workbook(io.BytesIO(client.get(f"{PLOTS}?f=xlsx&lang={lang}").content), read_only=True)
    by_code = {found["code"]: found for found in client.get("/districts").json()}
    return {
        "page of the district": client.get(f"/?district={RASHT}&lang={lang}").text,
        "/districts": (by_code[RASHT]["warning"] or {}).get(lang, ""),
        "card": client.get(f"/maps/plots/{number}/card?lang={lang}").text,
        "page of the plot": client.get(f"/plots/{plot_id(1, 'S2')}/why?lang={lang}").text,
        "explanation": client.get(f"/plots/{plot_id(1, 'S2')}/explanation?lang={lang}").json()["told"],
        "list": str(client.get(f"{PLOTS}?lang={lang}&limit=1").json().get("warning")),
        "CSV": next(row["told"] for row in csv.DictReader(io.StringIO(table)) if row["plot_id"] == plot_id(1, "S2")),
        "XLSX": str([[cell.value for cell in row] for row in book.worksheets[0].iter_rows()]),
        "db migrate": CliRunner().invoke(app, ["db", "migrate"]).stdout.replace("\n", " "),
        "run show": CliRunner().invoke(app, ["run", "show", "1"]).stdout if lang == "en" else SAID[lang],
    }


@pytest.mark.parametrize("lang", LANGUAGES)
def test_every_surface_says_that_the_earlier_rule_judged(client: TestClient, lang: Language) -> None:
    for surface, text_ in told(client, lang).items():
        assert SAID[lang] in text_, surface


def test_a_run_of_today_s_rule_says_nothing_of_it(client: TestClient, filled: Engine) -> None:
    assert client
    judge_by(filled, 2)
    try:
        with TestClient(create_app()) as today:
            for surface, text_ in told(today, "en").items():
                assert SAID["en"] not in text_, surface
    finally:
        judge_by(filled, 1)


def judge_by(engine: Engine, rule: int) -> None:
    """Make the run one of an edition of the rule."""
    with engine.begin() as connection:
        finished = f"timestamptz '2026-05-09' + interval '{rule} hours'"
        connection.execute(text(f"UPDATE scoring_runs SET rule = {rule}, finished_at = {finished}"))
        connection.execute(text(f"UPDATE suitability SET settled = {'NULL' if rule == 1 else 'true'}"))


def test_a_run_says_where_nothing_is_on_record_of_mines_or_of_shut_land(client: TestClient) -> None:
    assert client
    shown = json.loads(CliRunner().invoke(app, ["run", "show", "1", "--json"]).stdout)
    both = sorted([RASHT, QUBODIYON])
    kinds = ["mines", "inundation", "river_bed", "water_body", "built_up", "protected", "border_strip"]
    assert shown["no_record"] == {"exclusions": both, "mines": both, "kinds": dict.fromkeys(both, kinds)}
    with writing() as connection:
        for kind, west in (("built_up", 70.38), ("mine_cleared", 68.2)):
            area = [shapely.box(west, 37, west + 0.1, 39.2)]
            frame = gpd.GeoDataFrame({"code": [kind], "kind": [kind]}, geometry=area, crs="EPSG:4326")
            load_frame(connection, "exclusions", frame, **ABOUT)
    said = CliRunner().invoke(app, ["run", "show", "1"]).stdout.replace("\n", " ")
    assert f"{RASHT}: Mines: no mined area is on record here, which does not mean safe." in said
    assert "Nothing at all is on record" not in said
    assert json.loads(CliRunner().invoke(app, ["run", "show", "1", "--json"]).stdout)["no_record"] == {
        "exclusions": [],
        "mines": [RASHT],
        "kinds": {RASHT: [kind for kind in kinds if kind != "built_up"], QUBODIYON: kinds[1:]},
    }
    assert (
        f"{RASHT}: Not on record here, which does not mean that there is none: planned inundation; river bed;" in said
    )
