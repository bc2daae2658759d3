-- Services that no segment has, which should have been forgotten.
-- Parameters: none.
-- Columns: id.
-- Index: the primary key of segment_services.
SELECT id
FROM services
WHERE NOT EXISTS (SELECT 1 FROM segment_services WHERE service_id = services.id);
