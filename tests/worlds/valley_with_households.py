"""The stored valley with papers that staff recorded, scored, and fitted to kinds of household. All of it made up."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Engine

from geo.household.profile import load_profile
from geo.panel.scheme import load_scheme
from layers.loading import load_frame
from layers.postgres.engine import writing
from layers.runs.household_fit import fit_run
from layers.runs.score import publish_run, score
from tests.worlds import valley
from tests.worlds.valley_in_database import RASHT, load_valley, plots_of, stored

MOTHER, GROUP = load_profile("mother-with-small-children"), load_profile("self-help-group")
Papers = tuple[str | None, int | None, int | None]  # right class, documents missing, open disputes
PAPERS: Mapping[str, Papers] = {
    "clean": ("O1", 0, 0),
    "steep": ("O6", 2, 0),
    "mudflow": ("O12", 1, 1),
    "unsampled": (None, None, None),
}
USUAL: Papers = ("O4", 1, 0)


def with_papers(papers: Mapping[str, Papers]) -> Any:
    """The plots of Rasht with what staff recorded of their papers."""
    frame = plots_of(RASHT)
    columns = ("right_class", "missing_documents", "disputes")
    for position, column in enumerate(columns):
        frame[column] = [papers.get(name, USUAL)[position] for name in frame["plot_id"]]
    for column in columns[1:]:
        frame[column] = frame[column].astype("Int64")
    return stored(frame)


def load_papers(connection: Any, papers: Mapping[str, Papers]) -> None:
    """Put papers on record, in the caller's transaction."""
    load_frame(connection, "plots", with_papers(papers), mode="update", source="made up", synthetic=True)


def plant_papers() -> None:
    """Load both districts of the valley, with papers in Rasht."""
    with writing() as connection:
        load_valley(connection)
        load_papers(connection, PAPERS)


def plant_fits(database: Engine) -> int:
    """Load, score and fit the valley to a mother and to a group; return the published run."""
    plant_papers()
    run = score(database, load_scheme(), day=valley.AS_OF, publish=False).run_id
    with writing() as connection:
        for profile in (MOTHER, GROUP):
            fit_run(connection, run, profile)
        publish_run(connection, run)
    return run
