-- Stops a job that waits, and has one that is being made stopped by whoever makes it, for whoever may be told of it; tells
-- whether it did. What several of the public asked for goes on: none of them may take it from the others.
CREATE OR REPLACE FUNCTION stop_job(its_number text, used_key text)
RETURNS boolean
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = public, pg_temp
AS $$
DECLARE
    place text;
    made_for text;
BEGIN
    UPDATE jobs AS j SET
        stop_asked = true,
        state = CASE j.state WHEN 'waiting' THEN 'stopped' ELSE j.state END,
        ended_at = CASE j.state WHEN 'waiting' THEN now() ELSE j.ended_at END
    WHERE j.job_id = (SELECT t.job_id FROM job_of(its_number, used_key) AS t) AND j.state IN ('waiting', 'running')
        AND (j.key_id IS NOT NULL OR j.askers = 1)
    RETURNING j.district, j.audience INTO place, made_for;
    IF NOT FOUND THEN
        RETURN EXISTS (SELECT FROM job_of(its_number, used_key) AS t WHERE t.state NOT IN ('waiting', 'running'));
    END IF;
    IF used_key IS NOT NULL THEN
        INSERT INTO audit_log (what, key_id, audience, layer, districts)
        VALUES ('job-stopped', used_key, made_for, 'jobs', ARRAY[place]);
    END IF;
    RETURN true;
END
$$;
