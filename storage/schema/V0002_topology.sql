-- The topology: who called whom, how often and how long it took, in buckets of time. Independent of the segments.
--
-- Times are nanoseconds since 1970. Names are the bytes of their UTF-8 text, empty where there is none.
-- What the contents hold is in storage/topology-format.md.

-- What is counted apart. The IDs are dense: that of a series which no bucket has any more is given out again.
CREATE TABLE topology_series (
    id INTEGER PRIMARY KEY,
    kind INTEGER NOT NULL,
    span_kind INTEGER NOT NULL,
    is_mirrored INTEGER NOT NULL,
    caller_service BLOB NOT NULL,
    caller_namespace BLOB NOT NULL,
    caller_version BLOB NOT NULL,
    caller_operation BLOB NOT NULL,
    callee_service BLOB NOT NULL,
    callee_namespace BLOB NOT NULL,
    callee_version BLOB NOT NULL,
    callee_operation BLOB NOT NULL
) STRICT;

-- What the series counted in some time. level: how long that is, in seconds; start: a multiple of it.
CREATE TABLE topology_buckets (
    level INTEGER NOT NULL,
    start INTEGER NOT NULL,
    content BLOB NOT NULL,
    PRIMARY KEY (level, start)
) WITHOUT ROWID, STRICT;

-- Before kept_from buckets of the level were removed; those that are counted later do not come back.
CREATE TABLE topology_levels (
    level INTEGER PRIMARY KEY,
    kept_from INTEGER NOT NULL
) STRICT;

-- Calls whose traces were not settled when their segment was entered, in the order of the changes.
CREATE TABLE topology_waiting (
    id INTEGER PRIMARY KEY,
    cutoff INTEGER NOT NULL,
    content BLOB NOT NULL
) STRICT;
