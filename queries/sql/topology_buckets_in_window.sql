-- The buckets of a level that start within a window.
-- Parameters: :level, :from, inclusive, :to, exclusive.
-- Columns: start, content; ascending by start.
-- Index: the primary key.
SELECT start, content FROM topology_buckets WHERE level = :level AND start >= :from AND start < :to ORDER BY start;
