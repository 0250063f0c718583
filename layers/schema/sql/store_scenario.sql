-- Stores a scenario that the service has checked, for a staff key of all districts, and enters that; tells whether it did:
-- one of its name stays, unless it is to be replaced. The login that serves can write nothing else of scenarios by it.
CREATE OR REPLACE FUNCTION store_scenario(
    used_key text, its_name text, its_title text, its_cost double precision, its_file text, its_sha256 text,
    instead boolean
)
RETURNS boolean
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = public, pg_temp
AS $$
DECLARE
    stored integer;
BEGIN
    PERFORM require_staff_key(used_key);
    IF its_name !~ '^[a-z0-9][a-z0-9-]{0,59}$' OR octet_length(its_file) > 64000 THEN
        RAISE EXCEPTION USING ERRCODE = 'invalid_parameter_value', MESSAGE = 'no scenario';
    END IF;
    INSERT INTO scenarios AS s (name, title, cost_usd, file, sha256)
    VALUES (its_name, its_title, its_cost, its_file, its_sha256)
    ON CONFLICT (name) DO UPDATE
        SET title = excluded.title, cost_usd = excluded.cost_usd, file = excluded.file, sha256 = excluded.sha256,
            added_at = now()
        WHERE instead;
    GET DIAGNOSTICS stored = ROW_COUNT;
    IF stored > 0 THEN
        DELETE FROM shown_scenarios WHERE scenario = its_name; -- a run of an earlier file is shown no more
        INSERT INTO audit_log (what, key_id, audience, layer) VALUES ('scenario-added', used_key, 'staff', 'scenarios');
    END IF;
    RETURN stored > 0;
END
$$;
