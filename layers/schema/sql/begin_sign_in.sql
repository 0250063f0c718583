-- Signs a browser in with a staff key that is good now, and enters that; returns until when it is. What a browser holds is
-- not told, only its digest. A key has twenty sign-ins at most: the oldest makes room. Those that are over go, too.
CREATE OR REPLACE FUNCTION begin_sign_in(used_key text, its_digest bytea, seconds integer)
RETURNS timestamptz
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = public, pg_temp
AS $$
DECLARE
    ends timestamptz;
BEGIN
    SELECT least(k.expires_at, now() + make_interval(secs => seconds)) INTO ends FROM api_keys AS k
    WHERE k.key_id = used_key AND k.audience = 'staff' AND k.revoked_at IS NULL AND k.expires_at > now()
    FOR SHARE;
    IF ends IS NULL THEN
        RAISE EXCEPTION USING ERRCODE = 'insufficient_privilege', MESSAGE = 'a staff key is needed';
    END IF;
    IF seconds NOT BETWEEN 1 AND 86400 OR octet_length(its_digest) <> 32 THEN
        RAISE EXCEPTION USING ERRCODE = 'invalid_parameter_value', MESSAGE = 'no sign-in';
    END IF;
    DELETE FROM sign_ins WHERE expires_at <= now() OR digest IN (
        SELECT s.digest FROM sign_ins AS s WHERE s.key_id = used_key ORDER BY s.begun_at DESC OFFSET 19
    );
    INSERT INTO sign_ins (digest, key_id, expires_at) VALUES (its_digest, used_key, ends);
    INSERT INTO audit_log (what, key_id, audience) VALUES ('sign-in', used_key, 'staff');
    RETURN ends;
END
$$;
