"""Every section of the card and the page of a plot, of land judged, not evaluated, shut, and S1 without limits."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import unescape

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import Engine, text

import layers.explain.plot
from api.content.plot_truth import tell_plot
from api.main import create_app
from geo.criteria import LAND_CRITERIA
from layers.features.places import Gazetteer
from layers.postgres.engine import writing
from tests.worlds import region_on_the_page
from tests.worlds.region_on_the_page import plot_id

MINES = ("mines or unexploded ordnance are confirmed there or close by.", "Do not enter; ask the mine action centre.")
SHUT_BY = {  # kind of shut land -> what is stored of it, the reason that is said, the first step, and whom to ask
    "mines": ("shut_by = 'mine_confirmed'", *MINES, "the mine action centre."),
    "reservoir": (
        "shut_by = 'inundation', shut_from_year = 2032",
        "a planned reservoir will flood it.",
        "Plant no trees and build nothing here; the reservoir fills in 2032. Until then the land may be sown.",
        "the district authority.",
    ),
    "built up": (
        "shut_by = 'built_up'",
        "it is built up.",
        "Look for another plot; if nothing is built here, have the map corrected.",
        "the district's land committee.",
    ),
    "too shallow": (
        "limiting = 'soil_depth_cm', soil_depth_cm = 10",
        "less than 15 cm of soil.",
        "Ask what this soil can bear before anything is sown.",
        "the agency for land reclamation and irrigation.",
    ),
}
SHUT_PLOTS = {kind: plot_id(row, "N2") for row, kind in enumerate(SHUT_BY, start=2)}
JUDGED, NOT_EVALUATED, SHUT, BEST = (plot_id(1, judged) for judged in ("S3", "NE", "N2", "S1"))


@pytest.fixture(scope="module", name="client")
def _client(database: Engine) -> Iterator[TestClient]:  # noqa: ARG001 - names the database the service reads
    with writing() as connection:
        region_on_the_page.fill(connection)
        number = "plot_no = (SELECT plot_no FROM plots WHERE plot_id = :plot)"
        shut = "score = NULL, score_low = NULL, score_high = NULL, limiting = NULL"
        for name in (SHUT, *SHUT_PLOTS.values()):
            connection.execute(text(f"UPDATE suitability SET {shut} WHERE {number}"), {"plot": name})
        for name, state in [
            (SHUT, "shut_by = 'mine_suspected'"),
            *((SHUT_PLOTS[kind], told[0]) for kind, told in SHUT_BY.items()),
        ]:
            connection.execute(text(f"UPDATE suitability SET {state} WHERE {number}"), {"plot": name})
        known = ", ".join(f"{criterion.id} = coalesce({criterion.id}, 0)" for criterion in LAND_CRITERIA)
        count = len(LAND_CRITERIA)
        best = f"{known}, memberships = array_fill(1::real, ARRAY[{count}]), evidence = repeat('A', {count})"
        connection.execute(text(f"UPDATE suitability SET {best} WHERE {number}"), {"plot": BEST})
    with pytest.MonkeyPatch.context() as patch, TestClient(create_app()) as opened:
        patch.setattr(
            layers.explain.plot,
            "ways_of_plot",
            lambda *_: {"way": None, "why_no_way": "the layer settlements is not loaded", "services": []},
        )
        yield opened


def plain(html: str) -> str:
    """Text of a part of a page as one line."""
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]*>", " ", html))).strip()


def sections(client: TestClient, name: str, lang: str = "en") -> dict[str, str]:
    """Heading id of each section of the page of a plot -> its text; the card is ``card``."""
    page = client.get(f"/plots/{name}/why?lang={lang}").text
    found = {}
    for part in page.split("<section")[1:]:
        heading = re.search(r'aria-labelledby="([a-z]+)-title"', part)
        found[heading[1] if heading else "card"] = plain(f"<section{part.split('</section>')[0]}")
    return found


def test_a_judged_plot_has_a_score_its_reason_and_what_would_help(client: TestClient) -> None:
    found = sections(client, JUDGED)
    assert {"card", "why", "lift", "sure", "measured"} <= found.keys()
    assert "Marginally suitable S3wh" in found["card"]
    assert "of 100 points" in found["card"]
    assert "There is too little water in the worst month (55 of 100 parts" in found["card"]
    assert "There is too little water in the worst month." in found["why"]
    assert "Points of 100" in found["why"]
    assert "already in the best class" not in found["lift"]
    assert "holds back most" in found["measured"]


def test_land_that_is_not_evaluated_has_no_score_and_says_what_is_missing_and_who_knows(client: TestClient) -> None:
    found = sections(client, NOT_EVALUATED)
    assert "which does not mean that the land is bad" in found["card"]
    assert "Not known: water adequacy, worst month;" in found["card"]
    for section in ("card", "why"):
        assert "of 100" not in found[section]
    assert "Too little is known to judge this plot." in found["why"]
    assert "Whom to ask:" in found["lift"]
    assert "None of the known works" not in found["lift"]
    assert "sure" not in found
    assert "unknown" in found["measured"]
    assert "holds back most" not in found["measured"]


def test_shut_land_says_why_first_and_nothing_is_scored_lifted_or_planted(client: TestClient) -> None:
    found = sections(client, SHUT)
    alarm = "⚠ The plot is shut to this use: mines or unexploded ordnance are suspected there or close by. Do not enter"
    assert found["card"].index(alarm) < found["card"].index("Not suitable")
    assert found["card"].count("Do not enter") == 1
    assert found["why"] == (
        "Why this class The plot is shut to this use: mines or unexploded ordnance are suspected there or close by."
    )
    assert "Whom to ask: the mine action centre." in found["lift"]
    assert "None of the known works" not in found["lift"]
    assert "sure" not in found
    for section in ("card", "why"):
        assert "of 100" not in found[section]
        assert "Crops" not in found[section]
    assert "no mined area is on record" not in found["card"]


@pytest.mark.parametrize("kind", SHUT_BY)
def test_every_kind_of_shut_land_says_its_reason_and_first_step_in_every_section(client: TestClient, kind: str) -> None:
    _, reason, step, whom = SHUT_BY[kind]
    found = sections(client, SHUT_PLOTS[kind])
    assert set(found) == {"card", "why", "lift", "ways", "measured"}
    assert found["why"] == f"Why this class The plot is shut to this use: {reason}"
    assert f"The plot is shut to this use: {reason} {step}" in found["card"]
    assert found["lift"].startswith(f"What would help {step}")
    for section in ("card", "lift"):
        assert f"Whom to ask: {whom}" in found[section]
    assert "Not suitable N2x" in found["card"]
    assert ("⚠" in found["card"]) == (kind == "mines")
    assert ("no mined area is on record here" in found["card"]) == (kind != "mines")
    for section in ("card", "why", "lift"):
        assert "of 100 points" not in found[section]
        assert "Crops" not in found[section]
    assert ("holds back most" in found["measured"]) == (kind == "too shallow")


def test_the_best_land_without_limits_says_so_in_every_section(client: TestClient) -> None:
    found = sections(client, BEST)
    assert "Highly suitable S1" in found["card"]
    for section in ("card", "why"):
        assert "Nothing holds this plot back." in found[section]
    assert "Look at the land together" in found["card"]
    assert "It is already in the best class." in found["lift"]
    assert "may lie between" not in found["card"]
    assert "holds back most" not in found["measured"]


SAID = {  # plot -> language -> section -> what it says, in the words of the glossary
    JUDGED: {
        "tg": {
            "card": (
                "Каммувофиқ S3wh ҷамоати Ғарм, ноҳияи Рашт Дар бадтарин моҳ об намерасад (аз 100 ҳиссаи оби лозима 55",
            ),
            "why": ("Дар бадтарин моҳ об намерасад.", "Балл аз 100"),
            "sure": ("Ҳанӯз ҳисоб карда нашудааст",),
            "measured": ("← бештар халал мерасонад",),
        },
        "ru": {
            "card": (
                "Ограниченно пригодные S3wh джамоат Гарм, район Рашт В худший месяц воды слишком мало (55 из 100",
            ),
            "why": ("В худший месяц воды слишком мало.", "Баллов из 100"),
            "sure": ("Ещё не рассчитано",),
            "measured": ("← мешает больше всего",),
        },
    },
    NOT_EVALUATED: {
        "tg": {
            "card": ("Баҳо дода нашудааст NE", "аммо ин маънои бад будани заминро надорад", "Номаълум: таъминот бо об"),
            "why": ("Барои баҳо додан ба ин қитъа маълумот кофӣ нест.",),
            "lift": ("Аз кӣ пурсидан мумкин:",),
            "measured": ("номаълум",),
        },
        "ru": {
            "card": ("Не оценено NE", "но это не значит, что земля плохая", "Неизвестно: обеспеченность водой"),
            "why": ("Об участке известно слишком мало, чтобы его оценить.",),
            "lift": ("Кого спросить:",),
            "measured": ("неизвестно",),
        },
    },
    SHUT: {
        "tg": {
            "card": (
                "⚠ Қитъа барои чунин истифода баста аст: дар он ҷо ё наздики он эҳтимоли мина ё лавозимоти ҷангии "
                "нотаркида ҳаст. Надароед; аз маркази масъалаҳои минатозакунӣ пурсед.",
                "Номувофиқ N2x",
            ),
            "why": ("Қитъа барои чунин истифода баста аст:",),
            "lift": ("Надароед;", "Аз кӣ пурсидан мумкин: маркази масъалаҳои минатозакунӣ."),
        },
        "ru": {
            "card": (
                "⚠ Участок закрыт для такого использования: там или рядом предполагаются мины или неразорвавшиеся "
                "боеприпасы. Не входите; спросите центр по вопросам разминирования.",
                "Непригодные N2x",
            ),
            "why": ("Участок закрыт для такого использования:",),
            "lift": ("Не входите;", "Кого спросить: центр по вопросам разминирования."),
        },
    },
    BEST: {
        "tg": {
            "card": ("Хеле мувофиқ S1", "Ин қитъа маҳдудияте надорад."),
            "why": ("Ин қитъа маҳдудияте надорад.",),
            "lift": ("Он аллакай дар беҳтарин дараҷа аст.",),
        },
        "ru": {
            "card": ("Высокопригодные S1", "Этот участок ничто не ограничивает."),
            "why": ("Этот участок ничто не ограничивает.",),
            "lift": ("Он уже в лучшем классе.",),
        },
    },
}
# Latin words a reader of any language meets: codes of classes, confidence and plots, the unit of salinity.
LATIN = re.compile(r"PDF|S[123]|N[12]|NE|ECe|[ABCD]|ga-\d\d-\w\w|S3wh|N2x")


@pytest.mark.parametrize("lang", ["tg", "ru"])
@pytest.mark.parametrize("name", [JUDGED, NOT_EVALUATED, SHUT, BEST, *SHUT_PLOTS.values()])
def test_every_section_stands_in_every_language_without_a_rest_of_another(
    client: TestClient, name: str, lang: str
) -> None:
    found = sections(client, name, lang)
    assert found.keys() == sections(client, name).keys()
    for section, words in SAID.get(name, {}).get(lang, {}).items():
        assert [said for said in words if said not in found[section]] == []
    for section, said in found.items():
        latin = [word for word in re.findall(r"[A-Za-z][\w-]*", said) if not LATIN.fullmatch(word)]
        assert latin == [], section
        assert not re.search(r"[{}]|None|nan\b", said), section
    if name in (SHUT, *SHUT_PLOTS.values()):
        assert "sure" not in found


@pytest.mark.parametrize("name", [JUDGED, NOT_EVALUATED, SHUT, BEST, *SHUT_PLOTS.values()])
def test_the_card_on_the_map_is_that_of_the_page(client: TestClient, name: str) -> None:
    number = client.get(f"/plots/{name}").json()["properties"]["plot_no"]
    card = plain(client.get(f"/maps/plots/{number}/card?lang=en").text).replace(" Why this class", "")
    assert card in sections(client, name)["card"]


def test_a_limiting_value_that_is_good_is_not_told_as_bad() -> None:
    plot = {"plot_id": "p", "class": "S1", "score": 89.4, "run": 1, "settled": True, "limiting": "gravity_head_m"}
    told = tell_plot({**plot, "gravity_head_m": 2.81}, Gazetteer([], []), "en")
    assert told.reason == (
        "Nothing bad is known; most could still be gained by this: head of gravity water above the plot (2.81 m)."
    )
    assert told.step.startswith("Look at the land together")
    bad = tell_plot({**plot, "class": "N1", "gravity_head_m": -1.5}, Gazetteer([], []), "en")
    assert bad.reason.startswith("Canal water hardly reaches the plot by itself (")
    assert bad.step == "Ask what repair or water turn would bring more water."
