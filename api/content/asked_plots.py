"""Which plots are asked for: the run they are of, and the list that filters and order make of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from layers.catalogue.base import Audience
from layers.errors import NotFound
from layers.features.districts import require_jamoats
from layers.features.features import Features
from layers.features.filters import plot_conditions, sort_keys
from layers.features.paging import Listing
from layers.features.plots import by_class_and_score, in_district
from layers.postgres.engine import Connection
from layers.records.snapshot import Choice, Run, Snapshot


def run_of(served: Snapshot, choice: Choice, district: str | None, audience: Audience) -> Run | None:
    """Return the run whose results an audience is served in a district; None if none is shown there.

    Raises
    ------
    NotFound : a run or scheme was asked for that does not cover the district.
    """
    run = served.runs_open_to(audience, choice).get(district or "")
    if run is None and choice != Choice():
        raise NotFound(f"What is asked for does not cover district {district!r}.")
    return run


def list_asked(
    connection: Connection,
    features: Features,
    district: str,
    filters: Mapping[str, Sequence[str]],
    sortby: str | None,
) -> Listing:
    """Return the plots of a district that filters leave, in an order; by class and score where none is asked for.

    Raises
    ------
    BadFilter : a filter or the order is not understood, or a jamoat is not one of the district.
    """
    conditions = [in_district(district), *plot_conditions(features, filters)]
    require_jamoats(connection, district, filters.get("jamoat", ()))
    return Listing(features, conditions, sort_keys(features, sortby) or by_class_and_score(features))
