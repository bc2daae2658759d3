-- How many names of stored segments were beyond the limits, each once a segment.
-- Parameters: none.
-- Columns: services, other names.
-- Index: none: reads all segments.
SELECT COALESCE(SUM(unlisted_service_count), 0), COALESCE(SUM(unlisted_name_count), 0)
FROM segments;
