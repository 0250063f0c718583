-- PostgreSQL lets a plain view be written through, past loads and undo; every view refuses, to its owner too.
CREATE FUNCTION {function}() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION USING
        ERRCODE = 'object_not_in_prerequisite_state',
        MESSAGE = format(
            'The view %I.%I is read-only: save your edits to a file and load it with '
            '"obod layer load %s FILE --mode update".',
            TG_TABLE_SCHEMA, TG_TABLE_NAME, TG_TABLE_NAME
        );
END
$$
