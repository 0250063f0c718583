"""Sentences that are told in English and again in another language."""

from __future__ import annotations

import copy
import pickle
import re
from pathlib import Path

import geopandas as gpd
import pytest
import shapely
from sqlalchemy import Connection

from api.language.speech import Spoken
from api.language.translate import read_catalogue
from api.messages import reported, told_in
from layers.errors import DataRefused
from layers.loading import Options, load_file
from layers.records.phrases import Digits, Listed, Phrase, retold, told
from scripts.faults import refusing_in

RUSSIAN, TAJIK = Spoken("ru"), Spoken("tg")


def test_what_was_told_is_told_again_whatever_it_went_through() -> None:
    said = told("expected {least} or more", least=told("{number} {unit}", number=Digits("1,234.5"), unit=Phrase("m")))
    assert said == "expected 1,234.5 m or more"
    for one in (said, pickle.loads(pickle.dumps(said)), copy.deepcopy(said)):
        assert retold(one, RUSSIAN) == "ожидалось 1\N{NO-BREAK SPACE}234,5 м или больше"
    assert retold("as it is", RUSSIAN) == "as it is"
    assert told("{found}", found=Listed((Phrase("is empty"), "b"), between="; ")) == "is empty; b"


def test_every_message_of_a_report_has_its_translations() -> None:
    catalogues = [read_catalogue("tg"), read_catalogue("ru")]
    messages = list(reported())
    assert len(messages) > 150
    for message in messages:
        for catalogue in catalogues:
            string = str(catalogue.get(message).string)
            assert string, message
            assert sorted(re.findall(r"\{\w+\}", string)) == sorted(re.findall(r"\{\w+\}", message)), message


def test_the_walk_finds_messages_however_they_are_named() -> None:
    source = (
        'KINDS = {"a": "is {a}", "b": "is b"}\nMANY = "are {n}"\n'
        'def f(n):\n    message = MANY if n else "none"\n    told(message, n=n)\n    told(KINDS["a"])\n'
        '    return Phrase("one " "more")\n'
    )
    assert sorted(told_in(source)) == ["are {n}", "is b", "is {a}", "none", "one more"]


def test_a_refusal_and_the_file_of_rejects_speak_as_asked(connection: Connection, tmp_path: Path) -> None:
    squares = [shapely.box(70.37, 39.02, 70.371, 39.021), shapely.box(70.3701, 39.0201, 70.3711, 39.0211)]
    frame = gpd.GeoDataFrame(
        {"plot_id": ["a", "b", "c"], "district": "TJ-RA-RS", "right_class": ["", "", "odd"]},
        geometry=[*squares, shapely.box(70.39, 39.02, 70.391, 39.021)],
        crs=4326,
    )
    frame.to_file(tmp_path / "p.gpkg")
    report = load_file(connection, "plots", tmp_path / "p.gpkg", Options(speech=TAJIK))
    assert report.rejections[0].reason.startswith("expected one of ")  # in the report itself it is English
    kept = gpd.read_file(str(report.rejects_file))
    assert kept["rejected_because"][0].startswith("right_class: интизор буд яке аз ")
    refused = pytest.raises(DataRefused, match=r"1 пара строк перекрывается, .*так как --strict этого не допускает\.$")
    with refused, refusing_in(RUSSIAN), connection.begin_nested():
        load_file(connection, "plots", tmp_path / "p.gpkg", Options(mode="update", strict=True))
