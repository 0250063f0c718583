"""What is said of how exact a layer is follows its records, in every language."""

from __future__ import annotations

import pytest

from api.language.translate import LANGUAGES, Language
from api.maps.credits import tell_accuracy
from api.maps.themes import TITLES, theme_of, uppermost_first
from layers.catalogue import LAYERS, RASTERS
from layers.catalogue.admin import Settlement
from layers.catalogue.irrigation import Canal
from layers.catalogue.land import Plot
from layers.features.accuracy import Accuracy

GRID = RASTERS[0]


@pytest.mark.parametrize(
    ("accuracy", "said"),
    [
        (Accuracy(), ("accuracy not stated", "дақиқӣ зикр нашудааст", "точность не указана")),
        (Accuracy((30.2, 30.2)), ("cells of 30 m", "чашмакҳои 30 м", "ячейки 30 м")),
        (Accuracy((30.2, 1000.0)), ("cells of 30–1,000 m", "чашмакҳои 30–1 000 м", "ячейки 30–1 000 м")),
        (
            Accuracy(None, 500.0, 3, 12),
            (
                "position to 500 m or better; stated for 3 of 12",
                "мавқеъ бо дақиқии то 500 м; барои 3 аз 12 нишон дода шудааст",
                "положение с точностью до 500 м; указано для 3 из 12",
            ),
        ),
        (Accuracy(None, None, 0, 12), ("accuracy not stated", "дақиқӣ зикр нашудааст", "точность не указана")),
        (
            Accuracy(agreed=89),
            (
                "outlines agree with a second source to 89 % or better",
                "ҳудудҳо бо манбаи дуюм на камтар аз 89 % мувофиқанд",
                "контуры совпадают со вторым источником не менее чем на 89 %",
            ),
        ),
    ],
)
def test_accuracy_is_told_as_recorded(accuracy: Accuracy, said: tuple[str, str, str]) -> None:
    told: dict[Language, str] = dict(zip(("en", "tg", "ru"), said, strict=True))
    assert {lang: tell_accuracy(accuracy, lang).replace("\N{NO-BREAK SPACE}", " ") for lang in LANGUAGES} == told


def test_every_layer_and_grid_has_a_group() -> None:
    themes = [*map(theme_of, LAYERS), *map(theme_of, RASTERS)]
    assert set(themes) <= set(TITLES)


def test_points_lie_over_lines_and_areas_and_these_over_grids() -> None:
    assert uppermost_first((GRID, Settlement, Plot, Canal)) == [Settlement, Canal, Plot, GRID]
