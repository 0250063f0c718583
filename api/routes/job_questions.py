"""What a job is asked for, checked before it is taken: as the list of plots checks it, and as staff score."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import parse_qsl

from api.content.asked_plots import list_asked, run_of
from api.deps import Caller
from layers.catalogue.base import PUBLIC, STAFF, Audience
from layers.errors import BadFilter, NotAllowed, NotFound
from layers.features.districts import require_district
from layers.features.export import Format
from layers.features.features import nearest, require_code
from layers.features.filters import PLOT_FILTERS
from layers.features.plots import scored_plots
from layers.postgres.engine import reading
from layers.records.jobs import JobKind, Question
from layers.records.schemes import scheme_named
from layers.records.snapshot import Choice, Snapshot, SnapshotCache

FIELDS: Final = ("kind", "district", "form", "query", "scheme", "token")
FORMS: Final = {JobKind.REPORT: ("pdf", "html"), JobKind.EXPORT: tuple(Format), JobKind.SCORE: ("",)}
PASSED_OVER: Final = ("lang", "column")  # of an address: no part of what is made
MOST_CHARACTERS: Final = 8_000  # of a query
MOST_TEXTS: Final = 300  # of a query
LONGEST_ROOT: Final = 300  # characters of the address of a service
LARGEST_RUN: Final = 2**31 - 1
FOR_STAFF: Final = "Scoring is for staff of the district; ask with a staff key."

SCHEMA: Final[Mapping[str, Any]] = {
    "type": "object",
    "required": ["kind", "district"],
    "additionalProperties": False,
    "properties": {
        "kind": {"type": "string", "enum": [*JobKind], "description": "What is made."},
        "district": {"type": "string", "description": "District by its code."},
        "form": {"type": "string", "description": "Of a report pdf or html, of a file as `f` of the list of plots."},
        "query": {"type": "string", "description": "Which plots: what stands after ? in the address of their list."},
        "scheme": {"type": "string", "description": "Of a draft: name of a scheme, shipped or stored."},
        "token": {"type": "string", "description": "Of a page, where somebody signed in sends it."},
    },
}


def check_question(
    state: SnapshotCache, caller: Caller, fields: Mapping[str, str], root: str
) -> tuple[Question, Audience]:
    """Return what is asked for, and for whom what is made is.

    Parameters
    ----------
    fields : as the form sends them.
    root : address of the service as the reader has it.

    Raises
    ------
    BadFilter : a field or a filter is not understood. NotFound : there is no such district, jamoat, run or scheme.
    NotAllowed : scoring, and the caller is not staff of the district.
    """
    for name in fields:
        require_code("field", name, FIELDS)
    kind = JobKind(_one_of("kind", fields.get("kind", ""), tuple(JobKind)))
    form = _one_of("form", fields.get("form", ""), FORMS[kind])
    district, query = fields.get("district", ""), fields.get("query", "")
    if kind is JobKind.SCORE:
        if query:
            raise BadFilter("A draft takes no query: it is of all plots of the district.")
        return _draft(state, caller, district, fields.get("scheme", "")), STAFF
    if fields.get("scheme"):
        raise BadFilter("Only a draft takes a scheme; which result is taken says the query.")
    filters, sortby, choice = _read(query)
    audience = PUBLIC if kind is JobKind.REPORT else caller.audience_in(district)
    with reading(audience) as connection:
        served = state.fresh(connection)
        require_district(connection, served, district)
        run = run_of(served, choice, district, audience)
        features = scored_plots(audience, {} if run is None else {district: run})
        list_asked(connection, features, district, filters, sortby)
    number = None if run is None else run.run_id
    asked = Question(kind, district, form, filters, sortby, number, seen=_seen(served), root=root[:LONGEST_ROOT])
    return asked, audience


def _draft(state: SnapshotCache, caller: Caller, district: str, scheme: str) -> Question:
    if caller.key_id is None or caller.audience_in(district) is not STAFF:
        raise NotAllowed(FOR_STAFF)
    with reading(STAFF) as connection:
        served = state.fresh(connection)
        require_district(connection, served, district)
        scheme_named(connection, scheme)
    if district not in served.coverage:
        raise NotFound(f"District {district} holds no plot to score.")
    return Question(JobKind.SCORE, district, scheme=scheme, seen=_seen(served))


def _seen(served: Snapshot) -> int:
    """The last load that can be seen: after another one the same words ask for something else."""
    return max(served.loads.values(), default=0)


def _one_of(name: str, text: str, known: tuple[str, ...]) -> str:
    if text not in known:
        raise BadFilter(f"{name} needs one of {', '.join(known) or 'nothing'}, not {text[:40]!r}.")
    return text


def _read(query: str) -> tuple[dict[str, list[str]], str | None, Choice]:
    """Filters, order and result, as an address of the list has them; what is empty counts as not asked."""
    if len(query) > MOST_CHARACTERS:
        raise BadFilter(f"A query has at most {MOST_CHARACTERS:,} characters.")
    try:
        pairs = parse_qsl(query.lstrip("?"), errors="strict", max_num_fields=MOST_TEXTS)
    except ValueError:
        raise BadFilter("The query is not understood.") from None
    asked: dict[str, list[str]] = {}
    for name, text in pairs:
        if name not in (*PLOT_FILTERS, "sortby", "scheme", "run", *PASSED_OVER):
            raise BadFilter(f"There is no filter {name!r}{nearest(name, PLOT_FILTERS)}.")
        if "\0" in text:
            raise BadFilter("The query is not understood.")
        asked.setdefault(name, []).append(text)
    filters = {name: texts for name, texts in asked.items() if name in PLOT_FILTERS}
    sortby, scheme, run = (asked.get(name, [None])[0] for name in ("sortby", "scheme", "run"))
    return filters, sortby, Choice(scheme, None if run is None else _run(run))


def _run(text: str) -> int:
    if not (text.isascii() and text.isdigit() and 0 < int(text[:12]) <= LARGEST_RUN):
        raise BadFilter("run needs the number of a run.")
    return int(text)
