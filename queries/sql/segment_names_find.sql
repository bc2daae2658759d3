-- The sets of names of a segment.
-- Parameters: :segment_id.
-- Columns: operations, remote_services, attribute_keys.
-- Index: the primary key.
SELECT operations, remote_services, attribute_keys
FROM segment_names
WHERE segment_id = :segment_id;
