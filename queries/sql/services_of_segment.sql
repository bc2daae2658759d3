-- The services that a segment holds.
-- Parameters: :segment_id.
-- Columns: service_id.
-- Index: segment_services_by_segment.
SELECT service_id FROM segment_services WHERE segment_id = :segment_id;
