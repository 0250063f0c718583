-- Keeps when a key was last used, at most once a minute however often and by however many processes it is called: a row
-- written for every request would be a wait for every request. A row somebody else is writing is left to them.
CREATE OR REPLACE FUNCTION note_key_use(used text)
RETURNS void
LANGUAGE sql VOLATILE SECURITY DEFINER
SET search_path = public, pg_temp
AS $$
    UPDATE api_keys SET last_used_at = now()
    WHERE key_id = (
        SELECT k.key_id FROM api_keys AS k
        WHERE k.key_id = used AND (k.last_used_at IS NULL OR k.last_used_at <= now() - interval '1 minute')
        FOR UPDATE SKIP LOCKED
    )
$$;
