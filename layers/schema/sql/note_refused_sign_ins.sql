-- Enters in the audit log how many keys were refused on the page since that was last entered. None is named: what was typed
-- may be anything, a password of something else as well.
CREATE OR REPLACE FUNCTION note_refused_sign_ins(how_many bigint)
RETURNS void
LANGUAGE sql VOLATILE SECURITY DEFINER
SET search_path = public, pg_temp
AS $$
    INSERT INTO audit_log (what, rows) VALUES ('sign-in-refused', how_many)
$$;
