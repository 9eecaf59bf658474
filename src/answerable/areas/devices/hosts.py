"""Hosts and links: one spelling for each host, links found in free text, and a form for people that nobody can tap.

Everything here is text: nothing is resolved or opened, and no list of public suffixes is needed. Two spellings mean the
same host where the WHATWG URL standard, which browsers follow, says so; a host is matched below a domain by comparing
its last labels, which the methods do in SQL.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from ipaddress import IPv6Address, IPv6Network, ip_address
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Callable

    import pyarrow as pa

_NAT64 = IPv6Network("64:ff9b::/96")  # RFC 6052: how networks without IPv4 write an IPv4 address
_ENDS_AUTHORITY = re.compile(r"[/\\?#]")
_NETWORK = re.compile(r"(?:https?|wss?|ftp):", re.IGNORECASE)
# What stands around the address of a page: the tab that shows its source, an object that it made, an app's own scheme.
_WRAPPED = re.compile(r"(?:view-source|blob|filesystem):", re.IGNORECASE)
_CARRIER = re.compile(r"(?:x-safari-http|googlechrome)(s?)://", re.IGNORECASE)
_INTENT = re.compile(r"intent:(//[^#]*)#intent;(?:[^;]*;)*?scheme=(https?);", re.IGNORECASE)
_DEPTH = 4


@dataclass(frozen=True, slots=True)
class Host:
    """A host in its one spelling.

    Args:
        name: a domain in lower case, its labels in ASCII (punycode), without trailing dot; or an address as
            `ipaddress` writes it, IPv4 within IPv6 as IPv4.
        kind: whether it is a domain or an address.
    """

    name: str
    kind: Literal["domain", "address"]

    @property
    def labels(self) -> int | None:
        """Number of labels of a domain; None for an address, which nothing lies below."""
        return self.name.count(".") + 1 if self.kind == "domain" else None


def normal_host(authority: str) -> Host | None:
    """The host of a URL's authority in its one spelling.

    Args:
        authority: what stands between `//` and the path: credentials, host, port; also a bare IPv6 address, as logs
            have it.

    Returns:
        The host; None where the standard sees none, or where it has an empty label or is longer than a name may be, so
        that no phone could reach it.

    Source:
        WHATWG URL standard, host parsing; RFC 4291, 2.5.5.2 and RFC 6052, 2.1 on IPv4 within IPv6.
    """
    if _SPELT_ALREADY.fullmatch(authority) and len(authority) <= 253 and "xn--" not in authority:
        return Host(authority, "domain")
    if _ENDS_AUTHORITY.search(authority):
        return None
    if authority.count(":") > 1 and "[" not in authority and "@" not in authority:
        return _bare_address(authority)
    return _parsed(f"http://{authority}")


def url_host(url: str) -> Host | None:
    """The host that a URL leads to; None for what leads to no host (mailto:, data:, about:, whatsapp:, file:).

    `view-source:`, `blob:` and `filesystem:` have the host of the page within them; `intent:` has one where it says
    that its scheme is http or https; `x-safari-https:` and `googlechromes:` have that of the page that they open.
    """
    text = re.sub(r"[\t\n\r]", "", url).strip("".join(map(chr, range(33))))
    for _ in range(_DEPTH):
        if not (wrapped := _WRAPPED.match(text)):
            break
        text = text[wrapped.end() :]
    if intent := _INTENT.match(text):
        text = f"{intent[2]}:{intent[1]}"
    elif carrier := _CARRIER.match(text):
        text = f"http{carrier[1]}://{text[carrier.end() :]}"
    return _parsed(text) if _NETWORK.match(text) else None


def normal_url(url: str) -> str | None:
    """A network URL as the WHATWG standard writes it; None for what leads to no host."""
    if url_host(url) is None:
        return None
    import ada_url

    try:
        return str(ada_url.URL(url).href)
    except ValueError:
        return None


def normal_urls(urls: pa.Array | pa.ChunkedArray) -> pa.Array:
    """Each URL as `normal_url` gives it, each distinct one once; null of null."""
    return _by_distinct(_strings(urls), normal_url)


def _parsed(url: str) -> Host | None:
    import ada_url

    try:
        parsed = ada_url.URL(url)
        name, kind = str(parsed.hostname), parsed.host_type
    except ValueError:  # not a URL, or text that is no Unicode
        return None
    if kind != ada_url.HostType.DEFAULT:
        return _bare_address(name.strip("[]"))
    name = name.removesuffix(".")
    if not name or len(name) > 253 or name.startswith(".") or ".." in name or name.endswith("."):
        return None
    return Host(name, "domain")


def _bare_address(text: str) -> Host | None:
    try:
        address = ip_address(text.partition("%")[0])
    except ValueError:
        return None
    if isinstance(address, IPv6Address):
        if address.ipv4_mapped is not None:
            return Host(str(address.ipv4_mapped), "address")
        if address in _NAT64:
            return Host(str(ip_address(int(address) & 0xFFFFFFFF)), "address")
    return Host(str(address), "address")


# A URL written as nearly all are; whatever is written otherwise goes through the parser.
_PLAIN_URL = r"^(?:https?|wss?|ftp)://(?P<host>[A-Za-z0-9._-]+)(?::[0-9]{1,4})?(?:[/?#\\]|$)"
_SPELT_ALREADY = re.compile(r"(?:[a-z0-9_-]+\.)+[a-z]+")
_PLAIN_HOST = r"^(?:[a-z0-9_-]+\.)*[a-z]+$"


def url_hosts(urls: pa.Array | pa.ChunkedArray) -> pa.Array:
    """The host that each URL leads to, in its one spelling; null where `url_host` gives None, and for null.

    Args:
        urls: text, one URL each.

    Returns:
        Text, as long as `urls`. Each distinct host is normalised once.
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    urls = _strings(urls)
    plain = pc.struct_field(pc.extract_regex(urls, _PLAIN_URL), [0])
    odd = pc.if_else(pc.is_null(plain), urls, pa.scalar(None, pa.string()))
    return pc.coalesce(_of_plain(plain), _by_distinct(odd, lambda url: _name(url_host(url))))


def is_address(hosts: pa.Array) -> pa.Array:
    """Whether each host in its one spelling is an address: no domain's last label is a number, none has a colon."""
    import pyarrow.compute as pc

    return pc.match_substring_regex(hosts, r"^[0-9.]+$|:")


def _of_plain(hosts: pa.Array) -> pa.Array:
    """Hosts as nearly all are written, in their one spelling; most of them are in it already."""
    import pyarrow as pa
    import pyarrow.compute as pc

    encoded = pc.dictionary_encode(hosts)
    names = pc.ascii_lower(encoded.dictionary)
    as_is = pc.and_(
        pc.match_substring_regex(names, _PLAIN_HOST),
        pc.and_not(pc.less_equal(pc.binary_length(names), 253), pc.match_substring(names, "xn--")),
    )
    others = [_name(normal_host(name)) for name in names.filter(pc.invert(as_is)).to_pylist()]
    made = pc.replace_with_mask(names, pc.invert(as_is), pa.array(others, pa.string()))
    return made.take(encoded.indices)


def _name(host: Host | None) -> str | None:
    return host.name if host else None


def _by_distinct(texts: pa.Array, function: Callable[[str], str | None]) -> pa.Array:
    """What the function makes of each text, called once for each distinct one; null of null."""
    import pyarrow as pa
    import pyarrow.compute as pc

    encoded = pc.dictionary_encode(texts)
    made = pa.array([function(text) for text in encoded.dictionary.to_pylist()], pa.string())
    return made.take(encoded.indices)


def _strings(texts: pa.Array | pa.ChunkedArray) -> pa.Array:
    import pyarrow as pa

    if isinstance(texts, pa.ChunkedArray):
        texts = texts.combine_chunks()
    return texts.cast(pa.string()) if texts.type != pa.string() else texts


# Phones make links of words in free text. A word ends at white space, at quotation marks and angle brackets, at signs
# that only steer the direction of writing, at the sign that stands for a picture or a preview (U+FFFC), and at the
# punctuation of Chinese and Japanese.
_GAP = (
    r"[\x00-\x20\x7f<>\"`\x{a0}\x{ab}\x{bb}\x{1680}\x{2000}-\x{200b}\x{200e}\x{200f}\x{201c}-\x{201f}\x{2028}-\x{202f}"
    r"\x{205f}\x{2066}-\x{2069}\x{3000}-\x{3003}\x{3008}-\x{3011}\x{3014}-\x{301f}\x{feff}\x{ff01}\x{ff08}\x{ff09}"
    r"\x{ff0c}\x{ff1a}-\x{ff1c}\x{ff1e}\x{ff1f}\x{fffc}]+"
)
_LETTER = r"\p{Latin}\p{Cyrillic}\p{Greek}\p{Arabic}\p{Hebrew}\p{Armenian}\p{Georgian}\p{Devanagari}"
_WORD = rf"{_LETTER}0-9_\-"
_UNSPACED = r"\p{Han}\p{Hiragana}\p{Katakana}\p{Hangul}\p{Thai}\p{Khmer}\p{Lao}\p{Myanmar}"
_BARE_HOST = rf"(?:(?:[{_WORD}]+\.)+(?:[{_LETTER}]{{2,}}|[xX][nN]--[A-Za-z0-9-]+)|[0-9]{{1,3}}(?:\.[0-9]{{1,3}}){{3}})"
_BARE_LINK = rf"(?:^|[^{_WORD}.@/%=&#?])(?P<url>{_BARE_HOST}(?::[0-9]{{1,5}})?(?:[/?#].*)?)(?:$|[^{_WORD}@])"
_MAY_HOLD_LINK = rf"(?i)https?://|[{_WORD}]\.[{_WORD}]"
_RUNS_ON = rf"^([^:]+://(?:[{_WORD}]+\.)+[{_LETTER}]{{2,}})[{_UNSPACED}][^./?#:]*(?:[/?#:].*)?$"
_AFTER = ".,;:!?'*_~|…’‘‚·"
_OPENING = {")": "(", "]": "[", "}": "{"}


def links(texts: pa.Array | pa.ChunkedArray) -> tuple[pa.Array, pa.Array]:
    """The web links in free text, as phones make them of what is written there.

    With a scheme, http and https; without one, every host that is written out (`www.example.org/x`, `example.org`,
    `192.0.2.1`), which phones open by http: it is given as http://. Which endings are domains is a list that changes,
    so a name such as `photo.jpg` is a link here too: more than a phone would open, never less. Mail addresses are not.
    Chinese, Japanese, Korean, Thai and the like, written without spaces, end a host that is written in other letters.

    Args:
        texts: free text, one each.

    Returns:
        Position of the text (from 0) and the link, in the order of the texts.
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    texts = _strings(texts)
    position = pc.indices_nonzero(pc.match_substring_regex(texts, _MAY_HOLD_LINK))
    apart = _replaced(texts.take(position), r"([,;:.!)\]}|'*])([hH][tT][tT][pP][sS]?://)", r"\1 \2")
    words, owner = apart, pa.array(range(len(apart)), pa.int64())
    for split in (pc.ascii_split_whitespace, lambda few: pc.split_pattern_regex(few, _GAP)):
        words, of = _parts(split(words))
        likely = pc.match_substring_regex(words, _MAY_HOLD_LINK)
        words, owner = words.filter(likely), owner.take(of.filter(likely))
    schemed = pc.struct_field(pc.extract_regex(words, r"(?P<url>[hH][tT][tT][pP][sS]?://[^/?#.,;:!)\]}'*~|…].*)"), [0])
    others = pc.if_else(pc.match_substring(words, "://"), pa.scalar(None, pa.string()), words)
    bare = pc.struct_field(pc.extract_regex(others, _BARE_LINK), [0])
    found = pc.coalesce(schemed, pc.binary_join_element_wise("http://", bare, ""))
    there = pc.is_valid(found)
    found, owner = _replaced(found.filter(there), _RUNS_ON, r"\1"), owner.filter(there)
    found = pc.utf8_rtrim(found, characters=_AFTER)
    ragged = pc.match_substring_regex(found, r"[)\]}]$")
    found = pc.replace_with_mask(found, ragged, _by_distinct(found.filter(ragged), _trimmed))
    return position.take(owner).cast(pa.int64()), found


def _replaced(texts: pa.Array, pattern: str, by: str) -> pa.Array:
    """The texts with the pattern replaced; to look for it first is cheap where it is rare."""
    import pyarrow.compute as pc

    held = pc.match_substring_regex(texts, pattern)
    return pc.replace_with_mask(texts, held, pc.replace_substring_regex(texts.filter(held), pattern, by))


def _parts(split: pa.Array) -> tuple[pa.Array, pa.Array]:
    """The parts of texts that were split, and the position of the text that each is of."""
    import pyarrow.compute as pc

    return pc.list_flatten(split), pc.list_parent_indices(split)


def _trimmed(link: str) -> str:
    """A link without the punctuation of the sentence around it; a closing bracket stays where the link opened it."""
    open_brackets = {closing: link.count(opening) - link.count(closing) for closing, opening in _OPENING.items()}
    end = len(link)
    while end:
        last = link[end - 1]
        if last in _OPENING and open_brackets[last] < 0:
            open_brackets[last] += 1
        elif last not in _AFTER:
            break
        end -= 1
    return link[:end]


_HOST_IN_NAME = r"^(?:[a-z0-9](?:[a-z0-9-]*[a-z0-9])?\.)+(?:[a-z]{2,63}|xn--[a-z0-9-]+)$"


def hosts_in_names(names: pa.Array | pa.ChunkedArray) -> tuple[pa.Array, pa.Array]:
    """The hosts within names of files, as WebKit names what it stores for a page: `https_example.org_0.localstorage`.

    Args:
        names: names or paths; of a path, each component that has an underscore is looked at.

    Returns:
        Position of the name (from 0) and the host in lower case: each part between underscores that is a domain of
        at least two labels, the last of letters.
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    names = _strings(names)
    position = pc.indices_nonzero(pc.match_substring_regex(names, r"_[^/_]*\.|\.[^/_]*_"))
    components, owner = _parts(pc.split_pattern(names.take(position), "/"))
    within = pc.match_substring(components, "_")
    parts, component = _parts(pc.split_pattern(components.filter(within), "_"))
    parts = pc.utf8_lower(parts)
    # "0.localstorage" is a port and an ending.
    valid = pc.and_not(
        pc.match_substring_regex(parts, _HOST_IN_NAME), pc.match_substring_regex(parts, r"^[0-9]+\.localstorage$")
    )
    owner = owner.filter(within).take(component.filter(valid))
    return position.take(owner).cast(pa.int64()), parts.filter(valid)


_DOTTED = re.compile(r"(?<![\w-])[\w-]++(?:[.\u3002\uff0e\uff61][\w-]++)+")
_LIVE_SCHEME = re.compile(r"\b(?:htt(ps?)|ftp)(?=:/)", re.IGNORECASE)
_DOT = re.compile(r"[.\u3002\uff0e\uff61]")
_NAMES_HOST = re.compile(r"[.\u3002\uff0e\uff61](?:[^\W\d_]{2}|xn--)|(?:\d+[.\u3002\uff0e\uff61]){3}\d", re.IGNORECASE)


def defang(text: str) -> str:
    """Text in which no host or link can be tapped: hxxps://example[.]org, 192[.]0[.]2[.]1. Twice is the same as once.

    Every name with dots that could be a host is taken for one, also in a path or a mail address.
    """
    text = _LIVE_SCHEME.sub(lambda scheme: f"hxx{scheme[1].lower()}" if scheme[1] else "fxp", text)
    return _DOTTED.sub(lambda found: _DOT.sub("[.]", found[0]) if _NAMES_HOST.search(found[0]) else found[0], text)
