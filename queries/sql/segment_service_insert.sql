-- Enters what a segment holds of a service; said again, it is added to what is there.
-- Parameters: :service_id, :segment_id, :span_count, :error_count, :earliest_start, :latest_start.
-- Columns: none.
-- Index: the primary key.
INSERT INTO segment_services (service_id, segment_id, span_count, error_count, earliest_start, latest_start)
VALUES (:service_id, :segment_id, :span_count, :error_count, :earliest_start, :latest_start)
ON CONFLICT (service_id, segment_id) DO UPDATE SET
    span_count = span_count + excluded.span_count,
    error_count = error_count + excluded.error_count,
    earliest_start = COALESCE(MIN(earliest_start, excluded.earliest_start), earliest_start, excluded.earliest_start),
    latest_start = COALESCE(MAX(latest_start, excluded.latest_start), latest_start, excluded.latest_start);
