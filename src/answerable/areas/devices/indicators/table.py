"""The declared table of indicators."""

from __future__ import annotations

from answerable.core.table import Column, Table

INDICATORS = Table(
    name="indicators",
    meaning="One value that a feed lists as a trace of one family of spyware.",
    columns={
        "indicator": Column("string", "identifier of the STIX object"),
        "kind": Column(
            "string",
            "what the value is: domain, address, url, process, email, file_name, file_path, md5, sha1, sha256, app, "
            "certificate_md5, certificate_sha1, certificate_sha256, configuration_profile, property",
        ),
        "value": Column("string", "the value as the feed has it"),
        "normal": Column("string", "the value in its one spelling, which matching compares"),
        "labels": Column("int64", "labels of a domain, components of a path; null for other kinds", "labels"),
        "family": Column("string", "the malware, tool or campaign that it indicates; null where the feed names none"),
        "feed": Column("string", "name of the feed in the registry, else name of its file"),
        "feed_file": Column("string", "name of the feed's file"),
        "feed_sha256": Column("string", "SHA-256 of the feed's file"),
        "feed_date": Column("timestamp", "when the newest object of the feed was last changed", "UTC"),
        "reference": Column("string", "addresses of what was published about it, separated by spaces"),
        "credit": Column("string", "who is to be credited, and under what licence the feed is given"),
        "valid_from": Column("timestamp", "from when the feed holds it valid", "UTC"),
        "valid_until": Column("timestamp", "until when; null where the feed names no end", "UTC"),
        "revoked": Column("boolean", "whether the feed has withdrawn it"),
        "note": Column("string", "what makes a match on it weaker; null where nothing is known"),
    },
    required=frozenset({"indicator", "kind", "value", "normal", "feed", "feed_sha256", "revoked"}),
)
