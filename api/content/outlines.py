"""What is said of outlines that a second source draws as well."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from api.language.translate import Language, day, translate
from layers.features.agreement import Agreement, by_source

AGREES: Final = "Outline agrees with {source} ({date}) to {percent} %."
DOUBTFUL: Final = "The outline is doubtful, and so are figures of its area."
AGREE: Final = "Outlines agree with {source} ({date}), in percent: {named}. Below 90 figures of area are doubtful."
MESSAGES: Final = (AGREES, DOUBTFUL, AGREE)


def tell_agreement(agreement: Sequence[Agreement], lang: Language) -> Iterator[str]:
    """Yield how far the outline of one unit agrees with each second source, and whether it is doubtful."""
    for one in agreement:
        yield translate(AGREES, lang).format(percent=one.percent, **_origin(one, lang))
    if any(one.doubtful for one in agreement):
        yield translate(DOUBTFUL, lang)


def tell_agreements(found: Mapping[str, tuple[Agreement, ...]], lang: Language) -> Iterator[str]:
    """Yield of each second source how far the outlines of a layer agree with it, unit by unit."""
    for source, units in by_source(found):
        named = ", ".join(f"{code} {one.percent}" for code, one in units)
        yield translate(AGREE, lang).format(named=named, **_origin(source, lang))


def _origin(one: Agreement, lang: Language) -> dict[str, str]:
    return {"source": one.source or translate("source not stated", lang), "date": day(one.dated, lang)}
