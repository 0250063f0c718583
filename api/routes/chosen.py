"""The result that the planner's page is asked for instead of the one that is shown unasked."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

from api.language.translate import Language, translate
from api.language.wording import scheme_title
from layers.catalogue.base import PUBLIC
from layers.features.districts import Summary
from layers.features.hectares import hectares_by_jamoat, summed
from layers.postgres.engine import Connection
from layers.records.snapshot import Choice, ShownRun, Snapshot

TOLD: Final = "scoring run {run}, scheme “{scheme}”, not the one that is served now"
NOT_HERE: Final = "The result that is asked for does not cover this district; the one that is served is shown."
NO_DISTRICT: Final = "Pick a district to see the result that is asked for. Here those that are served are shown."
MESSAGES: Final = (TOLD, NOT_HERE, NO_DISTRICT)


@dataclass(frozen=True, slots=True)
class Chosen:
    """A district with the result that is shown of it.

    ``choice`` : that goes along to other pages. ``told`` : which result it is, as a phrase that ends the sentence of
    the state; None for the one that is served. ``notice`` : why another is shown than was asked for.
    """

    here: Summary | None
    choice: Choice
    told: str | None = None
    notice: str | None = None


def choose(connection: Connection, served: Snapshot, here: Summary | None, choice: Choice, lang: Language) -> Chosen:
    """Return a district with the result that is asked for, as everybody may see it.

    Raises
    ------
    NotFound : there is no such result; one that was never published does not exist here.
    """
    if choice == Choice():
        return Chosen(here, choice)
    runs = served.runs_open_to(PUBLIC, choice)
    if here is None:
        return Chosen(None, choice, notice=translate(NO_DISTRICT, lang))
    run = runs.get(here.code)
    if run is None:
        return Chosen(here, Choice(), notice=translate(NOT_HERE, lang))
    if here.shown is not None and here.shown.run == run:
        return Chosen(here, choice)
    classes = summed(hectares_by_jamoat(connection, here.code, run.run_id).values())
    told = translate(TOLD, lang).format(run=run.run_id, scheme=scheme_title(run.scheme, lang))
    return Chosen(replace(here, classes=classes, shown=ShownRun(run, None)), choice, told)
