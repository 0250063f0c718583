-- Stores a remark that the service has checked, for a staff key of the plot's district, and enters that; returns its number,
-- nothing where there is no such plot, 0 where the plot has twenty already. What is remarked is not in the log.
CREATE OR REPLACE FUNCTION store_remark(used_key text, its_plot text, its_text text)
RETURNS integer
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = public, pg_temp
AS $$
DECLARE
    place text;
    number integer;
BEGIN
    SELECT p.district INTO place FROM plots AS p WHERE p.plot_id = its_plot AND p.ended_by IS NULL;
    IF NOT FOUND THEN
        PERFORM require_staff_key_of(used_key, NULL);
        RETURN NULL;
    END IF;
    PERFORM require_staff_key_of(used_key, place);
    IF char_length(its_text) NOT BETWEEN 1 AND 80 OR its_text ~ '[[:cntrl:]]' THEN
        RAISE EXCEPTION USING ERRCODE = 'invalid_parameter_value', MESSAGE = 'no remark';
    END IF;
    -- One at a time on a plot, so that two at once do not both find room.
    PERFORM pg_advisory_xact_lock(hashtext('plot_remarks'), hashtext(its_plot));
    IF (SELECT count(*) FROM plot_remarks AS r WHERE r.plot_id = its_plot AND r.ended_at IS NULL) >= 20 THEN
        RETURN 0;
    END IF;
    INSERT INTO plot_remarks (plot_id, district, text, key_id) VALUES (its_plot, place, its_text, used_key)
    RETURNING remark INTO number;
    INSERT INTO audit_log (what, key_id, audience, layer, number, districts)
    VALUES ('remark-made', used_key, 'staff', 'plot_remarks', number, ARRAY[place]);
    RETURN number;
END
$$;
