-- Enters a series of the topology; said again, it is replaced.
-- Parameters: the table's columns.
-- Columns: none.
-- Index: the primary key.
INSERT OR REPLACE INTO topology_series (
    id, kind, span_kind, is_mirrored, caller_service, caller_namespace, caller_version, caller_operation,
    callee_service, callee_namespace, callee_version, callee_operation)
VALUES (
    :id, :kind, :span_kind, :is_mirrored, :caller_service, :caller_namespace, :caller_version, :caller_operation,
    :callee_service, :callee_namespace, :callee_version, :callee_operation);
