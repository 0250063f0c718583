-- Whom a browser that is signed in speaks for, and until when; nothing where that or its key is over.
-- Dropped first, since what a function returns cannot be changed in place.
DROP FUNCTION IF EXISTS sign_in_holder(bytea);
CREATE FUNCTION sign_in_holder(wanted bytea)
RETURNS TABLE (key_id text, audience text, districts text[], label text, expires_at timestamptz)
LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = public, pg_temp
AS $$
    SELECT k.key_id::text, k.audience::text, k.districts::text[], k.label::text, least(s.expires_at, k.expires_at)
    FROM sign_ins AS s JOIN api_keys AS k ON k.key_id = s.key_id
    WHERE s.digest = wanted AND s.expires_at > now()
        AND k.audience = 'staff' AND k.revoked_at IS NULL AND k.expires_at > now()
$$;
