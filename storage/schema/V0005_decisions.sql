-- What was decided of traces, so that what comes of them later follows it: one row for each sealing that decided any.
-- content: sampling-decisions-format.md.
CREATE TABLE sampling_decisions (
    id INTEGER PRIMARY KEY,
    content BLOB NOT NULL
) STRICT;
