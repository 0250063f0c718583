"""Legends of every layer, grid, criterion and way to colour plots, in every language."""

from __future__ import annotations

from api.language.translate import LANGUAGES
from api.maps.colouring import colourings
from api.maps.legend import CRITERIA_BY_ID, legend
from layers.catalogue import BY_NAME, RASTERS_BY_NAME
from tests.expected.openapi import sorted_json


def legend_texts() -> dict[str, str]:
    """Return language -> legend as JSON, by public name."""
    served = [*BY_NAME, *RASTERS_BY_NAME, *CRITERIA_BY_ID]
    ways = {name for lang in LANGUAGES for name in colourings(lang)}
    assert not ways & {*BY_NAME, *RASTERS_BY_NAME}, "a way to colour plots has the name of a layer"
    texts = {}
    for name in served:
        found = {lang: legend(name, lang) for lang in LANGUAGES}
        texts[name] = sorted_json({lang: said and said.as_json(lang) for lang, said in found.items()})
    for name in ways:
        said_of_way = sorted_json({lang: colourings(lang)[name].legend.as_json(lang) for lang in LANGUAGES})
        assert texts.setdefault(name, said_of_way) == said_of_way, f"two legends of {name}"
    return texts
