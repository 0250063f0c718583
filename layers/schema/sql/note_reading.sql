-- Enters in the audit log that the service gave out what is for partners or staff. The login that serves can read nothing
-- of the log and enter nothing else.
CREATE OR REPLACE FUNCTION note_reading(
    act text, used_key text, read_as text, of_layer text, of_districts text[], count_of_rows bigint
)
RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = public, pg_temp
AS $$
BEGIN
    IF act NOT IN ('list', 'export', 'map') THEN
        RAISE EXCEPTION USING ERRCODE = 'invalid_parameter_value', MESSAGE = 'only reading is entered by a service';
    END IF;
    INSERT INTO audit_log (what, key_id, audience, layer, districts, rows)
    VALUES (act, used_key, read_as, of_layer, of_districts, count_of_rows);
END
$$;
