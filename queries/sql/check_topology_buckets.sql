-- Buckets of the topology of a length that there is none of, that start within one, or are empty or not kept any more.
-- Parameters: none.
-- Columns: start.
-- Index: the primary key of topology_levels.
SELECT start
FROM topology_buckets
WHERE level NOT IN (60, 600, 3600, 86400) OR start % (level * 1000000000) <> 0 OR length(content) = 0
    OR start < (SELECT kept_from FROM topology_levels WHERE topology_levels.level = topology_buckets.level);
