SELECT c.x, c.y, c.class, sum(c.plots), sum(c.area_ha::float8) FROM suitability_cells c JOIN unnest(CAST(NULL AS text[]), CAST(NULL AS integer[])) AS served(district, run_id) ON c.run_id = served.run_id AND c.district = served.district WHERE c.run_id = ANY(CAST(NULL AS integer[])) AND c.zoom = NULL AND c.x BETWEEN NULL AND NULL AND c.y BETWEEN NULL AND NULL GROUP BY c.x, c.y, c.class;
-- districts = ['TJ-KT-01', 'TJ-RR-02']
-- last_x = 5663
-- last_y = 3167
-- runs = [7, 9]
-- x = 5648
-- y = 3152
-- zoom = 9

SELECT unjudged.x, unjudged.y, count(*) AS count_1, sum(unjudged.area_ha) AS sum_1
FROM (SELECT CAST(floor(((ST_XMin(Box2D(plots.tile_geom)) + ST_XMax(Box2D(plots.tile_geom))) / CAST(2 AS NUMERIC) + 20037508.342789244) * 0.0002044166335418644) AS INTEGER) AS x, CAST(floor((20037508.342789244 - (ST_YMin(Box2D(plots.tile_geom)) + ST_YMax(Box2D(plots.tile_geom))) / CAST(2 AS NUMERIC)) * 0.0002044166335418644) AS INTEGER) AS y, plots.area_ha AS area_ha
FROM plots
WHERE plots.ended_by IS NULL AND (plots.geom && ST_MakeEnvelope(68.19213867187501, 37.709899354855146, 68.91723632812501, 38.281313079229676, 4326)) AND coalesce(plots.district, '') IN ('TJ-KT-03')) AS unjudged GROUP BY unjudged.x, unjudged.y;
