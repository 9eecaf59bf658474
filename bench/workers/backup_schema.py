"""Tables of an iOS backup as iOS makes them, and how the generator fills them; what follows `-- after` comes last."""

SAFARI = """
CREATE TABLE history_items(id integer primary key autoincrement, url text not null unique, domain_expansion text,
 visit_count integer not null, daily_visit_counts blob not null, weekly_visit_counts blob, autocomplete_triggers blob,
 should_recompute_derived_visit_counts integer not null, visit_count_score integer not null,
 status_code integer not null default 0);
CREATE TABLE history_visits(id integer primary key autoincrement,
 history_item integer not null references history_items(id) on delete cascade, visit_time real not null, title text,
 load_successful boolean not null default 1, http_non_get boolean not null default 0,
 synthesized boolean not null default 0, redirect_source integer unique, redirect_destination integer unique,
 origin integer not null default 0, generation integer not null default 0, attributes integer not null default 0,
 score integer not null default 0);
-- after
CREATE INDEX history_visits__last_visit on history_visits(history_item, visit_time desc, synthesized asc);
"""
MESSAGES = """
CREATE TABLE handle(ROWID integer primary key autoincrement unique, id text not null, country text,
 service text not null, uncanonicalized_id text, person_centric_id text, unique(id, service));
CREATE TABLE message(ROWID integer primary key autoincrement, guid text unique not null, text text,
 handle_id integer default 0, subject text, country text, attributedBody blob, version integer default 0,
 type integer default 0, service text, account text, account_guid text, error integer default 0, date integer,
 date_read integer, date_delivered integer, is_delivered integer default 0, is_from_me integer default 0,
 is_read integer default 0, is_sent integer default 0, cache_has_attachments integer default 0, cache_roomnames text,
 item_type integer default 0, group_title text, balloon_bundle_id text, payload_data blob, message_summary_info blob,
 destination_caller_id text, is_spam integer default 0, reply_to_guid text, thread_originator_guid text);
"""
DATA_USAGE = """
CREATE TABLE ZPROCESS(Z_PK integer primary key, Z_ENT integer, Z_OPT integer, ZFIRSTTIMESTAMP timestamp,
 ZTIMESTAMP timestamp, ZBUNDLENAME varchar, ZPROCNAME varchar);
CREATE TABLE ZLIVEUSAGE(Z_PK integer primary key, Z_ENT integer, Z_OPT integer, ZKIND integer, ZMETADATA integer,
 ZTAG integer, ZHASPROCESS integer, ZBILLCYCLEEND timestamp, ZTIMESTAMP timestamp, ZWIFIIN float, ZWIFIOUT float,
 ZWWANIN float, ZWWANOUT float);
"""
MANIFEST = """
CREATE TABLE Files(fileID text primary key, domain text, relativePath text, flags integer, file blob);
CREATE TABLE Properties(key text primary key, value blob);
-- after
CREATE INDEX FilesDomainIdx on Files(domain);
CREATE INDEX FilesRelativePathIdx on Files(relativePath);
CREATE INDEX FilesFlagsIdx on Files(flags);
"""
INSERTS = {
    "history_visits": "INSERT INTO history_visits(id, history_item, visit_time, title, redirect_source,"
    " redirect_destination) VALUES (?, ?, ?, ?, ?, ?)",
    "history_items": "INSERT INTO history_items(id, url, visit_count, daily_visit_counts,"
    " should_recompute_derived_visit_counts, visit_count_score) VALUES (?, ?, ?, ?, 0, ?)",
    "handle": "INSERT INTO handle(ROWID, id, country, service) VALUES (?, ?, ?, ?)",
    "message": "INSERT INTO message(ROWID, guid, text, handle_id, attributedBody, service, account, date, date_read,"
    " is_from_me) VALUES (?, ?, ?, ?, ?, ?, 'e:', ?, ?, ?)",
    "ZPROCESS": "INSERT INTO ZPROCESS VALUES (?, 9, 1, ?, ?, ?, ?)",
    "ZLIVEUSAGE": "INSERT INTO ZLIVEUSAGE VALUES (?, 7, 1, ?, NULL, NULL, ?, NULL, ?, 0.0, 0.0, ?, ?)",
    "Files": "INSERT INTO Files VALUES (?, ?, ?, ?, ?)",
}
