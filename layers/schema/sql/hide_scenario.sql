-- Shows a scenario no more, of no kind of year and rule, for a staff key of all districts, and enters that; returns how
-- many of its runs were shown.
CREATE OR REPLACE FUNCTION hide_scenario(used_key text, its_name text)
RETURNS integer
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = public, pg_temp
AS $$
DECLARE
    hidden integer;
BEGIN
    PERFORM require_staff_key(used_key);
    DELETE FROM shown_scenarios WHERE scenario = its_name;
    GET DIAGNOSTICS hidden = ROW_COUNT;
    IF hidden > 0 THEN
        INSERT INTO audit_log (what, key_id, audience, layer, rows)
        VALUES ('scenario-hidden', used_key, 'staff', 'shown_scenarios', hidden);
    END IF;
    RETURN hidden;
END
$$;
