PRAGMA application_id = 0x476C696D;  -- "Glim"

-- A conversation is a lane: `due` is since when its oldest work waits (NULL without any), and a lease with
-- `leased_until` guards whoever works on it. Turns up to `reset` are no longer part of its history.
CREATE TABLE conversation (
    id TEXT PRIMARY KEY,
    fence INTEGER NOT NULL DEFAULT 0,
    owner TEXT NOT NULL DEFAULT '',
    leased_until REAL NOT NULL DEFAULT 0,
    due REAL,
    not_before REAL NOT NULL DEFAULT 0,
    reset INTEGER NOT NULL DEFAULT 0
) STRICT, WITHOUT ROWID;

CREATE INDEX conversation_due ON conversation (due) WHERE due IS NOT NULL;
CREATE INDEX conversation_owner ON conversation (owner) WHERE owner <> '';

-- `due` orders the lanes; `not_before` alone holds a turn back, so that a clock set back delays nothing else.
CREATE TABLE turn (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    conversation TEXT NOT NULL REFERENCES conversation (id),
    parent INTEGER REFERENCES turn (id),
    asker TEXT NOT NULL,
    state TEXT NOT NULL DEFAULT 'running' CHECK (state IN ('running', 'finished', 'delivered')),
    since REAL NOT NULL,
    due REAL NOT NULL,
    not_before REAL NOT NULL DEFAULT 0,
    attempt INTEGER NOT NULL DEFAULT 0,
    attempt_before INTEGER NOT NULL DEFAULT 0,
    place TEXT NOT NULL DEFAULT '',
    first INTEGER NOT NULL,
    posts INTEGER NOT NULL DEFAULT 0,
    stop INTEGER NOT NULL DEFAULT 0,
    withdrawn INTEGER NOT NULL DEFAULT 0,
    kind TEXT,
    question TEXT NOT NULL DEFAULT '',
    answer TEXT NOT NULL DEFAULT '',
    outcome TEXT,
    remembered INTEGER NOT NULL GENERATED ALWAYS AS (
        COALESCE(kind IN ('answered', 'stopped'), 0) AND answer <> '' AND NOT withdrawn
    ),
    CHECK ((state = 'running') = (outcome IS NULL))
) STRICT;

CREATE INDEX turn_conversation ON turn (conversation, id);
CREATE INDEX turn_parent ON turn (parent) WHERE parent IS NOT NULL;
CREATE UNIQUE INDEX turn_open ON turn (conversation) WHERE state <> 'delivered';

-- States: waiting → asked (by `turn`); note → context (of `turn`); refused by a full queue; dropped. A key is kept for
-- ever, what was said only as long as it is of use. A turn always keeps one ask: its author and place are the turn's.
CREATE TABLE ask (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    key TEXT NOT NULL UNIQUE,
    conversation TEXT NOT NULL REFERENCES conversation (id),
    platform TEXT NOT NULL,
    workspace TEXT NOT NULL,
    channel TEXT NOT NULL,
    author TEXT NOT NULL,
    at REAL NOT NULL,
    accepted REAL NOT NULL,
    wakes INTEGER NOT NULL,
    alone INTEGER NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('waiting', 'asked', 'note', 'context', 'refused', 'dropped')),
    parent INTEGER REFERENCES turn (id),
    turn INTEGER REFERENCES turn (id),
    body TEXT CHECK (body IS NOT NULL OR state IN ('refused', 'dropped'))
) STRICT;

CREATE INDEX ask_waiting ON ask (conversation, at, seq) WHERE state = 'waiting';
CREATE INDEX ask_note ON ask (conversation, at, seq) WHERE state = 'note';
CREATE INDEX ask_turn ON ask (turn) WHERE turn IS NOT NULL;
CREATE INDEX ask_parent ON ask (parent) WHERE parent IS NOT NULL;
CREATE INDEX ask_author ON ask (conversation, author) WHERE wakes;
CREATE INDEX ask_place ON ask (channel, author) WHERE wakes;
CREATE INDEX ask_direct ON ask (platform, at, channel) WHERE workspace = '';

-- Which file beside the database an attachment of an ask became, by its place among them.
CREATE TABLE file (
    ask TEXT NOT NULL REFERENCES ask (key),
    number INTEGER NOT NULL,
    digest TEXT NOT NULL,
    at REAL NOT NULL,
    PRIMARY KEY (ask, number)
) STRICT, WITHOUT ROWID;

CREATE INDEX file_digest ON file (digest);

CREATE TABLE post (
    turn INTEGER NOT NULL REFERENCES turn (id),
    number INTEGER NOT NULL,
    page INTEGER NOT NULL,
    at REAL NOT NULL,
    platform TEXT NOT NULL,
    ref TEXT NOT NULL DEFAULT '',
    seal INTEGER,
    PRIMARY KEY (turn, number)
) STRICT, WITHOUT ROWID;

CREATE INDEX post_ref ON post (ref) WHERE ref <> '';

-- Tokens by claim, so that a turn that is asked again counts twice and a repeated finish once.
CREATE TABLE usage (
    turn INTEGER NOT NULL REFERENCES turn (id),
    fence INTEGER NOT NULL,
    at REAL NOT NULL,
    model TEXT NOT NULL,
    provider TEXT NOT NULL,
    prompt INTEGER NOT NULL,
    completion INTEGER NOT NULL,
    cached INTEGER NOT NULL,
    reasoning INTEGER NOT NULL,
    PRIMARY KEY (turn, fence)
) STRICT, WITHOUT ROWID;

-- What people think of an answer.
CREATE TABLE rating (
    turn INTEGER NOT NULL REFERENCES turn (id),
    author TEXT NOT NULL,
    score INTEGER NOT NULL CHECK (score IN (-1, 1)),
    at REAL NOT NULL,
    PRIMARY KEY (turn, author)
) STRICT, WITHOUT ROWID;

CREATE TABLE control (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    key TEXT NOT NULL UNIQUE,
    settled INTEGER NOT NULL DEFAULT 0,
    body TEXT NOT NULL
) STRICT;

CREATE INDEX control_unsettled ON control (seq) WHERE NOT settled;

CREATE TABLE setting (
    name TEXT NOT NULL,
    scope TEXT NOT NULL,
    value TEXT NOT NULL,
    PRIMARY KEY (name, scope)
) STRICT, WITHOUT ROWID;

-- What adapters keep for themselves, such as a cursor or a hash.
CREATE TABLE memory (
    name TEXT PRIMARY KEY,
    value TEXT NOT NULL
) STRICT, WITHOUT ROWID;
