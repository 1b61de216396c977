from ipaddress import IPv4Address, IPv6Address
from socket import inet_aton

import httpx
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from pipeline.domain.address import MAX_URL, PUBLIC_ONLY, Origin, UrlRule, is_public
from pipeline.domain.errors import Misconfigured
from tests.cases import cases

CASES = cases("addresses")
PUBLIC = CASES["public"]
CLOSED = CASES["closed"]


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


@pytest.mark.parametrize("url", CASES["accepted"])
def test_public_https_addresses_are_accepted(url: str) -> None:
    assert UrlRule().problem(url) is None


@pytest.mark.parametrize("url", [*CASES["refused"], f"https://{'a' * 64}.example.com/", f"https://{'a.' * 130}com/"])
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


@pytest.mark.parametrize(("allowed", "url"), CASES["trusted"])
def test_an_origin_that_the_operator_trusts_is_accepted_in_any_spelling(allowed: str, url: str) -> None:
    assert UrlRule((allowed,)).problem(url) is None
    assert UrlRule().problem(url) == PUBLIC_ONLY


@pytest.mark.parametrize("url", CASES["near-trusted"])
def test_trust_in_an_origin_covers_exactly_that_origin(url: str) -> None:
    assert UrlRule(("http://127.0.0.1:9000",)).problem(url) == PUBLIC_ONLY


@pytest.mark.parametrize("item", CASES["no-origin"])
def test_an_item_that_is_no_origin_is_the_operators_mistake(item: str) -> None:
    with pytest.raises(Misconfigured, match="EVALUATION_ALLOWED_ORIGINS"):
        UrlRule(("https://example.com", item))


_URL_PIECES = st.sampled_from(CASES["pieces"])


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
