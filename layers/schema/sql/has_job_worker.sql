-- Tells whether a process works on jobs now: it holds the lock of layers/records/job_work.py (1331849826 = 0x4F626A62).
CREATE OR REPLACE FUNCTION has_job_worker()
RETURNS boolean
LANGUAGE sql VOLATILE
SET search_path = public, pg_temp
AS $$
    SELECT EXISTS (
        SELECT FROM pg_locks AS l, pg_database AS d
        WHERE d.datname = current_database() AND l.database = d.oid AND l.locktype = 'advisory' AND l.granted
            AND l.classid = 0 AND l.objid = 1331849826 AND l.objsubid = 1
    )
$$;
