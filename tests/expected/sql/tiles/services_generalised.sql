SELECT ST_AsMVT(features, 'services', 4096, 'shape', 'gid') AS "ST_AsMVT_1", count(*) AS count_1
FROM (SELECT ST_AsMVTGeom(services.tile_geom, ST_MakeEnvelope(7631472.903991997, 4539747.983913188, 7670608.662474007, 4578883.742395198, 3857), 4096, 64, true) AS shape, services.gid AS gid, services.code AS code, services.kind AS kind, services.name_en AS name_en, services.name_tg AS name_tg, services.name_ru AS name_ru
FROM services
WHERE services.ended_by IS NULL AND (services.geom && ST_MakeEnvelope(68.5491943359375, 37.71424496764926, 68.9117431640625, 38.00049145082288, 4326)) AND services.gid IN (SELECT min(services.gid) AS min_1
FROM services
WHERE services.ended_by IS NULL AND (services.geom && ST_MakeEnvelope(68.5491943359375, 37.71424496764926, 68.9117431640625, 38.00049145082288, 4326)) GROUP BY ST_SnapToGrid(services.tile_geom, 152.8740565703525)) ORDER BY services.gid) AS features
WHERE features.shape IS NOT NULL;
