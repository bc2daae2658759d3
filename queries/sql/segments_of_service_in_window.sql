-- Segments in which a service has spans that may start within a window.
-- Parameters: :service (name), :from, :to, both inclusive.
-- Columns: segment_id, earliest_start, latest_start, both of the service; in no order.
-- Index: the primary key, by its first column; sqlite_autoindex_services_1.
SELECT segment_id, earliest_start, latest_start
FROM segment_services
WHERE service_id = (SELECT id FROM services WHERE name = :service)
    AND latest_start >= :from AND earliest_start <= :to;
