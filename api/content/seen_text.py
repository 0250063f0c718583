"""What was seen of a field from above, for staff: a sign of water, and what it is no sign of."""

from __future__ import annotations

from typing import Final

from api.language.translate import Language, translate
from layers.features.greenness import Augusts

GREEN_IN: Final = (
    "Seen from above, evidence C: green in {green} of {known} Augusts that are known, {first}–{last}. A sign that "
    "water came, never how much; where it was not green, ask about the canal and its turns."
)
NONE_KNOWN: Final = "Seen from above: in no August from {first} to {last} enough was seen clearly to tell."
MESSAGES: Final = (GREEN_IN, NONE_KNOWN)


def tell_augusts(augusts: Augusts, lang: Language) -> str:
    """Return the sentence in ``lang``."""
    said = GREEN_IN if augusts.known else NONE_KNOWN
    return translate(said, lang).format(
        green=augusts.green, known=augusts.known, first=augusts.first, last=augusts.last
    )
