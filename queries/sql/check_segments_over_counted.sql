-- Segments whose services count more spans than the segment has.
-- Parameters: none.
-- Columns: segment ID.
-- Index: segment_services_by_segment.
SELECT id
FROM segments
WHERE span_count < (SELECT SUM(span_count) FROM segment_services WHERE segment_id = segments.id);
