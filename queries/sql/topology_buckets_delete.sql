-- Removes the buckets of a level that start before a time.
-- Parameters: :level, :before.
-- Columns: none.
-- Index: the primary key.
DELETE FROM topology_buckets WHERE level = :level AND start < :before;
