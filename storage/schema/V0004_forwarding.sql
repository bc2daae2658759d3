-- Following the store: which segments each destination, a cluster that is handed all spans, does not have yet.

-- A destination that was ever followed for; forgotten only on request.
CREATE TABLE forward_destinations (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE
) STRICT;

-- A segment that a destination lacks. done_span_count: how many of its spans, in the segment's order, it has.
CREATE TABLE forward_pending (
    destination_id INTEGER NOT NULL REFERENCES forward_destinations ON DELETE CASCADE,
    segment_id INTEGER NOT NULL REFERENCES segments ON DELETE CASCADE,
    done_span_count INTEGER NOT NULL,
    PRIMARY KEY (destination_id, segment_id)
) WITHOUT ROWID, STRICT;

-- Serves forward_pending_of_segment.sql, and the removal of a segment's rows.
CREATE INDEX forward_pending_by_segment ON forward_pending (segment_id);

-- The calls of an interval of time as a destination was told of them. start: nanoseconds since 1970; hash: of the
-- document; content: the document, as long as the destination lacks it.
CREATE TABLE forward_calls (
    destination_id INTEGER NOT NULL REFERENCES forward_destinations ON DELETE CASCADE,
    start INTEGER NOT NULL,
    hash INTEGER NOT NULL,
    content BLOB,
    PRIMARY KEY (destination_id, start)
) WITHOUT ROWID, STRICT;

-- forward_hash_key: of the keyed hash that hides attributes from destinations; hex digits.
INSERT INTO state (key, value) VALUES ('forward_hash_key', lower(hex(randomblob(16))));
