"""Places are found by any of their names in any script."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from layers.features.places import Gazetteer, Place
from layers.features.spelling import spelling_key

BOX = (70.0, 39.0, 71.0, 40.0)


def place(layer: str, code: str, within: str | None = None, **names: str) -> Place:
    return Place(layer, code, {"tg": None, "ru": None, "en": None, **names}, within, BOX)


PLACES = [
    place("districts", "TJ.RR.GA", "TJ-RA", tg="Рашт", ru="Рашт", en="Rasht"),
    place("districts", "TJ.RR.DZ", "TJ-RA", tg="Лахш", ru="Лахш", en="Lakhsh"),
    place("districts", "TJ.KL.KA", "TJ-KT", tg="Қубодиён", ru="Кубодиён", en="Qubodiyon"),
    place("jamoats", "j1", "TJ.RR.DZ", tg="Лахш", en="Lakhsh"),
    place("settlements", "s1", "TJ.RR.GA", tg="Рашти Боло", en="Rashti Bolo"),
]
FORMER = [
    ("districts", "TJ.RR.GA", "Гарм"),
    ("districts", "TJ.RR.GA", "Gharm"),
    ("districts", "TJ.RR.DZ", "Джиргиталь"),
    ("districts", "TJ.RR.DZ", "Ҷиргатол"),
    ("districts", "gone", "Nowhere"),
]
GAZETTEER = Gazetteer(
    PLACES, [(one.layer, one.code, name) for one in PLACES for name in one.names.values() if name] + FORMER
)


@pytest.mark.parametrize(
    ("said", "code"),
    [
        ("Rasht", "TJ.RR.GA"),
        ("рашт", "TJ.RR.GA"),
        ("Garm", "TJ.RR.GA"),
        ("ғарм", "TJ.RR.GA"),
        ("Jirgatol", "TJ.RR.DZ"),
        ("Қубодиён", "TJ.KL.KA"),
        ("Кубодиён", "TJ.KL.KA"),
        ("Kubodijon", "TJ.KL.KA"),  # one letter wrong
        ("Kubadijon", None),  # two
        ("qubod", "TJ.KL.KA"),
    ],
)
def test_a_place_is_found_by_any_of_its_names(said: str, code: str | None) -> None:
    found = GAZETTEER.find(said)
    assert (found[0].place.code if found else None) == code


def test_whole_names_of_large_places_come_first_and_each_place_once() -> None:
    assert [(hit.place.layer, hit.place.code) for hit in GAZETTEER.find("Lakhsh")] == [
        ("districts", "TJ.RR.DZ"),
        ("jamoats", "j1"),
    ]
    assert [hit.place.code for hit in GAZETTEER.find("rasht")] == ["TJ.RR.GA", "s1"]
    assert len(GAZETTEER.find("l", most=1)) == 1


def test_the_name_that_was_meant_is_told() -> None:
    assert GAZETTEER.find("Гарм")[0].name == "Гарм"


@pytest.mark.parametrize("said", ["", "   ", "!?", "Nowhere"])
def test_nothing_is_found_by_nothing_nor_by_the_name_of_a_place_that_is_gone(said: str) -> None:
    assert GAZETTEER.find(said) == []


@given(st.text(max_size=40))
@example("QX")
def test_a_key_is_its_own_key_and_does_not_depend_on_case(name: str) -> None:
    key = spelling_key(name)
    assert spelling_key(key) == key
    assert spelling_key(name.swapcase().casefold()) == spelling_key(name.casefold())
