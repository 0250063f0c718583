-- Refuses a key that is not one of staff for all districts and good now. Nobody is granted it: functions that write for
-- the service call it first, so that no mistake above the database writes with another key.
CREATE OR REPLACE FUNCTION require_staff_key(used_key text)
RETURNS void
LANGUAGE plpgsql STABLE
SET search_path = public, pg_temp
AS $$
BEGIN
    PERFORM require_staff_key_of(used_key, NULL);
END
$$;
