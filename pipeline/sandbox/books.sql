CREATE TABLE IF NOT EXISTS account (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  granted_micros INTEGER NOT NULL,
  charged_micros INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE TABLE IF NOT EXISTS jobs (
  seq INTEGER PRIMARY KEY,
  id TEXT NOT NULL UNIQUE,
  provider TEXT NOT NULL,
  bucket TEXT NOT NULL,
  kind TEXT NOT NULL,
  model TEXT NOT NULL,
  prompt TEXT NOT NULL,
  generation_type TEXT NOT NULL,
  details TEXT NOT NULL,
  created_at REAL NOT NULL,
  starts_at REAL NOT NULL,
  finishes_at REAL NOT NULL,
  links_at REAL NOT NULL,
  outcome TEXT NOT NULL,
  error TEXT NOT NULL,
  charge_micros INTEGER NOT NULL,
  refund_micros INTEGER NOT NULL,
  outputs INTEGER NOT NULL,
  early_404s INTEGER NOT NULL,
  media_404s INTEGER NOT NULL,
  late_ends INTEGER NOT NULL DEFAULT 0,
  null_links INTEGER NOT NULL DEFAULT 0,
  charged_late INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX IF NOT EXISTS jobs_finish ON jobs (bucket, finishes_at);
CREATE INDEX IF NOT EXISTS jobs_refund ON jobs (finishes_at, refund_micros)
  WHERE refund_micros > 0;
CREATE INDEX IF NOT EXISTS jobs_late ON jobs (finishes_at, charge_micros)
  WHERE charged_late = 1;
CREATE TABLE IF NOT EXISTS outputs (
  id TEXT PRIMARY KEY,
  seq INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS uploads (
  name TEXT PRIMARY KEY,
  media_type TEXT NOT NULL,
  size INTEGER NOT NULL,
  created_at REAL NOT NULL,
  content BLOB
) STRICT;
CREATE TABLE IF NOT EXISTS assets (
  id TEXT PRIMARY KEY,
  name TEXT NOT NULL UNIQUE,
  file TEXT NOT NULL,
  created_at REAL NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS served (
  digest TEXT PRIMARY KEY,
  output TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS counters (
  name TEXT PRIMARY KEY,
  n INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
