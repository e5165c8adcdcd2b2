-- One row an event. `body` is the whole event as JSON; the columns repeat what every event carries.
CREATE TABLE events (
    id              INTEGER PRIMARY KEY,  -- the order of appending
    run             TEXT    NOT NULL,
    seq             INTEGER NOT NULL,
    event           TEXT    NOT NULL,
    time            REAL    NOT NULL,     -- seconds since the epoch
    root            TEXT    NOT NULL,
    task_type       TEXT    NOT NULL,
    net             TEXT    NOT NULL,
    arm             TEXT    NOT NULL,
    seed            INTEGER NOT NULL,
    T               INTEGER NOT NULL,
    n               INTEGER NOT NULL,
    N_sup           INTEGER NOT NULL,
    step            INTEGER NOT NULL,
    -- spent by the run so far
    seconds         REAL    NOT NULL,
    cpu_seconds     REAL    NOT NULL,
    work            REAL    NOT NULL,
    net_calls       INTEGER NOT NULL,
    y_updates       INTEGER NOT NULL,
    screened        INTEGER NOT NULL,
    confirmed       INTEGER NOT NULL,
    cold            INTEGER NOT NULL,
    tokens          INTEGER NOT NULL,
    money           REAL    NOT NULL,
    -- tests, by the best verdict so far
    targets         INTEGER NOT NULL,
    failing         INTEGER NOT NULL,
    regressions     INTEGER NOT NULL,
    passed          INTEGER NOT NULL,
    total           INTEGER NOT NULL,
    skills          TEXT    NOT NULL,     -- a JSON array of edit families
    halt            TEXT,                 -- the reason, once there is one
    -- what only some kinds of event carry
    best            INTEGER,              -- step: whether y is the best so far
    decision        TEXT,                 -- halted: the reason; decided: what the user did
    solved          INTEGER,              -- halted
    depth           INTEGER,              -- halted: supervision steps used
    schema_version  INTEGER NOT NULL,
    product_version TEXT    NOT NULL,
    body            TEXT    NOT NULL,
    UNIQUE (run, seq)
);

CREATE INDEX events_by_kind ON events (event);

CREATE TRIGGER events_are_never_changed BEFORE UPDATE ON events
BEGIN
    SELECT RAISE(ABORT, 'the log of events is append-only');
END;

CREATE TRIGGER events_are_never_deleted BEFORE DELETE ON events
BEGIN
    SELECT RAISE(ABORT, 'the log of events is append-only');
END;

-- REPLACE deletes without asking the trigger above.
CREATE TRIGGER events_are_never_replaced BEFORE INSERT ON events
WHEN EXISTS (SELECT 1 FROM events WHERE id = NEW.id OR (run = NEW.run AND seq = NEW.seq))
BEGIN
    SELECT RAISE(ABORT, 'the log of events is append-only');
END;

-- One row a run. What a run is called comes from its last event: the task type is known after the baseline.
CREATE VIEW runs AS
WITH span AS (
    SELECT
        run,
        MIN(time) AS started,
        MAX(seconds) AS seconds,
        MAX(cpu_seconds) AS cpu_seconds,
        MAX(work) AS work,
        MAX(net_calls) AS net_calls,
        MAX(CASE WHEN event <> 'decided' THEN seq END) AS last_seq,
        MAX(CASE WHEN event = 'halted' THEN seq END) AS halted_seq,
        MAX(CASE WHEN event = 'decided' THEN seq END) AS decided_seq
    FROM events
    GROUP BY run
)
SELECT
    span.run,
    span.started,
    last.root,
    last.task_type,
    last.net,
    last.arm,
    last.seed,
    last.T,
    last.n,
    last.N_sup,
    halted.solved,
    halted.decision AS halt,
    halted.depth,
    decided.decision AS decided,
    span.work,
    span.seconds,
    span.cpu_seconds,
    span.net_calls,
    last.product_version
FROM span
JOIN events AS last ON last.run = span.run AND last.seq = span.last_seq
LEFT JOIN events AS halted ON halted.run = span.run AND halted.seq = span.halted_seq
LEFT JOIN events AS decided ON decided.run = span.run AND decided.seq = span.decided_seq;

-- One row a judged supervision step.
CREATE VIEW steps AS
SELECT
    run,
    step,
    time,
    task_type,
    net,
    arm,
    best,
    skills,
    targets,
    failing AS best_failing,
    regressions AS best_regressions,
    work,
    seconds
FROM events
WHERE event = 'step';

-- One row a task type, over the runs on which the tests had the last word: plain rates beside the EMAs.
CREATE VIEW task_types AS
SELECT
    task_type,
    COUNT(*) AS runs,
    SUM(solved) AS solved,
    AVG(solved) AS success,
    AVG(CASE WHEN solved THEN depth END) AS depth,
    AVG(work) AS work
FROM runs
WHERE halt NOT IN ('cancelled', 'broken', 'nothing to refine', 'confidence')
GROUP BY task_type;
