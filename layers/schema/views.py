"""Views for people who open the database itself, in QGIS or psql: one per layer, in the schema ``qgis``.

A view shows current rows only and carries the declared titles as comments. An attribute that the reader's role
may not see is empty there rather than missing, so that one QGIS project serves all. Views are read-only for whoever
opens them, the owner too: edits come in by a load, which keeps what was and can be undone. QGIS opens them in the
colours of the maps, by a table ``layer_styles`` in the schema ``public``, where it looks for one.
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

from psycopg import sql
from sqlalchemy import ColumnElement, Connection, Float, cast, func, text
from sqlalchemy.dialects import postgresql

from layers.catalogue import BY_NAME
from layers.catalogue.base import PARTNER, About, Audience, Layer
from layers.catalogue.land import ON_OFFER, Plot
from layers.catalogue.qgis_style import qml
from layers.features.plots import shown_record, shown_score
from layers.postgres.roles import QGIS_SCHEMA, VIEWERS
from layers.records.loads import ROW_COLUMNS
from layers.records.outcome import Kept, Outcome
from layers.records.outcomes import OUTCOMES
from layers.records.runs import suitability

result, plot = suitability.alias("result"), Plot.__table__.alias("layer")
SQL = Path(__file__).parent / "sql"
# Functions that the login of the service may call, and nobody else.
OF_SERVICE = (
    *("end_key_logins", "note_key_use", "note_reading", "store_scenario", "store_scenario_run"),
    *("show_scenario", "hide_scenario"),
    *("begin_sign_in", "sign_in_holder", "end_sign_in", "note_refused_sign_ins"),
    *("store_remark", "end_remark", "store_scheme", "ask_job", "job_of", "stop_job"),
)
CALLED_BY_THEM = ("require_staff_key", "require_staff_key_of", "has_job_worker")  # and by nobody else but the owner
PROVENANCE = {  # titles of the columns of every view that say where a row comes from
    "source": "Source",
    "licence": "Licence",
    "source_date": "Date of the data",
    "synthetic": "Made up, not surveyed",
}
REFUSE_EDIT = f"{QGIS_SCHEMA}.refuse_edit"  # function of the triggers that keep views read-only
RESULTS = tuple(outcome for outcome in OUTCOMES if outcome.kept is Kept.RESULT and outcome.in_view)


def make_views(connection: Connection) -> None:
    """Make the views anew if what they are computed from has changed, and the functions of the service."""
    statements = [
        (SQL / "refuse_edit.sql").read_text().format(function=REFUSE_EDIT),
        *(statement for layer in BY_NAME.values() for statement in view_statements(layer)),
        *(style_statements() if styles_are_ours(connection) else ()),
    ]
    name = connection.execute(text("SELECT current_database()")).scalar_one()  # which styles are for
    form = hashlib.sha256("".join([*statements, name]).encode()).hexdigest()[:16]
    note = f"Current rows of every layer, for QGIS and psql; made by Obod, form {form}"
    made = connection.execute(
        text("SELECT obj_description(to_regnamespace(:schema)::oid, 'pg_namespace')"), {"schema": QGIS_SCHEMA}
    ).scalar()
    if made != note:
        connection.exec_driver_sql(f"DROP SCHEMA IF EXISTS {QGIS_SCHEMA} CASCADE")
        connection.exec_driver_sql(f"CREATE SCHEMA {QGIS_SCHEMA}")
        for statement in statements:
            connection.exec_driver_sql(statement.replace("%", "%%"))  # the driver reads % as a parameter
        connection.exec_driver_sql(f"COMMENT ON SCHEMA {QGIS_SCHEMA} IS {_literal(note)}")
    for function in ("api_key_holder", *CALLED_BY_THEM, *OF_SERVICE):
        connection.exec_driver_sql((SQL / f"{function}.sql").read_text().replace("%", "%%"))


def view_statements(layer: type[Layer]) -> list[str]:
    """Return the statements that make the view of one layer, keep it read-only and comment on it."""
    table = layer.__tablename__
    view = f"{QGIS_SCHEMA}.{_name(table)}"
    shown = {about.shown_as or name: about for name, about in layer.attributes().items()}
    columns = {"gid": "Row number", **{name: _title(about) for name, about in shown.items()}}
    # A row is stored anew when anything on it changes, also what few may see: its own number would tell which did.
    numbered = "layer.plot_no AS gid" if layer.judged else "layer.gid"
    selected = [numbered, *(_column(name, about, layer) for name, about in layer.attributes().items())]
    for field, title in PROVENANCE.items():
        columns[ROW_COLUMNS[field]] = title
        said = f"(SELECT {field} FROM loads WHERE loads.load_id = layer.load_id)"  # noqa: S608 - declared names
        selected.append(f"{said} AS {ROW_COLUMNS[field]}")
    if layer.geometry_kind is not None:
        columns["geom"] = f"{layer.geometry_kind}, EPSG:4326"
        selected.append("layer.geom")
    if layer.judged:
        template = SQL / "plots_view.sql"
        columns["run_id"] = "Scoring run"
        columns |= {outcome.name: _comment(outcome) for outcome in RESULTS}
    else:
        template = SQL / "layer_view.sql"
    statement = template.read_text().format(
        view=view,
        table=_name(table),
        columns=", ".join(selected),
        results=", ".join(_result(outcome) for outcome in RESULTS),
    )
    comments = [f"COMMENT ON VIEW {view} IS {_literal(layer.card.about)}"]
    comments += [f"COMMENT ON COLUMN {view}.{_name(name)} IS {_literal(said)}" for name, said in columns.items()]
    read_only = (SQL / "read_only_view.sql").read_text().format(view=view, function=REFUSE_EDIT)
    return [statement, read_only, *comments]


def styles_are_ours(connection: Connection) -> bool:
    """Return whether the table QGIS looks for styles in may be made or filled; another user may own it."""
    owned = "SELECT pg_has_role(relowner, 'USAGE') FROM pg_class WHERE oid = to_regclass('public.layer_styles')"
    return connection.execute(text(owned)).scalar() is not False


def style_statements() -> list[str]:
    """Return the statements that tell QGIS in which colours to open the views: those of the maps."""
    schema = _literal(QGIS_SCHEMA)
    made, emptied = (SQL / "layer_styles.sql").read_text().format(schema=schema).rsplit(";", 1)
    style = (SQL / "layer_style.sql").read_text()
    return [
        *(made, emptied),
        *(
            style.format(
                schema=schema,
                table=_literal(layer.__tablename__),
                title=_literal(layer.card.title),
                style=_literal(qml(layer, str)),
                about=_literal(layer.card.about),
            )
            for layer in BY_NAME.values()
            if layer.geometry_kind is not None
        ),
    ]


def _column(name: str, about: About, layer: type[Layer]) -> str:
    column, shown = f"layer.{_name(name)}", _name(about.shown_as or name)
    if about.told_as:
        told = " ".join(f"WHEN {_literal(value)} THEN {_literal(as_)}" for value, as_ in about.told_as.items())
        told = f"CASE {column} {told} ELSE {column} END"
        return f"CASE WHEN {_reads(about.exact_for)} THEN {column} ELSE {told} END AS {shown}"
    if about.audience <= layer.card.audience:
        return column if shown == _name(name) else f"{column} AS {shown}"
    return f"CASE WHEN {_reads(about.audience)} THEN {column} END AS {shown}"


def _result(outcome: Outcome) -> str:
    """What people are shown of a result: a score as on every other surface, with one decimal, rounded down."""
    name, value = _name(outcome.name), _value(outcome)
    if outcome.on_offer:
        offered = f"layer.availability IN ({', '.join(map(_literal, ON_OFFER))})"
        return f"CASE WHEN {_reads(PARTNER)} OR {offered} THEN {value} END AS {name}"
    return f"{value} AS {name}"


def _value(outcome: Outcome) -> str:
    kept = result.c[outcome.name]
    if outcome.rounded_down:
        return _sql(cast(shown_score(kept), Float(53)))
    if outcome.missing is not None:
        return _sql(func.coalesce(kept, outcome.missing))
    if outcome.recorded:
        return _sql(shown_record(kept, plot.c[outcome.name]))
    return f"result.{_name(outcome.name)}"


def _reads(audience: Audience) -> str:
    """The condition that whoever opens a view may read what is for an audience."""
    return f"pg_has_role({_literal(VIEWERS[audience])}, 'USAGE')"


def _comment(outcome: Outcome) -> str:
    if not outcome.rounded_down:
        return suitability.columns[outcome.name].comment or ""
    return f"{outcome.title}, one decimal, rounded down" + (f"; empty = {outcome.empty}" if outcome.empty else "")


def _sql(expression: ColumnElement[Any]) -> str:
    dialect = postgresql.dialect()  # type: ignore[no-untyped-call]
    return str(expression.compile(dialect=dialect, compile_kwargs={"literal_binds": True}))


def _title(about: About) -> str:
    return f"{about.title} [{about.unit}]" if about.unit else about.title


def _name(name: str) -> str:
    return sql.Identifier(name).as_string()


def _literal(value: str) -> str:
    return sql.Literal(value).as_string()
