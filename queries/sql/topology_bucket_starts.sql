-- When the buckets of a level start.
-- Parameters: :level.
-- Columns: start, ascending.
-- Index: the primary key, by its first column.
SELECT start FROM topology_buckets WHERE level = :level ORDER BY start;
