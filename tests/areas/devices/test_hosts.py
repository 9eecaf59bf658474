"""Hosts in one spelling, links in free text, hosts in names of files, and what people may be shown."""

import ipaddress
import time

import ada_url
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from answerable.areas.devices.hosts import (
    Host,
    defang,
    hosts_in_names,
    is_address,
    links,
    normal_host,
    normal_url,
    normal_urls,
    url_host,
    url_hosts,
)


@pytest.mark.parametrize(
    ("authority", "name"),
    [
        ("example.org", "example.org"),
        ("EXAMPLE.org.", "example.org"),
        ("user:pw@example.org:8443", "example.org"),
        ("example.com@example.org", "example.org"),
        ("a%2Eexample.org", "a.example.org"),
        ("bücher.example", "xn--bcher-kva.example"),
        ("BÜCHER.example", "xn--bcher-kva.example"),
        ("xn--bcher-kva.example", "xn--bcher-kva.example"),
        ("ｅｘａｍｐｌｅ．org", "example.org"),
        ("example。org", "example.org"),
        ("a_b.example.org", "a_b.example.org"),
        ("ex\tample.org", "example.org"),
        ("localhost", "localhost"),
    ],
)
def test_spellings_of_a_domain_are_one(authority, name):
    assert normal_host(authority) == Host(name, "domain")


@pytest.mark.parametrize(
    ("authority", "name"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("192.0.2.1.", "192.0.2.1"),
        ("3221225985", "192.0.2.1"),
        ("0xC0000201", "192.0.2.1"),
        ("0300.0.2.1", "192.0.2.1"),
        ("192.0.513", "192.0.2.1"),
        ("１９２.0.2.1:80", "192.0.2.1"),
        ("[2001:DB8:0::1]:443", "2001:db8::1"),
        ("2001:DB8:0::1", "2001:db8::1"),
        ("fe80::1%wlan0", "fe80::1"),
        ("[::ffff:192.0.2.1]", "192.0.2.1"),
        ("[::ffff:c000:201]", "192.0.2.1"),
        ("[64:ff9b::192.0.2.1]", "192.0.2.1"),
    ],
)
def test_spellings_of_an_address_are_one(authority, name):
    assert normal_host(authority) == Host(name, "address")


@pytest.mark.parametrize(
    "authority",
    [
        "", ".", "..", "a..example.org", ".example.org", "example.org..", "a b.example", "example.org/x", "a\\b", "a?b",
        "a#b", "%00.org", "ex%2Fample.org", "1.2.3.4.5", "256.256.256.256", "09.1", "[::1", "[fe80::1%25eth0]",
        "example.org:99999", "example.org:x", "\ud800.example", "a." * 200 + "org", "::ffff:g", "@", ":80",
    ],
)  # fmt: skip
def test_rubbish_is_no_host(authority):
    assert normal_host(authority) is None


def test_labels_are_those_of_a_domain():
    assert normal_host("a.b.example.org").labels == 4 and normal_host("192.0.2.1").labels is None


PARTS = [*"abcXYZ019.-_%@:[]。．ｅßü\u200d \t", "xn--", "0x", "example", "2e", "::"]
AUTHORITIES = st.lists(st.sampled_from(PARTS), max_size=24).map("".join) | st.text(max_size=12)


@settings(deadline=None)  # the first use of a library takes its time
@given(AUTHORITIES)
def test_it_agrees_with_the_standard(authority):
    host = normal_host(authority)
    try:
        standard = ada_url.URL(f"http://{authority}") if not set(authority) & set("/\\?#") else None
    except ValueError:
        standard = None
    if standard is None:
        # the one thing more: an IPv6 address without brackets
        assert host is None or ipaddress.ip_address(authority.partition("%")[0])
    elif standard.host_type != 0:
        assert host.kind == "address" and ipaddress.ip_address(host.name)
    elif host is None:
        assert len(standard.hostname) > 253 or "" in standard.hostname.removesuffix(".").split(".")
    else:
        assert host == Host(standard.hostname.removesuffix("."), "domain")


@settings(deadline=None)  # the first use of a library takes its time
@given(AUTHORITIES)
def test_a_host_in_its_one_spelling_stays_as_it_is(authority):
    host = normal_host(authority)
    if host is not None:
        assert normal_host(host.name) == host
        assert is_address(pa.array([host.name])).to_pylist() == [host.kind == "address"]


@pytest.mark.parametrize(
    ("url", "host"),
    [
        ("https://example.org/x", "example.org"),
        ("HTTPS://User:p@EXAMPLE.org.:8443/x?y#z", "example.org"),
        ("  \x01http://example.org", "example.org"),
        ("ht\ntp://exam\tple.org", "example.org"),
        ("http:\\\\example.org\\x", "example.org"),
        ("https:example.org", "example.org"),
        ("https:/example.org", "example.org"),
        ("https:////example.org", "example.org"),
        ("wss://example.org/socket", "example.org"),
        ("ftp://example.org", "example.org"),
        ("https://example.org?u=https://example.com", "example.org"),
        ("https://example.org#@example.com", "example.org"),
        ("https://example.com\\@example.org", "example.com"),
        ("https://example.com:pw@example.org", "example.org"),
        ("http://0x7f.1/", "127.0.0.1"),
        ("http://a..example.org/", None),
        ("http://EXAMPLE.123/", None),
        ("view-source:https://example.org/x", "example.org"),
        ("blob:https://example.org/0f", "example.org"),
        ("filesystem:https://example.org/temporary/x", "example.org"),
        ("blob:null/0f", None),
        ("intent://example.org/x#Intent;package=org.example;scheme=https;end", "example.org"),
        ("intent://scan/#Intent;scheme=zxing;package=org.example;end", None),
        ("x-safari-https://example.org/x", "example.org"),
        ("googlechrome://example.org/x", "example.org"),
        ("mailto:a@example.org", None),
        ("whatsapp://send?text=https://example.org", None),
        ("javascript:location='https://example.org'", None),
        ("data:text/html,https://example.org", None),
        ("about:blank", None),
        ("file://example.org/x", None),
        ("tel:+15550100", None),
        ("example.org/x", None),
        ("https://", None),
        ("", None),
        (None, None),
    ],
)
def test_the_host_that_a_url_leads_to(url, host):
    assert url_hosts(pa.array([url], pa.string())).to_pylist() == [host]


URLS = st.builds(
    lambda *parts: "".join(parts),
    st.sampled_from(["http", "https", "HTTP", "ws", "ftp", " https", "blob:http", "file", "x"]),
    st.sampled_from(["://", ":", ":\\\\", ":///", "://a@", ":/\t/"]),
    AUTHORITIES,
    st.sampled_from(["", "/", "?x", "#y", "\\z", ":80/x", ":70000", "/a b", "\n/"]),
)


@settings(deadline=None)  # the first use of a library takes its time
@given(st.lists(st.none() | URLS, max_size=6))
def test_the_column_says_what_the_one_says(urls):
    expected = [host.name if url is not None and (host := url_host(url)) else None for url in urls]
    assert url_hosts(pa.array(urls, pa.string())).to_pylist() == expected
    assert url_hosts(pa.chunked_array([pa.array(urls, pa.large_string())] * 2)).to_pylist() == expected * 2


def test_empty_columns():
    nothing = pa.array([], pa.string())
    assert len(url_hosts(nothing)) == 0
    for where, what in (links(nothing), hosts_in_names(nothing), links(pa.nulls(3, pa.string()))):
        assert len(where) == len(what) == 0


def test_urls_in_their_one_spelling():
    assert normal_url("HTTP://Example.ORG:80/a/../b?q") == "http://example.org/b?q"
    assert normal_url("mailto:a@example.org") is None
    assert normal_urls(pa.array(["https://example.org", None, "x"])).to_pylist() == ["https://example.org/", None, None]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("see https://example.org/x.", ["https://example.org/x"]),
        ("(https://example.org/x)", ["https://example.org/x"]),
        ("(see https://example.org/a_(b)).", ["https://example.org/a_(b)"]),
        ("[t](https://example.org/x_(y))!", ["https://example.org/x_(y)"]),
        ('"https://example.org/x", he said', ["https://example.org/x"]),
        ("<https://example.org/x>", ["https://example.org/x"]),
        ("“https://example.org/x”…", ["https://example.org/x"]),
        ("HTTPS://EXAMPLE.ORG!", ["HTTPS://EXAMPLE.ORG"]),
        ("https://a.example https://b.example", ["https://a.example", "https://b.example"]),
        ("https://a.example/x,https://b.example/y", ["https://a.example/x", "https://b.example/y"]),
        ("https://example.org/?u=https://example.com", ["https://example.org/?u=https://example.com"]),
        ("https://u:p@example.org:8443/x", ["https://u:p@example.org:8443/x"]),
        ("Link:https://example.org\nbye", ["https://example.org"]),
        ("https://example.org/点击。好", ["https://example.org/点击"]),
        ("请看https://example.org点击这里", ["https://example.org"]),
        ("（https://example.org/x）", ["https://example.org/x"]),
        ("https://пример.example/путь", ["https://пример.example/путь"]),
        ("\u200bhttps://example.org\u2069", ["https://example.org"]),
        ("www.example.org/x, ok", ["http://www.example.org/x"]),
        ("tap example.org:8080/x?y=1!", ["http://example.org:8080/x?y=1"]),
        ("点击example.org查看", ["http://example.org"]),
        ("at 192.0.2.1/x", ["http://192.0.2.1/x"]),
        ("xn--bcher-kva.example", ["http://xn--bcher-kva.example"]),
        ("first.last@example.org", []),
        ("1.5kg at 10.30", []),
        ("well...then. OK", []),
        ("http://", []),
        ("http://...", []),
        ("https://' https://] https://*", []),
        ("ftp://example.org/x", []),
        ("", []),
    ],
)
def test_links_are_found_as_phones_find_them(text, found):
    where, urls = links(pa.array(["before", None, text]))
    assert urls.to_pylist() == found and where.to_pylist() == [2] * len(found)


@settings(deadline=None)  # the first use of a library takes its time
@given(st.lists(st.none() | st.text(st.sampled_from("htps:/.wexample( )é点。,@%?0\n"), max_size=40), max_size=5))
def test_links_of_any_text_are_network_urls_in_order(texts):
    where, urls = links(pa.array(texts, pa.string()))
    assert where.to_pylist() == sorted(where.to_pylist())
    for position, url in zip(where.to_pylist(), urls.to_pylist(), strict=True):
        assert url.lower().startswith(("http://", "https://"))
        assert url in texts[position] or url.removeprefix("http://") in texts[position]


def test_hosts_in_names_of_files():
    names = [
        "Library/WebKit/WebsiteData/LocalStorage/https_Example.org_0.localstorage",
        "Library/WebKit/IndexedDB/https_a.example.org_0/x.sqlite3",
        "Library/Preferences/com.example.app.plist",
        "Library/x_y/plain.org",
        "https_localhost_0.localstorage",
        "https_192.0.2.1_0.localstorage",
        "http_xn--bcher-kva.example_80",
        "https_example.net_0.localstorage-wal",
        None,
        "../../etc/https_-bad-.example_0",
    ]
    where, hosts = hosts_in_names(pa.array(names))
    assert list(zip(where.to_pylist(), hosts.to_pylist(), strict=True)) == [
        (0, "example.org"),
        (1, "a.example.org"),
        (6, "xn--bcher-kva.example"),
        (7, "example.net"),
    ]


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("https://a.example.org/x", "hxxps://a[.]example[.]org/x"),
        ("HTTP://EXAMPLE.ORG", "hxxp://EXAMPLE[.]ORG"),
        ("ftp://example.org", "fxp://example[.]org"),
        ("seen at 192.0.2.1, 3.14 times.", "seen at 192[.]0[.]2[.]1, 3.14 times."),
        ("a[.]b.example", "a[.]b[.]example"),
        ("user@example.org", "user@example[.]org"),
        ("https://example.org/?u=https://example.com/", "hxxps://example[.]org/?u=hxxps://example[.]com/"),
        ("example。org", "example[.]org"),
        ("http://localhost/", "hxxp://localhost/"),
        ("1.aa.1 and 1.2.3.4.5, e.g. v1.2", "1[.]aa[.]1 and 1[.]2[.]3[.]4[.]5, e.g. v1.2"),
        ("nothing here", "nothing here"),
    ],
)
def test_what_is_shown_cannot_be_tapped(text, shown):
    assert defang(text) == shown


@settings(deadline=None)  # the first use of a library takes its time
@given(st.text(st.sampled_from("htps:/.wexample([]). é。-_1f"), max_size=40))
def test_shown_twice_is_shown_once_and_holds_no_link(text):
    shown = defang(text)
    assert defang(shown) == shown
    assert not [
        url for url in links(pa.array([shown]))[1].to_pylist() if url_host(url) is not None and "[.]" not in url
    ]


@pytest.mark.parametrize("unit", ["a.", "a", "https://", "(", "https://a.example/(", ".", "点", "a@", "_a.b", "x-"])
def test_long_hostile_text_takes_time_in_proportion(unit):
    text = unit * (200_000 // len(unit))
    begun = time.process_time()
    column = pa.array([text, f"https://{text}/x)"])
    links(column), hosts_in_names(column), url_hosts(column), defang(text), normal_host(text), url_host(text)
    assert time.process_time() - begun < 2


@settings(max_examples=300, deadline=None)
@given(st.from_regex(r"\A(?:[a-z0-9_-]{1,6}\.){1,4}[a-z]{1,6}\Z"))
def test_hosts_that_are_spelt_already_are_what_the_parser_makes_of_them(authority):
    """Nearly all listed and visited hosts are passed over by the parser; its own words say the same of them."""
    if "xn--" not in authority:
        assert ada_url.URL(f"http://{authority}").hostname == authority
        assert normal_host(authority) == Host(authority, "domain")
        assert url_hosts(pa.array([f"http://{authority}/x"])).to_pylist() == [authority]
