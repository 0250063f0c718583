-- The trigger of the statement refuses where no row matches too; it fires only beside one for rows.
CREATE TRIGGER read_only INSTEAD OF INSERT OR UPDATE OR DELETE ON {view}
FOR EACH ROW EXECUTE FUNCTION {function}();
CREATE TRIGGER read_only_statement BEFORE INSERT OR UPDATE OR DELETE ON {view}
FOR EACH STATEMENT EXECUTE FUNCTION {function}()
