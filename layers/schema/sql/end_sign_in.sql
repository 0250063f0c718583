-- Signs a browser out and enters that; nothing where it is not signed in.
CREATE OR REPLACE FUNCTION end_sign_in(wanted bytea)
RETURNS void
LANGUAGE sql VOLATILE SECURITY DEFINER
SET search_path = public, pg_temp
AS $$
    WITH ended AS (DELETE FROM sign_ins WHERE digest = wanted RETURNING key_id)
    INSERT INTO audit_log (what, key_id, audience) SELECT 'sign-out', e.key_id, 'staff' FROM ended AS e
$$;
