-- Enters a segment; one that has the ID or the file name already is an error.
-- Parameters: the record's columns, :unlisted_service_count, :unlisted_name_count.
-- Columns: none.
-- Index: the primary key.
INSERT INTO segments (
    id, file_name, created_at, earliest_start, latest_start, latest_end, span_count, trace_count, error_count,
    byte_count, format_version, thinned_for_age, unlisted_service_count, unlisted_name_count)
VALUES (
    :id, :file_name, :created_at, :earliest_start, :latest_start, :latest_end, :span_count, :trace_count, :error_count,
    :byte_count, :format_version, :thinned_for_age, :unlisted_service_count, :unlisted_name_count);
