-- Current plots with the result that is served for their district. Columns come from the declarations.
CREATE VIEW {view} AS
SELECT {columns}, {results}
FROM plots AS layer
LEFT JOIN publications AS shown
    ON shown.district = layer.district AND shown.shown AND shown.scenario = ''
LEFT JOIN suitability AS result
    ON result.run_id = shown.run_id AND result.plot_no = layer.plot_no
WHERE layer.ended_by IS NULL
