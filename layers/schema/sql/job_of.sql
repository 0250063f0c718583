-- Tells of a job: to anybody where it was asked for without a key, else to the key it was asked with while that is good.
CREATE OR REPLACE FUNCTION job_of(its_number text, used_key text)
RETURNS TABLE (
    job_id text, kind text, question jsonb, lang text, district text, audience text, key_id text, askers integer,
    state text, stop_asked boolean, stage text, done integer, total integer, asked_at timestamptz,
    started_at timestamptz, ended_at timestamptz, expires_at timestamptz, note text, note_lang text, file_name text,
    stored_as text, media_type text, size_bytes bigint, sha256 text, rows bigint, run_id integer, before integer,
    has_worker boolean
)
LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = public, pg_temp
AS $$
    SELECT j.job_id, j.kind, j.question, j.lang, j.district, j.audience, j.key_id, j.askers, j.state, j.stop_asked,
        j.stage, j.done, j.total, j.asked_at, j.started_at, j.ended_at, j.expires_at, j.note, j.note_lang, j.file_name,
        j.stored_as, j.media_type, j.size_bytes, j.sha256, j.rows, j.run_id,
        (
            SELECT count(*)::integer FROM jobs AS o
            WHERE j.state = 'waiting' AND o.job_id <> j.job_id AND (o.state = 'running' OR o.state = 'waiting'
                AND ((o.key_id IS NULL), o.asked_at, o.job_id) < ((j.key_id IS NULL), j.asked_at, j.job_id))
        ),
        has_job_worker()
    FROM jobs AS j
    WHERE j.job_id = its_number AND j.expires_at > now() AND (j.key_id IS NULL OR j.key_id = used_key AND EXISTS (
        SELECT FROM api_keys AS k WHERE k.key_id = used_key AND k.revoked_at IS NULL AND k.expires_at > now()
    ))
$$;
