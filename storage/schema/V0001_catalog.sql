-- The catalog: which segments there are, and which services and names each of them holds. No row per span.
--
-- Times are nanoseconds since 1970, NULL where no span has a start. Names are the bytes of their UTF-8 text, so that
-- they compare byte by byte and may hold any character: read them with CAST(name AS TEXT).

-- One sealed segment file. Names beyond the catalog's limits are counted here and are in no other table.
CREATE TABLE segments (
    id INTEGER PRIMARY KEY,
    file_name TEXT NOT NULL UNIQUE,
    created_at INTEGER NOT NULL,
    earliest_start INTEGER,
    latest_start INTEGER,
    latest_end INTEGER,
    span_count INTEGER NOT NULL,
    trace_count INTEGER NOT NULL,
    error_count INTEGER NOT NULL,
    byte_count INTEGER NOT NULL,
    format_version INTEGER NOT NULL,
    unlisted_service_count INTEGER NOT NULL,
    unlisted_name_count INTEGER NOT NULL
) STRICT;

-- Serves segments_in_window.sql.
CREATE INDEX segments_by_latest_start ON segments (latest_start, earliest_start);

-- Serves segments_with_unlisted_services.sql; empty unless services are beyond the limits.
CREATE INDEX segments_unlisted ON segments (latest_start, earliest_start) WHERE unlisted_service_count > 0;

-- A service that did work in at least one segment.
CREATE TABLE services (
    id INTEGER PRIMARY KEY,
    name BLOB NOT NULL UNIQUE
) STRICT;

-- What one segment holds of one service.
CREATE TABLE segment_services (
    service_id INTEGER NOT NULL REFERENCES services,
    segment_id INTEGER NOT NULL REFERENCES segments ON DELETE CASCADE,
    span_count INTEGER NOT NULL,
    error_count INTEGER NOT NULL,
    earliest_start INTEGER,
    latest_start INTEGER,
    PRIMARY KEY (service_id, segment_id)
) WITHOUT ROWID, STRICT;

-- Serves services_of_segment.sql, and the removal of a segment's rows.
CREATE INDEX segment_services_by_segment ON segment_services (segment_id);

-- A name and kind of spans of a service. The index of the UNIQUE serves operation_find.sql and the lists.
CREATE TABLE operations (
    id INTEGER PRIMARY KEY,
    service_id INTEGER NOT NULL REFERENCES services ON DELETE CASCADE,
    name BLOB NOT NULL,
    kind INTEGER NOT NULL,
    UNIQUE (service_id, name, kind)
) STRICT;

-- A service that spans of a service name as the other side of a call.
CREATE TABLE remote_services (
    id INTEGER PRIMARY KEY,
    service_id INTEGER NOT NULL REFERENCES services ON DELETE CASCADE,
    name BLOB NOT NULL,
    UNIQUE (service_id, name)
) STRICT;

CREATE TABLE attribute_keys (
    id INTEGER PRIMARY KEY,
    name BLOB NOT NULL UNIQUE
) STRICT;

-- The names that occur in one segment: of each list the set of row IDs, as ranges (storage/README.md, "Sets of IDs").
-- A name that is in no set any more is forgotten.
CREATE TABLE segment_names (
    segment_id INTEGER PRIMARY KEY REFERENCES segments ON DELETE CASCADE,
    operations BLOB NOT NULL,
    remote_services BLOB NOT NULL,
    attribute_keys BLOB NOT NULL
) STRICT;

-- first_journal_part: what parts of the journal with a lower number hold is in segments.
-- next_segment_id: higher than every ID that was ever given to a segment.
-- store_id: a random UUID, the store's own.
CREATE TABLE state (
    key TEXT PRIMARY KEY,
    value ANY NOT NULL
) WITHOUT ROWID, STRICT;

INSERT INTO state (key, value) VALUES
    ('first_journal_part', 0),
    ('next_segment_id', 1),
    ('store_id',
        lower(hex(randomblob(4)) || '-' || hex(randomblob(2)) || '-4' || substr(hex(randomblob(2)), 2) || '-'
            || substr('89ab', 1 + (random() & 3), 1) || substr(hex(randomblob(2)), 2) || '-' || hex(randomblob(6))));
