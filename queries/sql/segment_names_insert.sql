-- Enters the sets of names of a segment.
-- Parameters: :segment_id, :operations, :remote_services, :attribute_keys.
-- Columns: none.
-- Index: the primary key.
INSERT INTO segment_names (segment_id, operations, remote_services, attribute_keys)
VALUES (:segment_id, :operations, :remote_services, :attribute_keys);
