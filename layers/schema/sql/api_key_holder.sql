-- What is kept of one key in use. Roles of audiences cannot read api_keys; this lets them check a key whose
-- public half they were given, and nothing else. The digest is of 256 random bits, so it tells nothing.
CREATE OR REPLACE FUNCTION api_key_holder(wanted text)
RETURNS TABLE (digest bytea, audience text, districts text[], label text)
LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = public, pg_temp
AS $$
    SELECT k.digest, k.audience::text, k.districts::text[], k.label::text
    FROM api_keys AS k
    WHERE k.key_id = wanted AND k.revoked_at IS NULL
$$;
