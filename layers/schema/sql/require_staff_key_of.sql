-- Refuses a key that is not one of staff for a district and good now; a key of all districts is, also where a plot is in
-- none. Nobody is granted it: functions that write for the service call it first.
CREATE OR REPLACE FUNCTION require_staff_key_of(used_key text, place text)
RETURNS void
LANGUAGE plpgsql STABLE
SET search_path = public, pg_temp
AS $$
BEGIN
    IF NOT EXISTS (
        SELECT 1 FROM api_keys AS k
        WHERE k.key_id = used_key AND k.audience = 'staff' AND (k.districts IS NULL OR place = ANY (k.districts))
            AND k.revoked_at IS NULL AND k.expires_at > now()
    ) THEN
        RAISE EXCEPTION USING ERRCODE = 'insufficient_privilege', MESSAGE = 'a staff key of the district is needed';
    END IF;
END
$$;
