-- Current plots with the result that is served for their district. Columns come from the declarations.
CREATE VIEW {view} AS
SELECT {columns}, CASE WHEN result.plot_no IS NOT NULL THEN shown.run_id END AS run_id, {results}
FROM plots AS layer
LEFT JOIN publications AS shown
    ON shown.district = layer.district AND shown.shown AND shown.scenario = ''
LEFT JOIN scoring_runs AS run
    ON run.run_id = shown.run_id
LEFT JOIN suitability AS result
    ON result.base_run = coalesce(run.base_run, run.run_id) AND result.plot_no = layer.plot_no
    AND result.district = layer.district AND result.from_run <= run.run_id
    AND (result.until_run IS NULL OR result.until_run > run.run_id)
WHERE layer.ended_by IS NULL
