-- A database as the eleven steps before the first release left it, with rows in every table.
CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL, CONSTRAINT alembic_version_pkc PRIMARY KEY
    (version_num));
CREATE TABLE source (id INTEGER NOT NULL, name TEXT NOT NULL, kind TEXT NOT NULL, address TEXT NOT NULL,
    disabled BOOLEAN NOT NULL, due_at DATETIME NOT NULL, lease_until DATETIME, fence INTEGER NOT NULL, polls INTEGER
    NOT NULL, errors INTEGER NOT NULL, unhealthy BOOLEAN NOT NULL, gone BOOLEAN NOT NULL, last_error TEXT NOT NULL,
    last_fault TEXT, first_polled DATETIME, last_success DATETIME, document_at DATETIME, etag TEXT NOT NULL,
    last_modified TEXT NOT NULL, body_hash TEXT NOT NULL, validated_at DATETIME, host_group TEXT DEFAULT '' NOT
    NULL, reasons TEXT DEFAULT '' NOT NULL, habits TEXT DEFAULT '' NOT NULL, fetches TEXT DEFAULT '' NOT NULL, dead
    BOOLEAN DEFAULT 0 NOT NULL, PRIMARY KEY (id), CONSTRAINT uq_source_name UNIQUE (name));
CREATE TABLE entry (id INTEGER NOT NULL, source_id INTEGER NOT NULL, ident TEXT NOT NULL, keys TEXT NOT NULL,
    title TEXT NOT NULL, summary TEXT NOT NULL, body TEXT NOT NULL, link TEXT NOT NULL, canonical_link TEXT NOT
    NULL, publisher TEXT NOT NULL, language TEXT NOT NULL, published DATETIME, published_raw TEXT NOT NULL, labels
    TEXT NOT NULL, first_seen DATETIME NOT NULL, pruned BOOLEAN NOT NULL, PRIMARY KEY (id), FOREIGN KEY(source_id)
    REFERENCES source (id));
CREATE TABLE entry_key (id INTEGER NOT NULL, source_id INTEGER NOT NULL, value TEXT NOT NULL, kind TEXT NOT
    NULL, title TEXT NOT NULL, last_seen DATETIME NOT NULL, PRIMARY KEY (id), CONSTRAINT uq_entry_key UNIQUE
    (source_id, value, kind, title), FOREIGN KEY(source_id) REFERENCES source (id));
CREATE TABLE unevaluated (entry_id INTEGER NOT NULL, rule TEXT NOT NULL, rule_hash TEXT NOT NULL, program TEXT
    NOT NULL, error TEXT NOT NULL, at DATETIME NOT NULL, baseline BOOLEAN NOT NULL, last_success DATETIME, PRIMARY
    KEY (entry_id, rule), FOREIGN KEY(entry_id) REFERENCES entry (id));
CREATE TABLE story (id INTEGER NOT NULL, event TEXT NOT NULL, opened_at DATETIME NOT NULL, last_at DATETIME NOT
    NULL, PRIMARY KEY (id));
CREATE TABLE story_entry (story_id INTEGER NOT NULL, entry_id INTEGER NOT NULL, title TEXT NOT NULL,
    canonical_link TEXT NOT NULL, publisher TEXT NOT NULL, origin TEXT NOT NULL, event_time DATETIME NOT NULL,
    PRIMARY KEY (story_id, entry_id), FOREIGN KEY(story_id) REFERENCES story (id), FOREIGN KEY(entry_id) REFERENCES
    entry (id));
CREATE TABLE alert (id INTEGER NOT NULL, rule TEXT NOT NULL, rule_hash TEXT NOT NULL, rule_position TEXT NOT
    NULL, title TEXT NOT NULL, event TEXT NOT NULL, severity TEXT NOT NULL, labels TEXT NOT NULL, "key" TEXT NOT
    NULL, story_id INTEGER NOT NULL, opened_at DATETIME NOT NULL, updated_at DATETIME NOT NULL, event_time DATETIME
    NOT NULL, note TEXT NOT NULL, detail TEXT NOT NULL, origins INTEGER DEFAULT '1' NOT NULL, PRIMARY KEY (id),
    FOREIGN KEY(story_id) REFERENCES story (id));
CREATE TABLE "match" (id INTEGER NOT NULL, entry_id INTEGER, rule TEXT NOT NULL, rule_hash TEXT NOT NULL, event
    TEXT NOT NULL, severity TEXT NOT NULL, labels TEXT NOT NULL, evidence TEXT, event_time DATETIME NOT NULL, detail
    TEXT NOT NULL, fate TEXT NOT NULL, reason TEXT NOT NULL, story_id INTEGER, origin TEXT NOT NULL, alert_id
    INTEGER, decided_at DATETIME NOT NULL, PRIMARY KEY (id), CONSTRAINT uq_match_entry_rule UNIQUE (entry_id, rule),
    FOREIGN KEY(entry_id) REFERENCES entry (id), FOREIGN KEY(story_id) REFERENCES story (id), FOREIGN KEY(alert_id)
    REFERENCES alert (id));
CREATE TABLE told (rule TEXT NOT NULL, "key" TEXT NOT NULL, at DATETIME NOT NULL, severity TEXT NOT NULL,
    PRIMARY KEY (rule, "key"));
CREATE TABLE delivery (id TEXT NOT NULL, receiver TEXT NOT NULL, recipient TEXT NOT NULL, kind TEXT NOT NULL,
    rank INTEGER NOT NULL, state TEXT NOT NULL, reason TEXT NOT NULL, created_at DATETIME NOT NULL, due_at DATETIME
    NOT NULL, expires_at DATETIME NOT NULL, delivered_at DATETIME, lease_until DATETIME, fence INTEGER NOT NULL,
    attempts INTEGER NOT NULL, message TEXT, resend INTEGER NOT NULL, resend_of TEXT, wanted_at DATETIME, stands_for
    TEXT, silence_id INTEGER, PRIMARY KEY (id), FOREIGN KEY(resend_of) REFERENCES delivery (id));
CREATE TABLE delivery_alert (delivery_id TEXT NOT NULL, alert_id INTEGER NOT NULL, receiver TEXT NOT NULL,
    recipient TEXT NOT NULL, telling INTEGER NOT NULL, resend INTEGER NOT NULL, news TEXT DEFAULT '[]' NOT NULL,
    overflow TEXT DEFAULT '' NOT NULL, PRIMARY KEY (delivery_id, alert_id), CONSTRAINT uq_delivery_alert_telling
    UNIQUE (alert_id, receiver, recipient, telling, resend), FOREIGN KEY(delivery_id) REFERENCES delivery (id),
    FOREIGN KEY(alert_id) REFERENCES alert (id));
CREATE TABLE attempt (delivery_id TEXT NOT NULL, n INTEGER NOT NULL, fence INTEGER NOT NULL, started_at DATETIME
    NOT NULL, ended_at DATETIME, outcome TEXT, code INTEGER, words TEXT NOT NULL, retry_after FLOAT, PRIMARY KEY
    (delivery_id, n), FOREIGN KEY(delivery_id) REFERENCES delivery (id));
CREATE TABLE transition (id INTEGER NOT NULL, delivery_id TEXT NOT NULL, at DATETIME NOT NULL, state TEXT NOT
    NULL, reason TEXT NOT NULL, PRIMARY KEY (id), FOREIGN KEY(delivery_id) REFERENCES delivery (id));
CREATE TABLE kept_pack (pack TEXT NOT NULL, hash TEXT NOT NULL, files TEXT NOT NULL, kept_at DATETIME NOT NULL,
    PRIMARY KEY (pack));
CREATE TABLE quote (instrument TEXT NOT NULL, at DATETIME NOT NULL, price TEXT NOT NULL, volume TEXT, currency
    TEXT NOT NULL, first_seen DATETIME NOT NULL, PRIMARY KEY (instrument, at));
CREATE TABLE close (instrument TEXT NOT NULL, day TEXT NOT NULL, at DATETIME NOT NULL, price TEXT NOT NULL,
    volume TEXT, sigma FLOAT NOT NULL, PRIMARY KEY (instrument, day));
CREATE TABLE series (instrument TEXT NOT NULL, variance FLOAT NOT NULL, moves INTEGER NOT NULL, progress TEXT
    NOT NULL, PRIMARY KEY (instrument));
CREATE TABLE price_state (rule TEXT NOT NULL, instrument TEXT NOT NULL, armed BOOLEAN, met INTEGER NOT NULL,
    alerted_price TEXT, alerted_at DATETIME, PRIMARY KEY (rule, instrument));
CREATE TABLE standing (rule TEXT NOT NULL, "key" TEXT NOT NULL, times TEXT NOT NULL, last DATETIME NOT NULL,
    PRIMARY KEY (rule, "key"));
CREATE TABLE revision (id INTEGER NOT NULL, entry_id INTEGER NOT NULL, at DATETIME NOT NULL, title TEXT NOT
    NULL, summary TEXT NOT NULL, withdrawn BOOLEAN NOT NULL, body TEXT DEFAULT '' NOT NULL, met TEXT DEFAULT '{}'
    NOT NULL, "after" INTEGER DEFAULT '0' NOT NULL, PRIMARY KEY (id), FOREIGN KEY(entry_id) REFERENCES entry (id));
CREATE TABLE answer (id INTEGER NOT NULL, alert_id INTEGER NOT NULL, kind TEXT NOT NULL, at DATETIME NOT NULL,
    "by" TEXT NOT NULL, until DATETIME, why TEXT NOT NULL, PRIMARY KEY (id), FOREIGN KEY(alert_id) REFERENCES alert
    (id));
CREATE TABLE receiver (name TEXT NOT NULL, failures INTEGER NOT NULL, rests DATETIME, refused TEXT NOT NULL,
    overflowed DATETIME, PRIMARY KEY (name));
CREATE TABLE silence (id INTEGER NOT NULL, matchers TEXT NOT NULL, starts DATETIME NOT NULL, ends DATETIME NOT
    NULL, "by" TEXT NOT NULL, why TEXT NOT NULL, PRIMARY KEY (id));
CREATE INDEX ix_source_due_at ON source (due_at);
CREATE INDEX ix_entry_ident ON entry (ident);
CREATE INDEX ix_entry_link ON entry (link);
CREATE INDEX ix_entry_pruned_first_seen ON entry (pruned, first_seen);
CREATE INDEX ix_entry_source_id ON entry (source_id);
CREATE INDEX ix_entry_key_source_id_last_seen ON entry_key (source_id, last_seen);
CREATE INDEX ix_unevaluated_rule_rule_hash ON unevaluated (rule, rule_hash);
CREATE INDEX ix_story_event_last_at ON story (event, last_at);
CREATE INDEX ix_story_entry_entry_id ON story_entry (entry_id);
CREATE INDEX ix_alert_opened_at ON alert (opened_at);
CREATE INDEX ix_alert_story_id ON alert (story_id);
CREATE INDEX ix_match_alert_id ON "match" (alert_id);
CREATE INDEX ix_delivery_created_at ON delivery (created_at);
CREATE INDEX ix_delivery_state_due_at ON delivery (state, due_at);
CREATE INDEX ix_transition_delivery_id ON transition (delivery_id);
CREATE INDEX ix_quote_first_seen ON quote (first_seen);
CREATE INDEX ix_close_at ON close (at);
CREATE INDEX ix_standing_last ON standing (last);
CREATE INDEX ix_match_rule_event_time ON "match" (rule, event_time);
CREATE INDEX ix_source_host_group ON source (host_group);
CREATE INDEX ix_revision_entry_id ON revision (entry_id);
CREATE INDEX ix_answer_alert_id ON answer (alert_id);
CREATE INDEX ix_attempt_started_at ON attempt (started_at);
CREATE INDEX ix_delivery_stands_for ON delivery (stands_for);
CREATE INDEX ix_silence_ends ON silence (ends);
CREATE INDEX ix_delivery_silence_id ON delivery (silence_id);
INSERT INTO alembic_version (version_num) VALUES ('0011_limit');
-- rows
INSERT INTO source (id, name, kind, address, disabled, due_at, fence, polls, errors, unhealthy, gone, last_error,
    last_fault, first_polled, last_success, document_at, etag, last_modified, body_hash, validated_at, host_group, reasons, habits,
    fetches, dead) VALUES
    (1, 'wire', 'feed', 'a1', 0, '2026-03-02 12:05:00.000000', 3, 3, 0, 0, 0, '', NULL, '2026-03-01 12:00:00.000000',
    '2026-03-02 12:00:00.000000', '2026-03-02 12:00:00.000000', '"v1"', 'then', 'ab', '2026-03-02 12:00:00.000000',
    'example.org', 'every 5 minutes', '{"empty":2}', '[1772452800,200,900,1,40]', 0),
    (2, 'gone', 'feed', 'a2', 1, '2026-03-02 12:05:00.000000', 9, 9, 4, 1, 1, 'not found', 'gone', NULL, NULL, NULL, '', '', '',
    NULL, '', '', '', '', 1);
INSERT INTO entry (id, source_id, ident, keys, title, summary, body, link, canonical_link, publisher, language, published,
    published_raw, labels, first_seen, pruned) VALUES
    (1, 1, 'urn:1', '[["id","0f"]]', 'China bans exports of gallium', 'A summary', 'A body', 'https://example.org/1',
    'example.org/1', 'The Example', 'en', '2026-03-02 11:57:00.000000', 'today', '{"tier":["trade"]}',
    '2026-03-02 12:00:00.123456', 0),
    (2, 1, 'urn:2', '[]', '镓', '', '', '', '', '', '', NULL, '', '{}', '2026-02-01 12:00:00.000000', 1);
INSERT INTO entry_key (id, source_id, value, kind, title, last_seen) VALUES (1, 1, '0f', 'id', '', '2026-03-02 12:00:00.000000');
INSERT INTO unevaluated (entry_id, rule, rule_hash, program, error, at, baseline, last_success) VALUES
    (1, 'minerals/broken', 'h0', '1.0', 'it raised', '2026-03-02 12:00:00.000000', 0, NULL);
INSERT INTO revision (id, entry_id, at, title, summary, withdrawn, body, met, after) VALUES
    (1, 1, '2026-03-02 13:00:00.000000', 'China denies it', 'Else', 0, '', '{"minerals/ban":{"mineral":["gallium"]}}', 2);
INSERT INTO story (id, event, opened_at, last_at) VALUES
    (1, 'trade.export.restrict', '2026-03-02 11:57:00.000000', '2026-03-02 11:57:00.000000');
INSERT INTO story_entry (story_id, entry_id, title, canonical_link, publisher, origin, event_time) VALUES
    (1, 1, 'China bans exports of gallium', 'example.org/1', 'The Example', 'first', '2026-03-02 11:57:00.000000');
INSERT INTO alert (id, rule, rule_hash, rule_position, title, event, severity, labels, key, story_id, opened_at, updated_at,
    event_time, note, detail, origins) VALUES
    (1, 'minerals/ban', 'h1', 'minerals.yaml:12', 'gallium: ban', 'trade.export.restrict', 'high', '{"mineral":["gallium"]}',
    '["gallium"]', 1, '2026-03-02 12:00:00.000000', '2026-03-02 12:00:00.000000', '2026-03-02 11:57:00.000000', 'Read it.', '',
    2);
INSERT INTO answer (id, alert_id, kind, at, by, until, why) VALUES
    (1, 1, 'ack', '2026-03-02 12:10:00.000000', 'ada', NULL, 'seen');
INSERT INTO silence (id, matchers, starts, ends, by, why) VALUES
    (1, '["mineral=zinc"]', '2026-03-02 12:00:00.000000', '2026-03-03 12:00:00.000000', 'ada', 'a week of zinc');
INSERT INTO match (id, entry_id, rule, rule_hash, event, severity, labels, evidence, event_time, detail, fate, reason, story_id,
    origin, alert_id, decided_at) VALUES
    (1, 1, 'minerals/ban', 'h1', 'trade.export.restrict', 'high', '{"mineral":["gallium"]}',
    '{"op":"term","text":"bans","holds":true}', '2026-03-02 11:57:00.000000', '', 'alerted', 'a new story', 1, 'first', 1,
    '2026-03-02 12:00:00.000000'),
    (2, NULL, 'tocsin/started', 'h2', 'tocsin.started', 'info', '{}', NULL, '2026-03-02 11:00:00.000000', 'It started.', 'old', '',
    NULL, '', NULL, '2026-03-02 11:00:00.000000');
INSERT INTO standing (rule, key, times, last) VALUES
    ('minerals/both', 'gallium', '[["2026-03-02T11:00:00+00:00","2026-03-02T11:57:00+00:00"]]', '2026-03-02 11:57:00.000000');
INSERT INTO told (rule, key, at, severity) VALUES ('minerals/ban', 'gallium', '2026-03-02 12:00:00.000000', 'high');
INSERT INTO delivery (id, receiver, recipient, kind, rank, state, reason, created_at, due_at, expires_at, delivered_at, lease_until,
    fence, attempts, message, resend, resend_of, wanted_at, stands_for, silence_id) VALUES
    ('d1', 'desk', 'ada@example.org', 'alert', 3, 'delivered', '', '2026-03-02 12:00:00.000000', '2026-03-02 12:00:00.000000',
    '2026-03-03 12:00:00.000000', '2026-03-02 12:00:01.000000', NULL, 1, 1, '{"kind":"text","subject":"s","text":"t"}', 0, NULL,
    '2026-03-02 12:00:00.000000', NULL, NULL),
    ('d2', 'desk', 'ada@example.org', 'digest', 3, 'held', 'held for a digest', '2026-03-02 12:00:00.000000',
    '2026-03-03 07:00:00.000000', '2026-03-04 07:00:00.000000', NULL, NULL, 0, 0, NULL, 1, 'd1', NULL, 'd1', 1);
INSERT INTO delivery_alert (delivery_id, alert_id, receiver, recipient, telling, resend, news, overflow) VALUES
    ('d1', 1, 'desk', 'ada@example.org', 0, 0, '[]', ''),
    ('d2', 1, 'desk', 'ada@example.org', 1, 1, '["a second origin"]', 'over 10 an hour');
INSERT INTO attempt (delivery_id, n, fence, started_at, ended_at, outcome, code, words, retry_after) VALUES
    ('d1', 1, 1, '2026-03-02 12:00:00.500000', '2026-03-02 12:00:01.000000', 'ok', 250, 'taken', NULL);
INSERT INTO transition (id, delivery_id, at, state, reason) VALUES
    (1, 'd1', '2026-03-02 12:00:00.000000', 'sending', 'claimed for try 1'),
    (2, 'd1', '2026-03-02 12:00:01.000000', 'delivered', 'taken');
INSERT INTO receiver (name, failures, rests, refused, overflowed) VALUES ('desk', 2, NULL, 'no such user', NULL);
INSERT INTO kept_pack (pack, hash, files, kept_at) VALUES
    ('minerals', 'h1', '[["minerals.yaml","rules: []"]]', '2026-03-02 12:00:00.000000');
INSERT INTO quote (instrument, at, price, volume, currency, first_seen) VALUES
    ('ga', '2026-03-02 12:00:00.000000', '601.5', NULL, 'USD', '2026-03-02 12:00:02.000000');
INSERT INTO close (instrument, day, at, price, volume, sigma) VALUES
    ('ga', '2026-03-01', '2026-03-01 22:00:00.000000', '600', '12', 0.02);
INSERT INTO series (instrument, variance, moves, progress) VALUES
    ('ga', 0.0004, 31, '{"newest":null,"opening":null,"last":null,"held":null,"split_day":null,"hours":null,"stale":false}');
INSERT INTO price_state (rule, instrument, armed, met, alerted_price, alerted_at) VALUES
    ('metals/jump', 'ga', 1, 1, '601.5', '2026-03-02 12:00:00.000000');
