"""obod explain: what it says of a plot, in each language, with nothing of another left beside codes."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import unescape

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import Engine, text
from typer.testing import CliRunner

from api.content.crops_text import tell_ranked_crop
from api.main import create_app
from geo.criteria import LAND_CRITERIA
from geo.household_criteria import FIT_CRITERIA
from geo.panel.scheme import load_scheme
from geo.suitability.crop_choice import RankedCrop
from layers.loading import load_frame
from layers.postgres.engine import writing
from layers.runs.score import score
from scripts.main import app
from tests.worlds import valley
from tests.worlds.valley_in_database import RASHT, load_valley

PROFILE = "mother-with-small-children"
KINDS = {"mudflow": "S3h", "mined": "N2x", "clean": "S1", "unmapped": "NE"}  # plot -> how the second line begins
# What is no word of a language: codes of classes and evidence, units, ids of criteria, heads of their table, names.
CODES = re.compile(r"S[123][a-z]*|N[12][a-z]*|NE|[ABCD]|ECe|pH")
HEADS = {"code", "id", "value", "unit", "class", "membership", "weight", "gain", "evidence"}
CRITERIA = {name for criterion in (*LAND_CRITERIA, *FIT_CRITERIA) for name in (criterion.id, criterion.code)}
NAMES = (
    "upper command",
    "lower command",
    "Made-up village",
    "Rasht",
    "obod robustness --pending",
    f"{PROFILE}: unknown",
)


@pytest.fixture(scope="module", name="client")
def _client(database: Engine) -> Iterator[TestClient]:
    with writing() as connection:
        load_valley(connection, second=False)
        derived = valley.hazard_zones().assign(
            code="slope", process="avalanche", level="low", intensity="unknown", months="12-4", source_class="derived"
        )
        load_frame(connection, "hazard_zones", derived.to_crs(4326), source="made up", synthetic=True)
    score(database, load_scheme(), districts=[RASHT], day=valley.AS_OF)
    of_plot = "plot_no = (SELECT plot_no FROM plots WHERE plot_id = :plot)"
    nothing = "class = 'NE', subclass = NULL, score = NULL, score_low = NULL, score_high = NULL, confidence = NULL"
    with writing() as connection:
        connection.execute(text(f"UPDATE suitability SET {nothing} WHERE {of_plot}"), {"plot": "unmapped"})
    with TestClient(create_app()) as opened:
        yield opened


def explain(*arguments: str) -> str:
    answer = CliRunner().invoke(app, ["explain", *arguments])
    assert answer.exit_code == 0, answer.exception
    return answer.stdout


def latin_of(said: str) -> list[str]:
    """Words in Latin letters that are no code and no name."""
    for name in NAMES:
        said = said.replace(name, "")
    known = {*HEADS, *CRITERIA, *valley.NAMES, "canal"}  # the valley's one canal is called so
    return [word for word in re.findall(r"[A-Za-z][\w-]*", said) if word not in known and not CODES.fullmatch(word)]


@pytest.mark.usefixtures("client")
@pytest.mark.parametrize("lang", ["tg", "ru"])
def test_no_english_is_left_beside_codes(lang: str) -> None:
    for plot in valley.NAMES:
        said = explain(plot, "--lang", lang)
        assert latin_of(said) == [], plot
        assert "None" not in said
        of_water = {"tg": "\nОб: ", "ru": "\nВода: "}[lang]
        shut = said.splitlines()[1].startswith("N2x")
        assert (of_water in said) == (not shut and plot != "outside"), plot
        assert said.splitlines()[1].startswith(KINDS.get(plot, ""))


@pytest.mark.usefixtures("client")
@pytest.mark.parametrize(
    ("lang", "wanted"),
    [
        (
            "en",
            (
                "Plot mudflow, 0.36 ha, scoring run 1, SYNTHETIC DATA",
                "S3h: 73.5 of 100 points; confidence: C – derived from fine grids, or an older survey",
                "- Mudflow or flood can reach the plot.",
                "The cheapest way one class up or more, to Highly suitable (S1), 84.8 points: Check dams",
                "Together about 2,500 USD. Costs and effects are defaults to calibrate.",
                "  wheat (well suited, S1; holds back most: warmth of the season; start: October)",
                "From home 2 min, back 2 min. In the worst month the way leads through 127 m of danger",
                "A safer way: 2 min, back 2 min, with 101 m of danger.",
                "- Mudflow: medium level, April–July, danger to life",
                "Market: min, dry season: 0; min, winter: 0",
                "Drinking water: not known: none is on record near here",
            ),
        ),
        (
            "ru",
            (
                "0,36 га, расчёт 1, СИНТЕТИЧЕСКИЕ ДАННЫЕ",
                "S3h: 73,5 ",
                "Вместе около 2 500 долларов США.".replace(" 500", "\N{NO-BREAK SPACE}500"),
                "начало: октябрь)",
                "Рынок: мин, сухой сезон: 0; мин, зима: 0",
                "неизвестно: ",
            ),
        ),
    ],
)
def test_everything_is_said_in_the_words_of_the_page(lang: str, wanted: tuple[str, ...]) -> None:
    said = explain("mudflow", "--lang", lang)
    assert [text for text in wanted if text not in said] == [], said


@pytest.mark.usefixtures("client")
def test_shut_land_has_neither_score_nor_confidence_to_be_told() -> None:
    first = explain("mined").splitlines()[1]
    assert first == "N2x: Not suitable"
    assert explain("unmapped").splitlines()[1] == "NE: Not evaluated"


def test_what_everybody_reads_of_ways_and_danger_stands_on_the_page_in_the_same_words(client: TestClient) -> None:
    page = " ".join(unescape(client.get("/plots/mudflow/why?lang=tg").text).split())
    lines = explain("mudflow", "--lang", "tg").splitlines()
    for begin in ("Аз хона ", "Роҳи бехатартар: ", "- Сел: "):
        (line,) = (line for line in lines if line.startswith(begin))
        assert line.removeprefix("- ") in page


@pytest.mark.usefixtures("client")
@pytest.mark.parametrize("lang", ["tg", "ru"])
def test_no_english_is_left_of_a_household_fit_or_of_how_sure_a_class_is(lang: str) -> None:
    call = CliRunner().invoke
    assert call(app, ["score", "--profile", PROFILE, "--run", "1"]).exit_code == 0
    assert call(app, ["robustness", "--pending"]).exit_code == 0
    said = explain("mediocre", "--run", "1", "--profile", PROFILE, "--lang", lang)
    assert "robustness" not in said
    assert latin_of(said) == []


@pytest.mark.parametrize(
    ("limiting", "factor"),
    [("coarse_fragments", "Каменистость"), ("esp", "Обменный натрий"), ("salinity", "Засоление")],
)
def test_what_holds_a_crop_back_is_told_in_words(limiting: str, factor: str) -> None:
    crop = RankedCrop("wheat", 61.0, "S2", limiting, 10, apart=False, unknown=("salinity",)).as_dict()
    said = tell_ranked_crop(crop, "ru")
    assert f": {factor.lower()}; начало: октябрь)" in said
    assert latin_of(said) == []
