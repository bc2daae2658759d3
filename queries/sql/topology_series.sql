-- All series of the topology.
-- Parameters: none.
-- Columns: id, kind, span_kind, is_mirrored, the names of the caller, then of the callee; ascending by ID.
-- Index: the primary key.
SELECT id, kind, span_kind, is_mirrored, caller_service, caller_namespace, caller_version, caller_operation,
    callee_service, callee_namespace, callee_version, callee_operation
FROM topology_series
ORDER BY id;
