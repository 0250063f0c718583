-- What is kept of one key that was not revoked. Roles of audiences cannot read api_keys; this lets them check a key whose
-- public half they were given, and nothing else. The digest is of 256 random bits, so it tells nothing.
-- Dropped first, since what a function returns cannot be changed in place.
DROP FUNCTION IF EXISTS api_key_holder(text);
CREATE FUNCTION api_key_holder(wanted text)
RETURNS TABLE (
    digest bytea, audience text, districts text[], label text, expires_at timestamptz, expired boolean
)
LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = public, pg_temp
AS $$
    SELECT k.digest, k.audience::text, k.districts::text[], k.label::text, k.expires_at, k.expires_at <= now()
    FROM api_keys AS k
    WHERE k.key_id = wanted AND k.revoked_at IS NULL
$$;
