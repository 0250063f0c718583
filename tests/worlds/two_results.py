"""A second result of a district of the region on the page: it judges as the first but for three plots."""

from __future__ import annotations

from sqlalchemy import Connection, text

from tests.worlds import region_on_the_page
from tests.worlds.region_on_the_page import RASHT, plot_id

BETTER, SHUT, OPENED = plot_id(1, "N1"), plot_id(2, "S1"), plot_id(0, "NE")
SECOND = """
INSERT INTO scoring_runs (run_id, scheme, scheme_text, scheme_sha256, districts, status, as_of, as_of_load,
    layer_versions, criteria, synthetic, code_version, rule, finished_at, plots, published)
SELECT {run}, 'other-2026', scheme_text, 'x', ARRAY['{district}'], status, as_of, as_of_load, layer_versions, criteria,
    synthetic, code_version, rule, finished_at, plots, {published} FROM scoring_runs WHERE run_id = 1
"""
CHANGED = {  # plot -> what the second run found of it
    BETTER: "class = 'S2', limiting = 'slope_pct', settled = true, outlook = NULL",
    SHUT: "class = 'N2', shut_by = 'mine_confirmed', limiting = NULL, settled = true, score = NULL",
    OPENED: "class = 'S3', settled = true, outlook = NULL, limiting = 'water_adequacy'",
}


DRAFT = 3  # number of a run like the second that was never published


def fill(connection: Connection) -> None:
    """Store the region with a second, published result of Rasht, and a draft beside."""
    region_on_the_page.fill(connection)
    second_run(connection, 2, published=True)
    second_run(connection, DRAFT, published=False)
    published = "INSERT INTO publications (district, scheme, scenario, run_id, shown) VALUES"
    connection.execute(text(f"{published} ('{RASHT}', 'other-2026', '', 2, false)"))


def second_run(connection: Connection, run: int, *, published: bool) -> None:
    """Store a run of Rasht that judges as the first but for three plots."""
    connection.execute(text(SECOND.format(run=run, district=RASHT, published=str(published).lower())))
    connection.execute(text(f"CREATE TABLE suitability_run_{run} PARTITION OF suitability FOR VALUES IN ({run})"))
    names = connection.execute(
        text(
            "SELECT attname FROM pg_attribute WHERE attrelid = 'suitability'::regclass "
            "AND attnum > 0 AND NOT attisdropped AND attgenerated = ''"
        )
    ).scalars()
    kept = [f'"{name}"' for name in names if name not in ("base_run", "from_run", "until_run")]
    columns = ", ".join(kept)
    copied = f"INSERT INTO suitability (base_run, from_run, {columns}) SELECT {run}, {run}, {columns} FROM suitability"
    connection.execute(text(f"{copied} WHERE base_run = 1 AND district = '{RASHT}'"))
    for plot, found in CHANGED.items():
        number = f"(SELECT plot_no FROM plots WHERE plot_id = '{plot}')"
        connection.execute(text(f"UPDATE suitability SET {found} WHERE base_run = {run} AND plot_no = {number}"))
    counted = "INSERT INTO run_hectares (run_id, district, jamoat, class, plots, area_ha)"
    by = "SELECT base_run, district, coalesce(jamoat, ''), class, count(*), sum(area_ha) FROM suitability"
    connection.execute(text(f"{counted} {by} WHERE base_run = {run} GROUP BY 1, 2, 3, 4"))
