-- Shows everybody a run of a scenario, in the place of another of its scenario, year and rule, for a staff key of all
-- districts, and enters that; tells whether it did: the run has to be of the file as it is, and the balance the published
-- one of its kind of year and rule.
CREATE OR REPLACE FUNCTION show_scenario(
    used_key text, its_run integer, its_balance integer, its_report jsonb, its_rows jsonb
)
RETURNS boolean
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = public, pg_temp
AS $$
DECLARE
    of_run record;
BEGIN
    PERFORM require_staff_key(used_key);
    SELECT r.scenario, s.title, r.year_type, r.rule, r.synthetic INTO of_run
    FROM scenario_runs AS r JOIN scenarios AS s ON s.name = r.scenario AND s.sha256 = r.sha256
    WHERE r.run = its_run;
    IF NOT FOUND OR NOT EXISTS (
        SELECT FROM area_balance AS a
        WHERE a.balance_id = its_balance AND a.ended_by IS NULL
            AND a.year_type = of_run.year_type AND a.rule = of_run.rule
    ) THEN
        RETURN false;
    END IF;
    DELETE FROM shown_scenarios AS s
    WHERE s.scenario = of_run.scenario AND s.year_type = of_run.year_type AND s.rule = of_run.rule;
    INSERT INTO shown_scenarios (run, scenario, title, year_type, rule, balance_id, synthetic, report)
    VALUES (
        its_run, of_run.scenario, of_run.title, of_run.year_type, of_run.rule, its_balance, of_run.synthetic, its_report
    );
    INSERT INTO shown_scenario_rows (run, layer, code, told)
    SELECT its_run, one ->> 'layer', one ->> 'code', one -> 'told' FROM jsonb_array_elements(its_rows) AS one;
    INSERT INTO audit_log (what, key_id, audience, layer, number, rows)
    VALUES ('scenario-shown', used_key, 'staff', 'shown_scenarios', its_run, jsonb_array_length(its_rows));
    RETURN true;
END
$$;
