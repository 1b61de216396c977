from ipaddress import IPv4Address, IPv6Address
from socket import inet_aton

import httpx
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from pipeline.domain.address import MAX_URL, PUBLIC_ONLY, Origin, UrlRule, is_public
from pipeline.domain.errors import Misconfigured

PUBLIC = [
    "1.1.1.1",
    "8.8.8.8",
    "93.184.215.14",
    "192.31.196.1",  # AS112: special, but global
    "198.17.255.255",
    "223.255.255.255",
    "2606:4700::1111",
    "2a00:1450:4001:830::200e",
    "2620:4f:8000::1",
    "::ffff:8.8.8.8",
]
CLOSED = [
    "0.0.0.0",
    "0.1.2.3",
    "10.0.0.1",
    "100.64.0.1",
    "100.100.100.200",  # a cloud's metadata
    "127.0.0.1",
    "127.255.255.254",
    "169.254.169.254",  # most clouds' metadata
    "172.16.0.1",
    "172.31.255.255",
    "192.0.0.1",
    "192.0.0.9",  # global by the registry, but no host that anybody rents
    "192.0.0.170",
    "192.0.2.1",
    "192.88.99.1",
    "192.168.1.1",
    "198.18.0.1",
    "198.51.100.1",
    "203.0.113.1",
    "224.0.0.1",
    "239.255.255.255",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "::127.0.0.1",  # IPv4-compatible
    "::8.8.8.8",
    "::ffff:127.0.0.1",
    "::ffff:10.0.0.1",
    "::ffff:169.254.169.254",
    "64:ff9b::7f00:1",  # NAT64
    "64:ff9b::808:808",
    "64:ff9b:1::1",
    "100::1",
    "2001::1",  # Teredo
    "2001:0:7f00:1::",
    "2001:10::1",
    "2001:20::1",
    "2001:db8::1",
    "2002:7f00:1::1",  # 6to4
    "2002:808:808::1",
    "3fff::1",
    "4000::1",
    "5f00::1",
    "fc00::1",
    "fd00:ec2::254",
    "fe80::1",
    "fe80::1%eth0",
    "fec0::1",
    "ff02::1",
    "ff0e::1",
    "2a00:1450::5efe:10.0.0.1",  # ISATAP
    "2a00:1450::200:5efe:10.0.0.1",
    "2606:4700::1111%eth0",
    "::ffff:8.8.8.8%eth0",
    "",
    "example.com",
    "1.1.1",
    "01.1.1.1",
]


@pytest.mark.parametrize("ip", PUBLIC)
def test_unicast_addresses_of_the_internet_are_public(ip: str) -> None:
    assert is_public(ip)


@pytest.mark.parametrize("ip", CLOSED)
def test_every_other_address_is_not(ip: str) -> None:
    assert not is_public(ip)


@given(st.ip_addresses(v=4))
def test_a_public_ipv4_address_is_never_special(address: IPv4Address) -> None:
    special = (
        address.is_private
        or address.is_loopback
        or address.is_link_local
        or address.is_multicast
        or address.is_reserved
        or address.is_unspecified
        or not address.is_global
    )
    assert not (is_public(address) and special)
    assert is_public(IPv6Address(f"::ffff:{address}")) == is_public(address)


@given(st.ip_addresses(v=6))
def test_a_public_ipv6_address_is_global_unicast_or_carries_a_public_ipv4_address(address: IPv6Address) -> None:
    if is_public(address):
        assert (int(address) >> 125 == 1 and address.is_global) or (
            address.ipv4_mapped is not None and is_public(address.ipv4_mapped)
        )


@given(st.integers(0x2000 << 48, 0x3FFF << 48), st.sampled_from([0x5EFE, 0x0200_5EFE]), st.integers(0, 2**32 - 1))
def test_an_interface_id_that_embeds_an_ipv4_address_is_refused(prefix: int, mark: int, inner: int) -> None:
    assert not is_public(IPv6Address(prefix << 64 | mark << 32 | inner))


@pytest.mark.parametrize(
    "url",
    [
        "https://example.com",
        "https://example.com/",
        "https://example.com/notify?job=1&x=%20#part",
        "https://example.com:443/notify",
        "https://example.com:8443/notify",
        "HTTPS://Example.COM/Notify",
        "https://evaluator_1.example.co.uk/n",
        "https://xn--bcher-kva.example/",
        "https://8.8.8.8/notify",
        "https://[2606:4700::1111]:8443/notify",
        "https://example.com/ünïcode",
        "https://example.com/a@b:c",
        "https://localhost.example.com/",
    ],
)
def test_public_https_addresses_are_accepted(url: str) -> None:
    assert UrlRule().problem(url) is None


@pytest.mark.parametrize(
    "url",
    [
        "",
        "example.com",
        "//example.com/",
        "https:/example.com",
        "https:example.com",
        "https://",
        "https:///notify",
        "http://example.com/",
        "http://example.com:443/",
        "http://example.com:8443/",
        "ftp://example.com/",
        "file:///etc/passwd",
        "data:text/plain,x",
        "https://example.com:80/",
        "https://example.com:22/",
        "https://example.com:444/",
        "https://example.com:0/",
        "https://example.com:99999/",
        "https://example.com:443443/",
        "https://example.com:/",
        "https://example.com:-443/",
        "https://user@example.com/",
        "https://user:password@example.com/",
        "https://@example.com/",
        "https://example.com@127.0.0.1/",
        "https://localhost/",
        "https://intranet/",
        "https://example/",
        "https://example.com./",
        "https://.example.com/",
        "https://a..b.com/",
        "https://-a.example.com/",
        "https://a-.example.com/",
        f"https://{'a' * 64}.example.com/",
        f"https://{'a.' * 130}com/",
        "https://bücher.example/",
        "https://example。com/",
        "https://\u017fite.example.com/",  # a long s, and below a Kelvin sign: letters when case is ignored
        "https://\u212aite.example.com/",
        "https://①②⑦.0.0.1/",
        "https://127.0.0.1/",
        "https://127.0.0.1:8443/",
        "https://10.0.0.1/",
        "https://169.254.169.254/latest/meta-data/",
        "https://127.1/",
        "https://2130706433/",
        "https://0x7f000001/",
        "https://0x7f.1/",
        "https://127.0.0.0x1/",
        "https://0177.0.0.1/",
        "https://08.8.8.8/",
        "https://8.8.8/",
        "https://8.8.8.8.8/",
        "https://127.0.0.1./",
        "https://example.1/",
        "https://[::1]/",
        "https://[::ffff:127.0.0.1]/",
        "https://[fe80::1%25eth0]/",
        "https://[2606:4700::1111/",
        "https://[8.8.8.8]/",
        "https://[v1.x]/",
        "https://2606:4700::1111/",
        "https://%6c%6f%63alhost/",
        "https://exam%70le.com/",
    ],
)
def test_all_other_hosts_are_refused_in_the_same_words(url: str) -> None:
    assert UrlRule().problem(url) == PUBLIC_ONLY


@pytest.mark.parametrize(
    "character", [" ", "\t", "\n", "\r", "\0", "\x7f", "\\", "\u2028", "\u00a0", "\u202e", "\ud800", "\x85"]
)
@pytest.mark.parametrize("place", ["https://example.com/{}", "{}https://example.com/", "https://exa{}mple.com/"])
def test_a_character_that_parsers_disagree_about_is_refused_anywhere(character: str, place: str) -> None:
    assert UrlRule().problem(place.format(character)) == "holds white space, a control character or a backslash"


def test_a_url_may_be_as_long_as_the_limit_and_no_longer() -> None:
    url = "https://example.com/"
    assert UrlRule().problem(url.ljust(MAX_URL, "x")) is None
    assert UrlRule().problem(url.ljust(MAX_URL + 1, "x")) == f"is longer than {MAX_URL} characters"


@pytest.mark.parametrize(
    ("allowed", "url"),
    [
        ("http://127.0.0.1:9000", "http://127.0.0.1:9000/notify"),
        ("http://127.0.0.1:9000/", "http://127.0.0.1:9000"),
        ("http://localhost", "HTTP://LOCALHOST:80/x"),
        ("http://evaluator:8080", "http://evaluator:8080/x"),
        ("https://10.1.2.3", "https://10.1.2.3:443/x"),
        ("http://[0:0:0:0:0:0:0:1]:7000", "http://[::1]:7000/x"),
    ],
)
def test_an_origin_that_the_operator_trusts_is_accepted_in_any_spelling(allowed: str, url: str) -> None:
    assert UrlRule((allowed,)).problem(url) is None
    assert UrlRule().problem(url) == PUBLIC_ONLY


@pytest.mark.parametrize(
    "url",
    [
        "https://127.0.0.1:9000/",
        "http://127.0.0.1:9001/",
        "http://127.0.0.2:9000/",
        "http://localhost:9000/",
        "http://user@127.0.0.1:9000/",
        "http://127.0.0.1.example.com:9000/",
        "http://127.0.0.1/",
    ],
)
def test_trust_in_an_origin_covers_exactly_that_origin(url: str) -> None:
    assert UrlRule(("http://127.0.0.1:9000",)).problem(url) == PUBLIC_ONLY


@pytest.mark.parametrize(
    "item",
    [
        "127.0.0.1:9000",
        "http://127.0.0.1:9000/notify",
        "http://a b",
        "*",
        "",
        "http://user@host",
        "http://x?y",
        "http://x:70000",
    ],
)
def test_an_item_that_is_no_origin_is_the_operators_mistake(item: str) -> None:
    with pytest.raises(Misconfigured, match="EVALUATION_ALLOWED_ORIGINS"):
        UrlRule(("https://example.com", item))


_URL_PIECES = st.sampled_from(
    [
        *("https://", "http://", "HTTPS:", "//", "/", "\\", ":", "443", "8443", "80", "@", "user:pw@", "[", "]", "::1"),
        *("example.com", "127.0.0.1", "localhost", "8.8.8.8", ".", "..", "%31", "%00", "#", "?", "&", "xn--", "0x7f"),
        *("[2606:4700::1111]", "evil.example", "\t", " ", "ü", "。", "1", "a", ";", "|", "{", "^", "'", '"', "-", "_"),
    ]
)


@given(st.lists(_URL_PIECES, max_size=10).map("".join) | st.text().map("https://example.com".__add__))
@example("https://example.com?@127.0.0.1/")
@example("https://example.com#@127.0.0.1/")
@example("https://8.8.8.8:8443/[")
def test_the_client_reads_every_accepted_url_as_the_rule_did(url: str) -> None:
    if UrlRule().problem(url) is None:
        origin = Origin.of(url)
        seen = httpx.URL(url)
        assert origin is not None
        assert (seen.scheme, seen.raw_host.decode(), seen.port or 443) == (origin.scheme, origin.host, origin.port)
        assert not seen.userinfo
        assert httpx.Request("POST", seen.copy_with(host="2606:4700::1")).url.raw_host == b"2606:4700::1"


@st.composite
def _spelled_addresses(draw: st.DrawFn) -> tuple[IPv4Address, str]:
    """An address, and one of the many texts that the C library reads as it."""
    number = draw(st.integers(0, 2**32 - 1))
    octets_kept = draw(st.integers(0, 3))
    parts = [number >> shift & 255 for shift in (24, 16, 8)][:octets_kept]
    parts.append(number & (1 << 8 * (4 - octets_kept)) - 1)
    return IPv4Address(number), ".".join(
        draw(st.sampled_from([f"{p}", f"0x{p:x}", f"0{p:o}", f"0X{p:X}"])) for p in parts
    )


@given(_spelled_addresses())
def test_no_other_spelling_of_an_ipv4_address_is_accepted(case: tuple[IPv4Address, str]) -> None:
    address, host = case
    assert inet_aton(host) == address.packed
    accepted = UrlRule().problem(f"https://{host}/") is None
    assert accepted == (host == str(address) and is_public(address))
