-- Refuses a key that is not one of staff for all districts and good now. Nobody is granted it: functions that write for
-- the service call it first, so that no mistake above the database writes with another key.
CREATE OR REPLACE FUNCTION require_staff_key(used_key text)
RETURNS void
LANGUAGE plpgsql STABLE
SET search_path = public, pg_temp
AS $$
BEGIN
    IF NOT EXISTS (
        SELECT 1 FROM api_keys AS k
        WHERE k.key_id = used_key AND k.audience = 'staff' AND k.districts IS NULL
            AND k.revoked_at IS NULL AND k.expires_at > now()
    ) THEN
        RAISE EXCEPTION USING ERRCODE = 'insufficient_privilege', MESSAGE = 'a staff key of all districts is needed';
    END IF;
END
$$;
