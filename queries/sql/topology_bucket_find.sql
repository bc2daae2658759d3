-- What a bucket of the topology holds.
-- Parameters: :level, :start.
-- Columns: content.
-- Index: the primary key.
SELECT content FROM topology_buckets WHERE level = :level AND start = :start;
