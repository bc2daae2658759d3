-- All segments, the one entered first before the others.
-- Parameters: none.
-- Columns: the record of a segment, in its order.
-- Index: the primary key.
SELECT id, file_name, created_at, earliest_start, latest_start, latest_end, span_count, trace_count, error_count,
    byte_count, format_version, thinned_for_age
FROM segments
ORDER BY id;
