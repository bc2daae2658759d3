-- Removes every segment.
-- Parameters: none.
-- Columns: none.
-- Index: segment_services_by_segment.
DELETE FROM segments;
