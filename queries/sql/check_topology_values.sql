-- Series of the topology with values that there are none of.
-- Parameters: none.
-- Columns: id.
-- Index: none: reads all rows.
SELECT id
FROM topology_series
WHERE id NOT BETWEEN 1 AND 16777215 OR kind NOT BETWEEN 0 AND 255 OR span_kind NOT BETWEEN 0 AND 255
    OR is_mirrored NOT IN (0, 1);
