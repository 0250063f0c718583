-- Stores a run of a scenario with its rows, all or nothing, for a staff key of all districts, and enters that; returns its
-- number, nothing where the scenario is no longer the one it was made from.
CREATE OR REPLACE FUNCTION store_scenario_run(used_key text, its_run jsonb, areas jsonb, reaches jsonb, plots jsonb)
RETURNS integer
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = public, pg_temp
AS $$
DECLARE
    number integer;
BEGIN
    PERFORM require_staff_key(used_key);
    INSERT INTO scenario_runs (
        scenario, sha256, year_type, rule, split, rain_method, crop_table, as_of_load, code_version, synthetic, report
    )
    SELECT r.scenario, r.sha256, r.year_type, r.rule, r.split, r.rain_method, r.crop_table, r.as_of_load, r.code_version,
        r.synthetic, r.report
    FROM jsonb_populate_record(NULL::scenario_runs, its_run) AS r
    JOIN scenarios AS s ON s.name = r.scenario AND s.sha256 = r.sha256
    RETURNING run INTO number;
    IF number IS NULL THEN
        RETURN NULL;
    END IF;
    INSERT INTO scenario_areas
    SELECT r.* FROM jsonb_array_elements(areas) AS one,
        LATERAL jsonb_populate_record(NULL::scenario_areas, one || jsonb_build_object('run', number)) AS r;
    INSERT INTO scenario_reaches
    SELECT r.* FROM jsonb_array_elements(reaches) AS one,
        LATERAL jsonb_populate_record(NULL::scenario_reaches, one || jsonb_build_object('run', number)) AS r;
    INSERT INTO scenario_plots
    SELECT r.* FROM jsonb_array_elements(plots) AS one,
        LATERAL jsonb_populate_record(NULL::scenario_plots, one || jsonb_build_object('run', number)) AS r;
    INSERT INTO audit_log (what, key_id, audience, layer, number, rows)
    VALUES ('scenario-run', used_key, 'staff', 'scenario_runs', number, jsonb_array_length(areas));
    RETURN number;
END
$$;
