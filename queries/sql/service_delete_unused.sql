-- Forgets a service that no segment has.
-- Parameters: :id.
-- Columns: none.
-- Index: the primary key; the primary key of segment_services.
DELETE FROM services
WHERE id = :id AND NOT EXISTS (SELECT 1 FROM segment_services WHERE service_id = :id);
