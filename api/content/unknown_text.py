"""What is not known, in the reader's language: why a criterion, way or service is not, what is not on record."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Final

from api.content.plot_truth import NO_EXCLUSION_RECORD
from api.content.value_text import in_sentence
from api.language.translate import Language, translate
from api.maps.legend import CRITERIA_BY_ID
from geo.contract.classes import MINES
from geo.contract.reasons import REASONS, read_reason
from layers.catalogue import BY_NAME, RASTERS_BY_NAME
from layers.catalogue.hazards import Exclusion
from layers.runs.exclusion_records import KINDS

NOT_ASSESSED: Final = "{criteria}: {reason}."
NOT_ON_RECORD: Final = "Not on record here, which does not mean that there is none: {kinds}."
NOBODY_LOOKED: Final = "How dangerous the way is, is not known: on a part of it nobody has looked for hazards."
WAY_NOT_ASSESSED: Final = "How dangerous the way is, is not known: {reason}."
NO_WAY_KNOWN: Final = "No way from home is known: {reason}."
MESSAGES: Final = (
    *(NOT_ASSESSED, NOT_ON_RECORD, NOBODY_LOOKED, WAY_NOT_ASSESSED, NO_WAY_KNOWN),
    *REASONS,
)


def tell_reason(sentence: str, lang: Language) -> str:
    """Return a reason of ``geo.contract.reasons`` in ``lang``, layers by their title; no sentence of its own."""
    reason = read_reason(sentence)
    return translate(reason.text, lang).format(**dict(_filled(reason.args, lang)))


def tell_not_assessed(reasons: Mapping[str, str], lang: Language) -> tuple[str, ...]:
    """Return one sentence for each reason, with the criteria that could not be assessed for it.

    Parameters
    ----------
    reasons : criterion id -> why it could not be assessed in a run; criteria no longer known are left out.
    lang : language of the reader.
    """
    titles: dict[str, list[str]] = {}
    for name, why in reasons.items():
        if (criterion := CRITERIA_BY_ID.get(name)) is not None:
            title, named = translate(criterion.title, lang), titles.setdefault(why, [])
            named.append(in_sentence(title) if named else title)
    return tuple(
        translate(NOT_ASSESSED, lang).format(criteria="; ".join(criteria), reason=tell_reason(why, lang))
        for why, criteria in titles.items()
    )


def tell_unrecorded(kinds: Collection[str], lang: Language) -> str:
    """Return what of land that is shut is not on record, mines aside, of which every plot says so itself.

    Empty where every kind is on record.

    Parameters
    ----------
    kinds : of ``layers.runs.exclusion_records.KINDS``.
    lang : language of the reader.
    """
    if len(kinds) == len(KINDS):
        return translate(NO_EXCLUSION_RECORD, lang)
    named = [in_sentence(translate(Exclusion.card.legend[kind].label, lang)) for kind in kinds if kind != MINES]
    return translate(NOT_ON_RECORD, lang).format(kinds="; ".join(named)) if named else ""


def _filled(args: Mapping[str, str], lang: Language) -> Iterator[tuple[str, str]]:
    for name, value in args.items():
        if name == "layer":
            yield name, translate(title_of_layer(value), lang)
        else:
            yield name, tell_reason(value, lang) if name == "reason" else value


def title_of_layer(name: str) -> str:
    """Return the title of a layer or grid, a message id; its name where it is not known any more."""
    if name in RASTERS_BY_NAME:
        return RASTERS_BY_NAME[name].title
    return BY_NAME[name].card.title if name in BY_NAME else name
