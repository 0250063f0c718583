-- Ends the logins of this database that belong to a key which is revoked, has expired or is no longer known: their sessions
-- first, then the logins. A login that cannot be dropped, since it owns something in another database, is shut instead.
-- A service calls it every minute, whoever ends a key at once. The names are made by layers/schema/logins.py.
CREATE OR REPLACE FUNCTION end_key_logins()
RETURNS integer
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = public, pg_temp
AS $$
DECLARE
    login record;
    ended integer := 0;
BEGIN
    -- One at a time: two that drop the same login would fail, and each statement sees what the one before has done.
    PERFORM pg_advisory_xact_lock(hashtext('obod_key_'));
    FOR login IN
        SELECT r.oid, r.rolname FROM pg_roles AS r, pg_database AS d
        WHERE d.datname = current_database() AND starts_with(r.rolname, 'obod_key_' || d.oid || '_') AND r.rolcanlogin
        AND NOT EXISTS (
            SELECT FROM api_keys AS k
            WHERE k.key_id = split_part(r.rolname, '_', 4) AND k.revoked_at IS NULL AND k.expires_at > now()
        )
    LOOP
        PERFORM pg_terminate_backend(s.pid) FROM pg_stat_activity AS s WHERE s.usesysid = login.oid;
        BEGIN
            EXECUTE format('DROP ROLE %I', login.rolname);
        EXCEPTION WHEN dependent_objects_still_exist THEN
            EXECUTE format('ALTER ROLE %I NOLOGIN', login.rolname);
            EXECUTE format('REVOKE obod_public_views, obod_partner_views, obod_staff_views FROM %I', login.rolname);
        END;
        ended := ended + 1;
    END LOOP;
    RETURN ended;
END
$$;
