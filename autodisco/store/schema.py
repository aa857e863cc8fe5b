"""The tables of a campaign's database and the steps from one version of them to the next.

The version is SQLite's own `user_version`. A database from a newer program is refused rather than guessed at.
"""

import sqlite3
from pathlib import Path

from autodisco.errors import InputError

TABLES = """
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;

CREATE TABLE polymers (
    key TEXT PRIMARY KEY,              -- of the infinite chain
    smiles TEXT NOT NULL,              -- canonical repeat unit
    given TEXT NOT NULL,               -- the string it first came as
    name TEXT NOT NULL DEFAULT '',
    source TEXT NOT NULL CHECK (source IN ('seed', 'dataset', 'grammar', 'generated')),
    iteration INTEGER NOT NULL,
    flags TEXT NOT NULL DEFAULT '[]',
    scores TEXT NOT NULL DEFAULT '{}'
) WITHOUT ROWID;
CREATE INDEX polymers_by_source ON polymers (source, iteration);

CREATE TABLE labels (                  -- values that came with a file; simulated ones are in replicas
    key TEXT PRIMARY KEY REFERENCES polymers,
    conductivity_s_per_cm REAL,
    conductivity_s_per_cm_sem REAL,
    n_replicas INTEGER,
    protocol TEXT NOT NULL,            -- values are comparable within a protocol and force field only
    force_field TEXT NOT NULL,
    label TEXT CHECK (label IN ('high', 'low')),  -- a class given without a value
    origin TEXT NOT NULL               -- the file
) WITHOUT ROWID;

CREATE TABLE candidates (
    iteration INTEGER NOT NULL,
    draw INTEGER NOT NULL,             -- position in the iteration's stream of draws
    smiles TEXT NOT NULL,              -- as drawn
    key TEXT,                          -- null where invalid
    verdict TEXT NOT NULL CHECK (verdict IN
        ('drawn', 'new', 'invalid', 'duplicate-string', 'duplicate-symmetry', 'rejected')),
    reason TEXT NOT NULL DEFAULT '',
    flags TEXT NOT NULL DEFAULT '[]',
    PRIMARY KEY (iteration, draw)
) WITHOUT ROWID;
CREATE INDEX candidates_by_key ON candidates (key);

CREATE TABLE replicas (
    key TEXT NOT NULL REFERENCES polymers,
    protocol TEXT NOT NULL,
    replica INTEGER NOT NULL,
    iteration INTEGER NOT NULL,        -- that asked for it
    status TEXT NOT NULL CHECK (status IN ('waiting', 'running', 'done', 'failed')),
    attempt INTEGER NOT NULL DEFAULT 0,
    seed INTEGER,
    failure_code TEXT,
    detail TEXT NOT NULL DEFAULT '',
    properties TEXT,
    wall_s REAL,
    cpu_s REAL,
    atoms INTEGER,
    estimated_terms INTEGER,
    started REAL,
    ended REAL,
    PRIMARY KEY (key, protocol, replica)
) WITHOUT ROWID;
CREATE INDEX replicas_by_iteration ON replicas (iteration, status);

CREATE TABLE training (
    iteration INTEGER NOT NULL,        -- of the model trained on it
    smiles TEXT NOT NULL,
    key TEXT NOT NULL,
    label TEXT NOT NULL CHECK (label IN ('high', 'low', 'unlabelled')),
    weight REAL NOT NULL,
    why TEXT NOT NULL,
    PRIMARY KEY (iteration, key)
) WITHOUT ROWID;

CREATE TABLE models (
    iteration INTEGER PRIMARY KEY,
    path TEXT NOT NULL,                -- relative to the campaign folder
    metrics TEXT NOT NULL,
    seconds REAL NOT NULL
);

CREATE TABLE iterations (
    n INTEGER PRIMARY KEY,
    counts TEXT NOT NULL DEFAULT '{}',
    saturation TEXT,
    started REAL NOT NULL,
    ended REAL
);

CREATE TABLE journal (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    time REAL NOT NULL,
    iteration INTEGER NOT NULL,
    state TEXT NOT NULL,
    event TEXT NOT NULL,
    subject TEXT NOT NULL DEFAULT '',
    seen TEXT NOT NULL DEFAULT '{}',
    decided TEXT NOT NULL DEFAULT '',
    why TEXT NOT NULL DEFAULT ''
);

CREATE TABLE requests (                -- what a person asks of the daemon; removed when obeyed
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    time REAL NOT NULL,
    what TEXT NOT NULL CHECK (what IN ('pause', 'resume', 'stop'))
);
"""

FILES = """
CREATE TABLE files (                   -- what was written for good, so that `verify` can tell whether it still is
    path TEXT PRIMARY KEY,             -- relative to the campaign folder
    bytes INTEGER NOT NULL,
    sha256 TEXT NOT NULL,
    recorded REAL NOT NULL
) WITHOUT ROWID;
"""

INTERVALS = """
CREATE TABLE intervals (
    key TEXT NOT NULL,
    first INTEGER NOT NULL,            -- iterations of the models trained on this row, from the first
    last INTEGER NOT NULL,             -- to the last, without a gap
    smiles TEXT NOT NULL,
    label TEXT NOT NULL CHECK (label IN ('high', 'low', 'unlabelled')),
    weight REAL NOT NULL,
    why TEXT NOT NULL,
    PRIMARY KEY (key, first)
) WITHOUT ROWID;
INSERT INTO intervals
    SELECT key, min(iteration), max(iteration), smiles, label, weight, why
    FROM (
        SELECT *, iteration - row_number() OVER (
            PARTITION BY key, smiles, label, weight, why ORDER BY iteration
        ) AS run                       -- the same for rows of iterations that follow one another
        FROM training
    )
    GROUP BY key, smiles, label, weight, why, run;
DROP TABLE training;
ALTER TABLE intervals RENAME TO training;
"""
"""A training set differs little from the one before it: what stays is one row, not one for each iteration."""

OPEN_VERDICTS = """
CREATE TABLE candidates_new (
    iteration INTEGER NOT NULL,
    draw INTEGER NOT NULL,             -- position in the iteration's stream of draws
    smiles TEXT NOT NULL,              -- as drawn
    key TEXT,                          -- null where invalid
    verdict TEXT NOT NULL,             -- a name of `verdicts`, or of a verdict that a stage of the campaign adds
    reason TEXT NOT NULL DEFAULT '',
    flags TEXT NOT NULL DEFAULT '[]',
    PRIMARY KEY (iteration, draw)
) WITHOUT ROWID;
INSERT INTO candidates_new SELECT iteration, draw, smiles, key, verdict, reason, flags FROM candidates;
DROP TABLE candidates;
ALTER TABLE candidates_new RENAME TO candidates;
CREATE INDEX candidates_by_key ON candidates (key);
ALTER TABLE replicas ADD COLUMN executor TEXT;
ALTER TABLE replicas ADD COLUMN handle TEXT;
INSERT OR IGNORE INTO meta VALUES ('loop', '[
  {"name": "prepare", "part": "prepare", "does": "reads what is known and trains the first model"},
  {"name": "generate", "part": "generate", "does": "draws from the model until enough strings are new"},
  {"name": "filter", "part": "filter", "does": "gives each new string a verdict"},
  {"name": "simulate", "part": "simulate", "does": "simulates what is new"},
  {"name": "acquire", "part": "acquire", "does": "chooses what the next model learns from"},
  {"name": "retrain", "part": "retrain",
   "does": "trains the next model, then asks whether there is anything left to say"}
]');
"""
"""The campaign file chooses the stages: their verdicts are open, and the fact ``loop`` lists them; these are the stages
of earlier versions. A running replica names its executor, and the handle by which that knows it."""

LABEL_COLUMNS = """\
    key TEXT NOT NULL REFERENCES polymers,
    quantity TEXT NOT NULL,            -- column of the value, which names its unit
    value REAL,
    sem REAL,
    n_replicas INTEGER,
    protocol TEXT NOT NULL,            -- values are comparable within a protocol and force field only
    force_field TEXT NOT NULL,
    label TEXT CHECK (label IN ('high', 'low')),  -- a class given without a value
    origin TEXT NOT NULL,              -- the file
"""

LABELS = f"""
CREATE TABLE labels_new (
{LABEL_COLUMNS}    PRIMARY KEY (key, quantity)
) WITHOUT ROWID;
INSERT INTO labels_new
    SELECT key, 'conductivity_s_per_cm', conductivity_s_per_cm, conductivity_s_per_cm_sem, n_replicas, protocol,
        force_field, label, origin
    FROM labels;
DROP TABLE labels;
ALTER TABLE labels_new RENAME TO labels;
"""
"""The objective of a campaign is any quantity; in earlier versions it was the conductivity."""

ESTIMATES = f"""
CREATE TABLE estimates (               -- what the posterior said last of a polymer, on the scale of the objective
    key TEXT PRIMARY KEY,              -- simulated, or waiting in the pool
    iteration INTEGER NOT NULL,        -- in which it was said
    mean REAL NOT NULL,                -- of the true value in the target
    sd REAL NOT NULL,
    p_better REAL,                     -- than the reference; null for the reference
    p_best REAL NOT NULL,              -- to be among the best of all that are judged
    moved TEXT NOT NULL,               -- by name of the source: how far it moved the mean
    said TEXT NOT NULL                 -- by name of the source: value to be expected there
) WITHOUT ROWID;
CREATE TABLE forecasts (               -- values that came, beside what was said before they came
    key TEXT NOT NULL,
    source TEXT NOT NULL,
    iteration INTEGER NOT NULL,        -- in which the value came
    said REAL NOT NULL,
    sd REAL NOT NULL,                  -- of the mean over many builds
    noise REAL NOT NULL,               -- standard error of the value
    widened REAL NOT NULL,             -- factor by which earlier forecasts had widened sd
    came REAL NOT NULL,
    builds INTEGER NOT NULL,
    PRIMARY KEY (key, source)
) WITHOUT ROWID;
CREATE TABLE labels_new (
{LABEL_COLUMNS}    PRIMARY KEY (key, quantity, protocol, force_field)
) WITHOUT ROWID;
INSERT INTO labels_new SELECT * FROM labels;
DROP TABLE labels;
ALTER TABLE labels_new RENAME TO labels;
"""
"""A campaign judges by a posterior of all sources, so that a polymer may have a value of each."""

TIERS = """
INSERT OR IGNORE INTO meta
    SELECT 'tiers', json_array(json_object(
        'protocol', json(protocol.value),
        'content', json((SELECT value FROM meta WHERE key = 'protocol_content')),
        'scatter', json((SELECT value FROM meta WHERE key = 'build_scatter')),
        'agreement', json((SELECT value FROM meta WHERE key = 'agreement'))
    ))
    FROM meta AS protocol WHERE protocol.key = 'protocol';
DELETE FROM meta WHERE key IN ('protocol_content', 'build_scatter', 'agreement');
CREATE INDEX replicas_by_protocol ON replicas (protocol, status);
"""
"""A campaign simulates at one protocol or at several; in earlier versions it was one. The next start adds the numbers
of builds."""

CLAIMS = """
ALTER TABLE replicas ADD COLUMN claim TEXT;
"""
"""A running replica names the claim whose result counts; one that an older version started has none."""

MEASURED = """
CREATE TABLE properties (              -- of replicas that gave a value
    key TEXT NOT NULL,
    protocol TEXT NOT NULL,
    replica INTEGER NOT NULL,
    properties TEXT NOT NULL,
    PRIMARY KEY (key, protocol, replica),
    FOREIGN KEY (key, protocol, replica) REFERENCES replicas ON DELETE CASCADE ON UPDATE CASCADE
) WITHOUT ROWID;
INSERT INTO properties SELECT key, protocol, replica, properties FROM replicas WHERE properties IS NOT NULL;
ALTER TABLE replicas DROP COLUMN properties;
CREATE TABLE measured (                -- the quantities of ended replicas that the fact ``at_hand`` names
    key TEXT NOT NULL,
    protocol TEXT NOT NULL,
    iteration INTEGER NOT NULL,        -- the first of their iterations
    failed INTEGER NOT NULL,           -- how many gave no value
    done TEXT NOT NULL,                -- an object for each of the others, in the order of iteration and number
    PRIMARY KEY (key, protocol)
) WITHOUT ROWID;
"""
"""Properties are 4 kB for each replica. Few readers need them whole, and the ranking needs some numbers of each
polymer, which are kept beside them."""

EXPERIMENTS = """
CREATE TABLE experiments (             -- measured values, from tables that were added to the campaign
    origin TEXT NOT NULL,              -- name of the file
    line INTEGER NOT NULL,
    source TEXT NOT NULL,              -- name of the source of the posterior that it belongs to
    key TEXT NOT NULL,
    smiles TEXT NOT NULL,              -- canonical repeat unit; the polymer need not be one of the campaign
    quantity TEXT NOT NULL,            -- column of the value, which names its unit
    value REAL NOT NULL,
    sem REAL,
    temperature_k REAL,
    salt TEXT NOT NULL,
    molality_mol_per_kg REAL,
    reference TEXT NOT NULL,
    note TEXT NOT NULL,
    added REAL NOT NULL,
    PRIMARY KEY (origin, line)
) WITHOUT ROWID;
CREATE INDEX experiments_by_quantity ON experiments (quantity);
"""
"""Measured values are a source of the posterior, whatever their conditions."""

DIFFERENCES = """
ALTER TABLE estimates ADD COLUMN difference_sd REAL;  -- standard deviation of the difference to the reference
"""
"""Polymers are compared with the reference, and errors that both share do not matter there."""

MIGRATIONS: tuple[str, ...] = (
    TABLES,
    FILES,
    INTERVALS,
    OPEN_VERDICTS,
    LABELS,
    ESTIMATES,
    TIERS,
    CLAIMS,
    MEASURED,
    EXPERIMENTS,
    DIFFERENCES,
)
"""Step i takes a database from version i to version i + 1; a new version appends a step and edits none."""

VERSION = len(MIGRATIONS)


def version_of(connection: sqlite3.Connection, path: Path) -> int:
    """Schema version of an open database. Raises InputError where this program is too old for it."""
    version = int(connection.execute("PRAGMA user_version").fetchone()[0])
    if version > VERSION:
        raise InputError(
            f"{path}: database version {version} is from a newer autodisco (this one reads up to {VERSION}); "
            "update autodisco"
        )
    return version


def migrate(connection: sqlite3.Connection, path: Path) -> None:
    """Bring the database to `VERSION` in one transaction; two processes may do so at once."""
    if version_of(connection, path) == VERSION:
        return
    connection.execute("BEGIN IMMEDIATE")
    try:
        for step in MIGRATIONS[version_of(connection, path) :]:
            for statement in step.split(";\n"):
                if statement.strip():
                    connection.execute(statement)
        connection.execute(f"PRAGMA user_version = {VERSION}")
    except BaseException:
        connection.execute("ROLLBACK")
        raise
    connection.execute("COMMIT")
