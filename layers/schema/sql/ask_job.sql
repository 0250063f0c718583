-- Takes a job that the service has checked, or finds the one that the same caller asked for with the same words; returns its
-- number, nothing where as many wait as are taken: 5 of one key, 20 of the public, 40 of all. The public asks for what is
-- public and scores nothing; a key asks for what it opens in the district. What is asked for with a key is entered.
CREATE OR REPLACE FUNCTION ask_job(
    its_number text, its_kind text, its_question jsonb, its_digest bytea, its_lang text, used_key text, made_for text,
    place text, kept_s integer, anew boolean
)
RETURNS text
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = public, pg_temp
AS $$
DECLARE
    found text;
BEGIN
    IF its_number !~ '^[0-9a-f]{32}$' OR its_kind NOT IN ('report', 'export', 'score') OR length(its_digest) <> 32
        OR its_lang NOT IN ('tg', 'ru', 'en') OR octet_length(its_question::text) > 20000 OR kept_s NOT BETWEEN 60 AND 604800
        OR made_for NOT IN ('public', 'partner', 'staff') OR (its_kind = 'score' AND made_for <> 'staff')
        OR (its_kind = 'report' AND made_for <> 'public') THEN
        RAISE EXCEPTION USING ERRCODE = 'invalid_parameter_value', MESSAGE = 'no job';
    END IF;
    IF used_key IS NULL AND made_for <> 'public' OR used_key IS NOT NULL AND NOT EXISTS (
        SELECT 1 FROM api_keys AS k
        WHERE k.key_id = used_key AND k.revoked_at IS NULL AND k.expires_at > now()
            AND (made_for = 'public' OR k.audience = made_for AND (k.districts IS NULL OR place = ANY (k.districts)))
    ) THEN
        RAISE EXCEPTION USING ERRCODE = 'insufficient_privilege', MESSAGE = 'a key that opens this is needed';
    END IF;
    -- One at a time, so that the same is not taken twice and two at once do not both find room.
    PERFORM pg_advisory_xact_lock(hashtext('jobs'));
    DELETE FROM jobs AS j WHERE j.expires_at <= now() OR j.job_id IN (
        SELECT o.job_id FROM jobs AS o WHERE o.state IN ('failed', 'stopped') ORDER BY o.ended_at DESC OFFSET 200
    );
    IF anew THEN
        DELETE FROM jobs AS j
        WHERE j.digest = its_digest AND j.key_id IS NOT DISTINCT FROM used_key AND j.state = 'done';
    END IF;
    UPDATE jobs AS j SET askers = j.askers + 1
    WHERE j.digest = its_digest AND j.key_id IS NOT DISTINCT FROM used_key AND NOT j.stop_asked
        AND j.state IN ('waiting', 'running', 'done')
    RETURNING j.job_id INTO found;
    IF found IS NOT NULL THEN
        RETURN found;
    END IF;
    IF (SELECT count(*) FROM jobs AS j WHERE j.state = 'waiting') >= 40
        OR used_key IS NULL AND (SELECT count(*) FROM jobs AS j WHERE j.state = 'waiting' AND j.key_id IS NULL) >= 20
        OR (SELECT count(*) FROM jobs AS j WHERE j.state IN ('waiting', 'running') AND j.key_id = used_key) >= 5 THEN
        RETURN NULL;
    END IF;
    INSERT INTO jobs (job_id, kind, question, digest, lang, district, audience, key_id, expires_at)
    VALUES (its_number, its_kind, its_question, its_digest, its_lang, place, made_for, used_key,
        now() + make_interval(secs => kept_s));
    IF used_key IS NOT NULL THEN
        INSERT INTO audit_log (what, key_id, audience, layer, districts)
        VALUES ('job-asked', used_key, made_for, 'jobs', ARRAY[place]);
    END IF;
    RETURN its_number;
END
$$;
