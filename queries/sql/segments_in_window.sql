-- Segments that may hold spans that start within a window, the latest first.
-- Parameters: :from, :to, both inclusive.
-- Columns: id, earliest_start, latest_start.
-- Index: segments_by_latest_start.
SELECT id, earliest_start, latest_start
FROM segments
WHERE latest_start >= :from AND earliest_start <= :to
ORDER BY latest_start DESC, earliest_start DESC, id DESC;
