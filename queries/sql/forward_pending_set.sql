-- Says how much of a segment a destination has; of one that it does not lack nothing.
-- Parameters: :destination_id, :segment_id, :done_span_count.
-- Columns: none.
-- Index: the primary key.
UPDATE forward_pending SET done_span_count = :done_span_count
WHERE destination_id = :destination_id AND segment_id = :segment_id;
