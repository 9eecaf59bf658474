"""Patterns: what is taken, what is refused and why; the short way says what the grammar says."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from answerable.areas.devices.indicators.patterns import KINDS, Comparison, Unsupported, comparisons, parsed


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("[domain-name:value='example.org']", [("domain", "example.org")]),
        ("[ipv4-addr:value = '192.0.2.1']", [("address", "192.0.2.1")]),
        ("[ipv6-addr:value='2001:db8::1']", [("address", "2001:db8::1")]),
        ("[ url:value = 'https://example.org/x' ]", [("url", "https://example.org/x")]),
        ("[process:name='exampled']", [("process", "exampled")]),
        ("[email-addr:value='a@example.org']", [("email", "a@example.org")]),
        ("[file:name='x.plist']", [("file_name", "x.plist")]),
        ("[file:path='/private/var/x']", [("file_path", "/private/var/x")]),
        ("[file:hashes.md5='00']", [("md5", "00")]),
        ("[file:hashes.MD5='00']", [("md5", "00")]),
        ("[file:hashes.'MD5'='00']", [("md5", "00")]),
        ("[file:hashes.'SHA-1'='00']", [("sha1", "00")]),
        ("[file:hashes.sha1='00']", [("sha1", "00")]),
        ("[file:hashes.sha256='00']", [("sha256", "00")]),
        ("[file:hashes.'SHA-256'='00']", [("sha256", "00")]),
        ("[file:hashes.'SHA256'='00']", [("sha256", "00")]),
        ("[file:hashes.SHA256='00']", [("sha256", "00")]),
        ("[app:id='org.example']", [("app", "org.example")]),
        ("[app:cert.md5='00']", [("certificate_md5", "00")]),
        ("[app:cert.sha1='00']", [("certificate_sha1", "00")]),
        ("[app:cert.sha256='00']", [("certificate_sha256", "00")]),
        ("[configuration-profile:id='org.example']", [("configuration_profile", "org.example")]),
        ("[android-property:name='sys.example']", [("property", "sys.example")]),
        (r"[file:name='it\'s a \\ x']", [("file_name", r"it's a \ x")]),
        ("[domain-name:value='a.example' OR process:name='xd']", [("domain", "a.example"), ("process", "xd")]),
        ("[domain-name:value='a.example'] OR [process:name='xd']", [("domain", "a.example"), ("process", "xd")]),
        ("[domain-name:value IN ('a.example', 'b.example')]", [("domain", "a.example"), ("domain", "b.example")]),
        (r"[file:name IN ('a, (b)', 'it\'s')]", [("file_name", "a, (b)"), ("file_name", "it's")]),
        ("([domain-name:value == 'a.example'])", [("domain", "a.example")]),
    ],
)  # fmt: skip
def test_equal_comparisons_are_taken(pattern, expected):
    assert list(comparisons(pattern)) == expected == list(parsed(pattern))


@pytest.mark.parametrize(
    ("pattern", "reason"),
    [
        ("[domain-name:value='a.example' AND process:name='xd']", "with AND"),
        ("[domain-name:value='a.example'] AND [process:name='xd']", "with AND"),
        ("[domain-name:value='a.example'] FOLLOWEDBY [process:name='xd']", "with FOLLOWEDBY"),
        ("[domain-name:value='a.example'] REPEATS 5 TIMES", "with REPEATS"),
        ("[domain-name:value='a.example'] WITHIN 5 SECONDS", "with WITHIN"),
        ("[domain-name:value='a.example'] START t'2026-01-01T00:00:00Z' STOP t'2026-02-01T00:00:00Z'", "with START"),
        ("[domain-name:value LIKE '%.example']", "by LIKE"),
        ("[domain-name:value MATCHES '.*']", "by MATCHES"),
        ("[domain-name:value != 'a.example']", "by !="),
        ("[domain-name:value NOT = 'a.example']", "by NOT ="),
        ("[domain-name:value NOT IN ('a.example')]", "by NOT IN"),
        ("[ipv4-addr:value ISSUBSET '192.0.2.0/24']", "by ISSUBSET"),
        ("[EXISTS domain-name:value]", "with EXISTS"),
        ("[domain-name:value='a.example' OR EXISTS domain-name:value]", "with EXISTS"),
        ("[process:pid=7]", "process:pid, which is not looked for"),
        ("[process:name=7]", "what is no text"),
        ("[process:name IN ('a', 7)]", "what is no text"),
        ("[file:hashes.'SHA-512'='00']", "file:hashes.SHA-512, which is not looked for"),
        ("[file:name[0].x='00']", "not looked for"),
        ("[domain-name:value='a.example'", "does not follow the STIX grammar"),
        (r"[domain-name:value='a\b']", "does not follow the STIX grammar"),
        ("domain-name:value='a.example'", "does not follow the STIX grammar"),
        ("", "does not follow the STIX grammar"),
        ("[" + "(" * 3000 + "process:name='x'" + ")" * 3000 + "]", "does not follow the STIX grammar"),
        ("[process:name='" + "x" * 20_000 + "' OR process:name='y']", "more than 16,384 characters"),
    ],
)
def test_other_patterns_are_refused_by_name(pattern, reason):
    with pytest.raises(Unsupported, match=reason.replace("(", r"\(").replace("[", r"\[")):
        comparisons(pattern)


KEYS = [*KINDS, "file:hashes.'SHA-256'", "file:hashes.SHA1", "app:cert.'MD5'", "file:size", "FILE:name", "a:b"]


@settings(deadline=None)  # the first use of a library takes its time
@given(
    st.sampled_from(KEYS),
    st.sampled_from(["=", " = ", "  =", "==", " != "]),
    st.text(st.sampled_from("ab.'\\ /é中[]()=\n") | st.characters(codec="utf-8"), max_size=12),
    st.sampled_from(["", " ", "\t", "x"]),
    st.booleans(),
)
def test_the_short_way_says_what_the_grammar_says(key, operator, value, around, escaped):
    text = value.replace("\\", "\\\\").replace("'", "\\'") if escaped else value
    pattern = f"{around}[{around}{key}{operator}'{text}']"

    def said(function):
        try:
            return function(pattern)
        except Unsupported as error:
            return str(error)

    assert said(comparisons) == said(parsed)
    if escaped and key in KINDS and around != "x" and "!" not in operator:
        assert said(comparisons) == (Comparison(KINDS[key], value),)
