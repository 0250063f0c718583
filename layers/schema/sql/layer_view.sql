-- One layer as QGIS shows it: current rows only. Columns come from the declaration.
CREATE VIEW {view} AS
SELECT {columns}
FROM {table} AS layer
WHERE layer.ended_by IS NULL
