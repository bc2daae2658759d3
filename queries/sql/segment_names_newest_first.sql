-- The sets of names of every segment, the one entered last before the others.
-- Parameters: none.
-- Columns: operations, remote_services, attribute_keys, segment_id.
-- Index: the primary key.
SELECT operations, remote_services, attribute_keys, segment_id
FROM segment_names
ORDER BY segment_id DESC;
