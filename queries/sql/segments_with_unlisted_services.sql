-- Segments within a window that hold services beyond the limits: any service may be in them.
-- Parameters: :from, :to, both inclusive.
-- Columns: id, earliest_start, latest_start; in no order.
-- Index: segments_unlisted.
SELECT id, earliest_start, latest_start
FROM segments
WHERE unlisted_service_count > 0 AND latest_start >= :from AND earliest_start <= :to;
