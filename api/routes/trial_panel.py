"""The panel of other weights on the planner's page: what it offers, and the trial that an address asks for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from api.content.trial_text import say_emphasis, shares, sliders
from api.language.wording import NOT_PUBLISHED
from api.routes.emphasis import address_of
from api.routes.narrowing import Narrowing
from geo.panel.scheme import Scheme
from geo.suitability.trial import NEUTRAL, Emphasis, departure
from layers.catalogue.base import PUBLIC
from layers.errors import DataRefused
from layers.features.districts import Summary
from layers.features.filters import plot_conditions
from layers.features.paging import Listing
from layers.features.plots import in_district, scored_plots
from layers.postgres.engine import Connection
from layers.runs.trial import Trial, numbers_of, readable_scheme, try_district


@dataclass(frozen=True, slots=True)
class Panel:
    """What can be tried at a place: the scheme to depart from, the trial asked for, and why there is none."""

    scheme: Scheme | None = None
    emphasis: Emphasis = NEUTRAL
    trial: Trial | None = None
    refused: str | None = None

    def told(self, asked: Narrowing) -> dict[str, Any]:
        """Return what the page shows of it, in the reader's language."""
        lang = asked.links.lang
        if self.scheme is None:
            return {"told": None, "note": NOT_PUBLISHED, "sliders": []}
        tried = self.scheme if self.trial is None else self.trial.scheme
        return {
            "told": None if self.trial is None else say_emphasis(self.emphasis, lang),
            "note": NOT_PUBLISHED,
            "refused": self.refused,
            "sliders": sliders(self.scheme, self.emphasis, lang),
            "weights": shares(tried, lang),
            "address": asked.trial(),
            "kept": asked.hidden_of_trial(),
            "whole": asked.untried(),
            "save": asked.saved_trial(address_of(self.emphasis)),
        }


def open_panel(
    connection: Connection,
    here: Summary | None,
    filters: Mapping[str, Sequence[str]],
    emphasis: Emphasis,
    *,
    narrowed: bool,
) -> Panel:
    """Return the panel of a district, with the trial of the plots that filters leave, where one is asked for."""
    if here is None or here.shown is None or not here.plots:
        return Panel()
    run, code = here.shown.run, here.code
    scheme = readable_scheme(connection, run)
    if scheme is None:  # there is nothing to depart from
        return Panel()
    emphasis = departure(scheme, emphasis)
    if emphasis == NEUTRAL:
        return Panel(scheme)
    among = None
    if narrowed:
        features = scored_plots(PUBLIC, {code: run})
        among = numbers_of(connection, Listing(features, [in_district(code), *plot_conditions(features, filters)]))
    try:
        return Panel(scheme, emphasis, try_district(run, code, emphasis, among))
    except DataRefused as refusal:
        return Panel(scheme, emphasis, refused=str(refusal))
