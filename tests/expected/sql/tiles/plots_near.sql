SELECT array_agg(plot_no), array_agg(district), array_agg(plot_id), string_agg(ST_AsEWKB(tile_geom, 'NDR'), ''::bytea) FROM (SELECT plot_no, plot_id, coalesce(district, '') AS district, tile_geom FROM "plots" WHERE ended_by IS NULL AND geom && ST_MakeEnvelope(%(west)s, %(south)s, %(east)s, %(north)s, 4326) AND (%(district)s::text IS NULL OR district = %(district)s::text) LIMIT %(most)s) AS here;
-- district = None
-- east = 68.79673004150389
-- most = 1251
-- north = 37.84042796619094
-- south = 37.822531238600334
-- west = 68.77407073974608

SELECT plots.plot_no, suitability.walk_minutes AS walk_minutes, suitability.salinity_ds_m AS salinity_ds_m
FROM plots LEFT OUTER JOIN (VALUES ('TJ-KT-01', 7, 7), ('TJ-RR-02', 9, 8)) AS served (district, run_id, base_run) ON plots.district = served.district LEFT OUTER JOIN suitability ON suitability.plot_no = plots.plot_no AND suitability.district = plots.district AND suitability.base_run IN (7, 8) AND suitability.base_run = served.base_run AND suitability.from_run <= served.run_id AND (suitability.until_run IS NULL OR suitability.until_run > served.run_id) LEFT OUTER JOIN robustness ON robustness.run_id = served.run_id AND robustness.plot_no = suitability.plot_no
WHERE plots.ended_by IS NULL AND (plots.geom && ST_MakeEnvelope(68.77407073974608, 37.822531238600334, 68.79673004150389, 37.84042796619094, 4326));
