-- From when on the buckets of each level are kept; none of a level of which nothing was removed.
-- Parameters: none.
-- Columns: level, kept_from.
-- Index: none: reads all rows.
SELECT level, kept_from FROM topology_levels;
