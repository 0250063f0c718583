-- Stores a scheme that the service has checked, for a staff key of all districts, and enters that; tells whether it did: one
-- of its name stays. At most 200 are kept, so that no key fills the disk; nothing where there are.
CREATE OR REPLACE FUNCTION store_scheme(used_key text, its_name text, its_file text, its_sha256 text)
RETURNS boolean
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = public, pg_temp
AS $$
DECLARE
    stored integer;
BEGIN
    PERFORM require_staff_key(used_key);
    IF its_name !~ '^staff-[a-z0-9][a-z0-9-]{0,39}$' OR octet_length(its_file) > 64000 THEN
        RAISE EXCEPTION USING ERRCODE = 'invalid_parameter_value', MESSAGE = 'no scheme';
    END IF;
    -- One at a time, so that two at once do not both find room.
    PERFORM pg_advisory_xact_lock(hashtext('stored_schemes'));
    IF (SELECT count(*) FROM stored_schemes) >= 200 THEN
        RETURN NULL;
    END IF;
    INSERT INTO stored_schemes (name, file, sha256, key_id) VALUES (its_name, its_file, its_sha256, used_key)
    ON CONFLICT (name) DO NOTHING;
    GET DIAGNOSTICS stored = ROW_COUNT;
    IF stored > 0 THEN
        INSERT INTO audit_log (what, key_id, audience, layer, rows)
        VALUES ('scheme-stored', used_key, 'staff', 'stored_schemes', 1);
    END IF;
    RETURN stored > 0;
END
$$;
