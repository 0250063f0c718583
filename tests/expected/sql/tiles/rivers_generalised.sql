SELECT ST_AsMVT(features, 'rivers', 4096, 'shape', 'gid') AS "ST_AsMVT_1", count(*) AS count_1
FROM (SELECT ST_AsMVTGeom(ST_Simplify(rivers.tile_geom, 152.8740565703525, true), ST_MakeEnvelope(7631472.903991997, 4539747.983913188, 7670608.662474007, 4578883.742395198, 3857), 4096, 64, true) AS shape, rivers.gid AS gid, rivers.code AS code, rivers.name_en AS name_en, rivers.name_tg AS name_tg, rivers.name_ru AS name_ru, rivers.stream_class AS stream_class
FROM rivers
WHERE rivers.ended_by IS NULL AND (rivers.geom && ST_MakeEnvelope(68.5491943359375, 37.71424496764926, 68.9117431640625, 38.00049145082288, 4326)) AND (rivers.stream_class IS NULL OR (rivers.stream_class NOT IN (7, 8, 9, 10))) AND greatest(ST_XMax(Box2D(rivers.tile_geom)) - ST_XMin(Box2D(rivers.tile_geom)), ST_YMax(Box2D(rivers.tile_geom)) - ST_YMin(Box2D(rivers.tile_geom))) >= 152.8740565703525 ORDER BY rivers.gid) AS features
WHERE features.shape IS NOT NULL;
