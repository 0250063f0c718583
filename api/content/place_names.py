"""Names of places as a page writes them, in the reader's language."""

from __future__ import annotations

from api.language.translate import Language, local_name, name_district
from layers.catalogue.admin import District, Jamoat
from layers.features.places import Gazetteer


def district_title(places: Gazetteer, code: str, lang: Language) -> str:
    """Return the name of a district with the word for it; its code where no name is known."""
    known = places.places.get((District.__tablename__, code))
    return code if known is None else name_district(local_name(known.names, lang, otherwise=code), lang)


def jamoat_names(places: Gazetteer, district: str, lang: Language) -> dict[str, str]:
    """Return code -> name of the jamoats of a district; the code where no name is known."""
    there = places.of(Jamoat, within=district)
    return {place.code: local_name(place.names, lang, otherwise=place.code) for place in there}
