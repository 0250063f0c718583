SELECT served.run_id FROM unnest(CAST(NULL AS integer[])) AS served(run_id) WHERE EXISTS (SELECT FROM suitability_cells c WHERE c.run_id = served.run_id AND c.zoom = NULL);
-- runs = [7, 9]
-- zoom = 11

SELECT c.x, c.y, c.class, sum(c.plots), sum(c.area_ha::float8) FROM suitability_cells c JOIN unnest(CAST(NULL AS text[]), CAST(NULL AS integer[])) AS served(district, run_id) ON c.run_id = served.run_id AND c.district = served.district WHERE c.run_id = ANY(CAST(NULL AS integer[])) AND c.zoom = NULL AND c.x BETWEEN NULL AND NULL AND c.y BETWEEN NULL AND NULL GROUP BY c.x, c.y, c.class;
-- districts = []
-- last_x = 22655
-- last_y = 12671
-- runs = []
-- x = 22592
-- y = 12608
-- zoom = 11

SELECT unjudged.x, unjudged.y, count(*) AS count_1, sum(unjudged.area_ha) AS sum_1
FROM (SELECT CAST(floor(((ST_XMin(Box2D(plots.tile_geom)) + ST_XMax(Box2D(plots.tile_geom))) / CAST(2 AS NUMERIC) + 20037508.342789244) * 0.0008176665341674576) AS INTEGER) AS x, CAST(floor((20037508.342789244 - (ST_YMin(Box2D(plots.tile_geom)) + ST_YMax(Box2D(plots.tile_geom))) / CAST(2 AS NUMERIC)) * 0.0008176665341674576) AS INTEGER) AS y, plots.area_ha AS area_ha
FROM plots
WHERE plots.ended_by IS NULL AND (plots.geom && ST_MakeEnvelope(68.19213867187501, 37.709899354855146, 68.91723632812501, 38.281313079229676, 4326)) AND coalesce(plots.district, '') IN ('TJ-KT-03')) AS unjudged GROUP BY unjudged.x, unjudged.y;

SELECT array_agg(plot_no), array_agg(district), array_agg(area_ha::float8), array_agg(x), array_agg(y) FROM (SELECT plot_no, coalesce(district, '') AS district, area_ha, (ST_XMin(box) + ST_XMax(box)) / 2 AS x, (ST_YMin(box) + ST_YMax(box)) / 2 AS y FROM "plots", box2d(tile_geom) AS box WHERE ended_by IS NULL AND geom && ST_MakeEnvelope(%(west)s, %(south)s, %(east)s, %(north)s, 4326) AND coalesce(district, '') = ANY(%(districts)s::text[])) AS here;
-- districts = ['TJ-KT-01', 'TJ-RR-02']
-- east = 68.91723632812501
-- north = 38.281313079229676
-- south = 37.709899354855146
-- west = 68.19213867187501
