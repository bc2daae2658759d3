-- Segments that a destination lacks, but of which it has all spans, or an impossible number.
-- Parameters: none.
-- Columns: segment_id.
-- Index: the primary key of segments.
SELECT forward_pending.segment_id
FROM forward_pending
JOIN segments ON segments.id = forward_pending.segment_id
WHERE done_span_count < 0 OR done_span_count > span_count OR (done_span_count = span_count AND span_count > 0);
