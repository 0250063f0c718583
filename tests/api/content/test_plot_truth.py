"""One truth of a plot: card, page, list, file and command line say the same of it, in three languages."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from html import unescape
from pathlib import Path
from typing import Any

import geopandas as gpd
import pandas as pd
import pytest
from fastapi.testclient import TestClient
from sqlalchemy import Engine, text
from typer.testing import CliRunner

import layers.explain.plot
from api.content.plot_truth import PlotTruth, tell_plot
from api.content.value_text import in_sentence, measured_text, month_names, told_value
from api.language.translate import LANGUAGES, Language
from api.main import create_app
from api.maps.legend import CRITERIA_BY_ID
from geo.criteria import LAND_CRITERIA
from layers.features.places import Gazetteer, read_gazetteer
from layers.postgres.engine import reading, writing
from scripts.main import app
from tests.worlds import region_on_the_page
from tests.worlds.region_on_the_page import RASHT, plot_id

ROWS = 34  # of six classes: 204 plots
AREAS = ("mine_confirmed", "mine_suspected", "inundation", "river_bed", "water_body", "built_up", "protected")
# Kind of an excluded plot, by its row: what shuts it, the criterion of a hard limit, its value.
SHUT: tuple[tuple[str | None, str | None, float | None], ...] = (
    *((kind, None, None) for kind in AREAS),
    (None, "soil_depth_cm", 9.0),
    (None, "slope_pct", 31.0),
    (None, None, None),
)
SAID = {  # typed by hand: what a village is told
    "mine_suspected": (
        "The plot is shut to this use: mines or unexploded ordnance are suspected there or close by.",
        "Do not enter; ask the mine action centre. The land may be released once it is cleared.",
        "Whom to ask: the mine action centre.",
    ),
    "inundation": (
        "The plot is shut to this use: a planned reservoir will flood it.",
        "Until then the land may be sown.",
        "Whom to ask: the district authority.",
    ),
    "built_up": ("The plot is shut to this use: it is built up.", "Whom to ask: the district's land committee."),
    "soil_depth_cm": ("The plot is shut to this use: less than 15 cm of soil.",),
    "slope_pct": ("The plot is shut to this use: steeper than 25 % for surface irrigation.",),
}

_DRAWN = """
    INSERT INTO robustness (run_id, plot_no, robust_class, robust_share, flagged, top_share, top_of, draws, seed,
                            shares, held_pct)
    SELECT :run, plot_no, class, 0.6, true, 0, 100, 500, 1, ARRAY[0, 0, 1, 0, 0, 0]::real[], 60 + plot_no % 40
    FROM suitability WHERE class <> 'NE' AND plot_no % 3 = 0
"""
_UNSETTLED = """
    UPDATE suitability SET settled = false, class_low = 'N1', class_high = 'S2',
           outlook = (ARRAY['likely', 'open', 'unlikely'])[1 + plot_no / 6 % 3]
    WHERE class = 'S3' AND plot_no / 6 % 4 < 3
"""


@pytest.fixture(scope="module", name="client")
def _client(database: Engine) -> Iterator[TestClient]:  # noqa: ARG001 - names the database the service reads
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(region_on_the_page, "ROWS", ROWS)
        # The search for ways takes a second a plot and is tested where ways are.
        patch.setattr(
            layers.explain.plot,
            "ways_of_plot",
            lambda *_: {"way": None, "why_no_way": "the layer settlements is not loaded", "services": []},
        )
        with writing() as connection:
            region_on_the_page.fill(connection)
            for row in range(ROWS):
                kind, limiting, value = SHUT[row % len(SHUT)]
                given: dict[str, object] = {"shut_by": kind, "limiting": limiting, "plot": plot_id(row, "N2")}
                if limiting is not None:
                    given["value"] = value
                measured = f", {limiting} = :value" if limiting else ""
                connection.execute(
                    text(
                        f"UPDATE suitability SET shut_by = :shut_by, limiting = :limiting {measured}"
                        " WHERE plot_no = (SELECT plot_no FROM plots WHERE plot_id = :plot)"
                    ),
                    given,
                )
            ids = [criterion.id for criterion in LAND_CRITERIA]
            connection.execute(text("UPDATE scoring_runs SET criteria = :ids"), {"ids": ids})
            connection.execute(
                text(
                    "UPDATE suitability SET memberships = array_fill(0.5::real, ARRAY[:count]), "
                    "evidence = repeat('C', :count)"
                ),
                {"count": len(ids)},
            )
            # A third of what is judged is drawn, a third of S3 may be of three classes: S2 to N1, of every outlook.
            connection.execute(text(_DRAWN), {"run": 1})
            connection.execute(text(_UNSETTLED))
            known = ", ".join(f"{criterion.id} = coalesce({criterion.id}, 0)" for criterion in LAND_CRITERIA)
            connection.execute(
                text(
                    f"UPDATE suitability SET {known} WHERE class = 'S1' AND"
                    " plot_no IN (SELECT plot_no FROM plots WHERE plot_id LIKE 'ga-0%')"
                )
            )
        with TestClient(create_app()) as client:
            yield client


@pytest.fixture(scope="module", name="places")
def _places(client: TestClient) -> Gazetteer:  # noqa: ARG001 - fills the database
    with reading() as connection:
        return read_gazetteer(connection)


def _read(page: str) -> str:
    """Text of a page as one line."""
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]*>", " ", page)))


def _listed(client: TestClient) -> list[dict[str, Any]]:
    found = client.get(f"/districts/{RASHT}/plots?limit=1000").json()["features"]
    return [feature["properties"] for feature in found]


def _told_in_file(client: TestClient, form: str, lang: Language, folder: Path) -> dict[str, str]:
    """What a downloaded file says of each plot, read as those who get it read it."""
    path = folder / f"plots.{form}"
    path.write_bytes(client.get(f"/districts/{RASHT}/plots?f={form}&limit=all&lang={lang}").content)
    if form == "csv":
        frame = pd.read_csv(path)
    elif form == "xlsx":
        sheets = pd.read_excel(path, sheet_name=None)
        frame = sheets["plots"].rename(columns=sheets["Columns"].set_index("heading")["name"].to_dict())
    else:
        frame = gpd.read_parquet(path) if form == "parquet" else gpd.read_file(path, layer="plots")
    return dict(zip(frame["plot_id"], frame["told"], strict=True))


@pytest.mark.parametrize("lang", LANGUAGES)
def test_every_surface_says_the_same_of_every_plot(
    client: TestClient, places: Gazetteer, tmp_path: Path, lang: Language
) -> None:
    listed = _listed(client)
    assert len(listed) == 6 * ROWS
    files = {form: _told_in_file(client, form, lang, tmp_path) for form in ("csv", "xlsx", "gpkg", "fgb", "parquet")}
    assert {form: len(told) for form, told in files.items()} == dict.fromkeys(files, len(listed))
    for place, plot in enumerate(listed):
        truth = tell_plot(plot, places, lang)
        told = client.get(f"/plots/{plot['plot_id']}?lang={lang}").json()["properties"]["told"]
        assert told == truth.text
        if place % len(LANGUAGES) == LANGUAGES.index(lang):  # every page in one of the languages: it is what is printed
            _say_all(_read(client.get(f"/plots/{plot['plot_id']}/why?lang={lang}").text), truth)
            written_out = CliRunner().invoke(app, ["explain", plot["plot_id"], "--lang", lang])
            assert written_out.exit_code == 0, written_out.exception
            assert truth.text in " ".join(written_out.stdout.split())
            judged = written_out.stdout.splitlines()[1]  # before all else
            assert judged.startswith(plot["class"] if truth.settled else f"{truth.words} ({truth.code}): ")
        assert {form: told[plot["plot_id"]] for form, told in files.items()} == dict.fromkeys(files, truth.text)
        card = _read(client.get(f"/maps/plots/{plot['plot_no']}/card?lang={lang}").text)
        _say_all(card, truth)


@pytest.mark.parametrize("lang", LANGUAGES)
def test_page_and_command_line_say_the_same_of_every_kind(
    client: TestClient, places: Gazetteer, lang: Language
) -> None:
    chosen = [plot_id(row, "N2") for row in range(len(SHUT))] + [plot_id(0, judged) for judged in ("S1", "S3", "NE")]
    by_id = {plot["plot_id"]: plot for plot in _listed(client)}
    for name in chosen:
        truth = tell_plot(by_id[name], places, lang)
        _say_all(_read(client.get(f"/plots/{name}/why?lang={lang}").text), truth)
        answer = CliRunner().invoke(app, ["explain", name, "--json", "--lang", lang])
        assert answer.exit_code == 0, answer.exception
        assert json.loads(answer.stdout)["told"] == truth.text


def _say_all(page: str, truth: PlotTruth) -> None:
    for sentence in (truth.words, truth.where, *truth.sentences):
        assert sentence in page, (truth.plot_id, sentence)


def test_shut_land_says_why_first_and_whom_to_ask(client: TestClient, places: Gazetteer) -> None:
    by_id = {plot["plot_id"]: plot for plot in _listed(client)}
    for row, (kind, limiting, _value) in enumerate(SHUT):
        truth = tell_plot(by_id[plot_id(row, "N2")], places, "en")
        wanted = SAID.get(kind or limiting or "", ())
        assert truth.sentences[0].startswith("The plot is shut to this use: ")
        assert truth.range == ""
        assert truth.mark == (kind or limiting or "closed")
        assert truth.mined is (kind in ("mine_confirmed", "mine_suspected"))
        for sentence in wanted:
            assert sentence in truth.text
        assert ("no mined area" in truth.text) is not truth.mined


def test_mined_land_has_a_mark_of_its_own_on_the_card(client: TestClient) -> None:
    by_id = {plot["plot_id"]: plot for plot in _listed(client)}
    for row, mined in ((0, True), (1, True), (2, False), (7, False)):
        card = client.get(f"/maps/plots/{by_id[plot_id(row, 'N2')]['plot_no']}/card?lang=en").text
        assert ('class="alarm mines" role="alert"' in card) is mined
        assert ("Do not enter" in card) is mined


def test_what_is_not_evaluated_is_not_bad_and_says_what_is_missing(client: TestClient, places: Gazetteer) -> None:
    (plot,) = (found for found in _listed(client) if found["plot_id"] == plot_id(0, "NE"))
    told = tell_plot({**plot, "class_low": "N2", "class_high": "S2"}, places, "en")
    assert told.reason == "Too little is known to judge this plot, which does not mean that the land is bad."
    assert told.missing.startswith("Not known: water adequacy, worst month; head of gravity water above the plot;")
    assert told.range == "Once more is known, the class may lie between Not suitable (N2) and Suitable (S2)."
    asked = tell_plot({**plot, "ask_first": "slope_pct"}, places, "en")
    assert asked.step == "Measure the slope of the plot with a level."
    assert asked.whom == "Whom to ask: the district's land committee."
    mines = tell_plot({**plot, "ask_first": "mines"}, places, "en")
    assert mines.step == "Before anyone goes there, ask the mine action centre whether this land was checked."


def test_nothing_holds_back_is_said_only_where_all_is_known(client: TestClient, places: Gazetteer) -> None:
    by_id = {plot["plot_id"]: plot for plot in _listed(client)}
    assert tell_plot(by_id[plot_id(3, "S1")], places, "en").reason == "Nothing holds this plot back."
    assert tell_plot(by_id[plot_id(20, "S1")], places, "en").reason == "Nothing that is known holds this plot back."


def test_land_that_is_not_settled_is_called_by_no_class(client: TestClient, places: Gazetteer) -> None:
    for plot in _listed(client):
        truth = tell_plot(plot, places, "en")
        open_question = plot["class"] == "S3" and plot["settled"] is False
        assert truth.settled is not open_question
        if open_question:
            assert (truth.words, truth.code) == ("Not settled", "S2 to N1")
            head = truth.text.partition(". ")[0]
            assert head.endswith(": Not settled (S2 to N1)")
            assert "Marginally suitable" not in truth.text
            assert truth.range == (
                "Once more is known, the class may lie between Not suitable now (N1) and Suitable (S2)."
            )
    assert sum(plot["settled"] is False and plot["class"] == "S3" for plot in _listed(client)) > ROWS // 2


def test_how_sure_a_class_is_is_said_as_at_least_or_as_not_drawn_yet(client: TestClient, places: Gazetteer) -> None:
    told = {"drawn": 0, "not yet": 0}
    for plot in _listed(client):
        truth = tell_plot(plot, places, "en")
        if plot["score"] is None or not truth.settled:
            assert truth.sure == ""
        elif plot["held_pct"] is None:
            told["not yet"] += 1
            assert truth.sure == "How sure the class is has not been drawn yet."
        else:
            told["drawn"] += 1
            words = {"S1": "Highly suitable (S1)", "S2": "Suitable (S2) or better"} | {
                "S3": "Marginally suitable (S3) or better",
                "N1": "Not suitable now (N1) or better",
            }
            share = f"{plot['held_pct']} of 100 draws of weights, caution and values."
            assert truth.sure == f"{words[plot['class']]} in {share}"
    assert min(told.values()) > ROWS // 2


def test_a_plot_without_a_run_is_not_bad_land(places: Gazetteer) -> None:
    told = tell_plot({"plot_id": "p", "class": "NE", "run": None, "district": RASHT}, places, "en")
    assert told.text.startswith("Rasht district: Not evaluated (NE). No run has judged this plot yet")


@pytest.mark.parametrize(
    ("lang", "said"),
    [
        ("en", "Not scored: the plot lies in no district, which does not mean that the land is bad."),
        ("ru", "Не оценён: участок не лежит ни в одном районе, это не значит, что земля плохая."),
        ("tg", "Баҳо дода нашудааст: қитъа дар ягон ноҳия нест, ин маънои бад будани заминро надорад."),
    ],
)
def test_a_plot_in_no_district_waits_for_no_run(places: Gazetteer, lang: Language, said: str) -> None:
    told = tell_plot({"plot_id": "p", "class": "NE", "run": None, "district": None}, places, lang)
    assert said in told.text
    assert "yet" not in told.text


def test_values_and_months_are_worded() -> None:
    condition, water = CRITERIA_BY_ID["canal_condition"], CRITERIA_BY_ID["water_adequacy"]
    assert measured_text(condition, 3.0, "en") == "cracked or silted (3)"
    assert measured_text(water, 0.54, "en") == "54 of 100 parts of the water needed, in the worst month"
    assert measured_text(water, 0.999, "en").startswith("99 of 100")
    assert measured_text(water, None, "en") == "unknown"
    worst = "54 of 100 parts of the water needed, in the worst month, July"
    assert told_value(water, {"water_adequacy": 0.54, "water_month": 7}, "en") == worst
    july = {"water_adequacy": 0.54, "water_month": 7, "water_short_from": 7}
    assert told_value(water, july, "en") == "short from July, the worst month: 54 of 100 parts of the water needed"
    august = {"water_adequacy": 0.54, "water_month": 8, "water_short_from": 6}
    assert told_value(water, august, "en").startswith("short from June: 54 of 100 parts of the water needed in the")
    assert told_value(water, august, "en").endswith(" worst month, August")
    for told in (told_value(water, august, "ru"), told_value(water, august, "tg")):
        assert "июн" in told
        assert "август" in told
    assert told_value(water, {"water_adequacy": 1.3, "water_month": 7}, "en").startswith("all of the water")
    assert "июль" in told_value(water, {"water_adequacy": 0.54, "water_month": 7}, "ru")
    assert month_names("3-7", "en") == "March–July"
    assert month_names("11-2, 5", "ru") == "ноябрь–февраль, май"
    assert month_names("spring", "en") == "spring"
    assert in_sentence("Slope") == "slope"
    assert in_sentence("ECe") == "ECe"


def test_what_is_on_record_of_shut_land_is_said_of_every_plot_that_is_open() -> None:
    plot = {"plot_id": "p", "class": "S2", "score": 60.0, "run": 1, "settled": True, "limiting": None}
    nowhere = Gazetteer([], [])
    mines = "Mines: no mined area is on record here, which does not mean safe."
    for record, said in (
        (None, ""),
        ("recorded", ""),
        ("none", "nothing is on record in this district, which does not mean that there is none."),
        ("outside", "nobody has mapped it where this plot lies, which does not mean that there is none."),
    ):
        told = tell_plot({**plot, "mines_record": record, "shut_land_record": record}, nowhere, "en")
        assert told.shut_land == (f"Other land that is shut: {said}" if said else "")
        unmapped = "Mines: nobody has mapped them where this plot lies, which does not mean safe."
        assert told.mines == (unmapped if record == "outside" else mines)
        assert told.sentences[-1] == (told.shut_land or told.mines)
    shut = tell_plot(
        {**plot, "class": "N2", "score": None, "shut_by": "built_up", "shut_land_record": "none"}, nowhere, "en"
    )
    assert (shut.shut_land, shut.mines) == ("", mines)
