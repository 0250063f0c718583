-- Takes a remark back for a staff key of its district, and enters that; tells whether there was one in force. It is kept as
-- ended until the owner erases it.
CREATE OR REPLACE FUNCTION end_remark(used_key text, its_plot text, which integer)
RETURNS boolean
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = public, pg_temp
AS $$
DECLARE
    place text;
BEGIN
    SELECT r.district INTO place FROM plot_remarks AS r
    WHERE r.remark = which AND r.plot_id = its_plot AND r.ended_at IS NULL FOR UPDATE;
    IF NOT FOUND THEN
        RETURN false;
    END IF;
    PERFORM require_staff_key_of(used_key, place);
    UPDATE plot_remarks SET ended_at = now(), ended_by = used_key WHERE remark = which;
    INSERT INTO audit_log (what, key_id, audience, layer, number, districts)
    VALUES ('remark-ended', used_key, 'staff', 'plot_remarks', which, ARRAY[place]);
    RETURN true;
END
$$;
