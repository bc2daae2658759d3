-- Series of the topology that say the same as another one.
-- Parameters: none.
-- Columns: id.
-- Index: none: reads all rows.
SELECT MAX(id)
FROM topology_series
GROUP BY kind, span_kind, is_mirrored, caller_service, caller_namespace, caller_version, caller_operation,
    callee_service, callee_namespace, callee_version, callee_operation
HAVING COUNT(*) > 1;
