"""Which addresses that callers chose may be called: the rule for IP addresses and the rule for URLs."""

import re
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

from pipeline.domain.errors import Misconfigured

MAX_URL = 2048
PUBLIC_ONLY = "must be a public https address (port 443 or 8443)"
"""The one text for every refused host, so that refusals tell nothing about what is reachable from here."""

_DEFAULT_PORTS = {"http": 80, "https": 443}
_PUBLIC_PORTS = {443, 8443}
_MAX_PORT = 65535

# Not globally reachable by IANA's special-purpose registry, plus the retired 6to4 relays (RFC 7526) and multicast.
# Written out, because what `ipaddress` calls global differs between Python releases.
_CLOSED_IPV4 = tuple(
    IPv4Network(prefix)
    for prefix in (
        *("0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12"),
        *("192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24", "192.168.0.0/16", "198.18.0.0/15"),
        *("198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4"),
    )
)
_GLOBAL_IPV6 = IPv6Network("2000::/3")
# Protocol assignments with Teredo and ORCHID, documentation twice, and 6to4, which embeds an IPv4 address.
_CLOSED_IPV6 = tuple(IPv6Network(prefix) for prefix in ("2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20"))
_ISATAP = {0x0000_5EFE, 0x0200_5EFE}  # RFC 5214, 6.1: upper half of an interface id that embeds an IPv4 address

_URL = re.compile(
    r"(?P<scheme>https?)://(?P<host>\[[0-9a-f:.]+\]|[a-z0-9._-]+)(?::(?P<port>[0-9]{1,5}))?(?P<rest>[/?#].*)?",
    re.IGNORECASE | re.ASCII,
)
# RFC 1123 names of at least two labels. A last label that starts with a letter is never part of an IPv4 address,
# whichever of the many spellings of numbers a resolver may know.
_LABEL = r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?"
_NAME = re.compile(rf"(?:{_LABEL}\.)+[a-z](?:[a-z0-9-]{{0,61}}[a-z0-9])?")
_MAX_NAME = 253
# Names that IANA's registry of special-use domain names keeps out of the public DNS, those that ICANN has reserved for
# private use, and what home routers use.
_SPECIAL_NAMES = frozenset(
    {
        *("alt", "arpa", "corp", "home", "internal", "invalid", "lan", "local", "localdomain", "localhost"),
        *("mail", "onion", "private", "test"),
    }
)
# Those of RFC 2606 for documentation: whoever sends a sample as it stands names one of them, and nobody is ever there.
_SAMPLE_NAMES = re.compile(r"(?:.+\.)?example(?:\.(?:com|net|org))?")


def ip_literal(host: str) -> IPv4Address | IPv6Address | None:
    """``host`` as an address, or None when it is a name or nothing at all."""
    try:
        return ip_address(host)
    except ValueError:
        return None


def is_public(ip: str | IPv4Address | IPv6Address) -> bool:
    """Whether ``ip`` is a unicast address of the public Internet; False as well for what is no address.

    IPv4-mapped IPv6 addresses are judged as the IPv4 address that they carry.
    """
    address = ip_literal(ip) if isinstance(ip, str) else ip
    if isinstance(address, IPv6Address):
        if address.scope_id is not None:
            return False
        if address.ipv4_mapped is None:
            return _is_public_ipv6(address)
        address = address.ipv4_mapped
    return address is not None and not any(address in network for network in _CLOSED_IPV4)


def _is_public_ipv6(address: IPv6Address) -> bool:
    interface = int(address) & (2**64 - 1)
    return (
        address in _GLOBAL_IPV6
        and not any(address in network for network in _CLOSED_IPV6)
        and interface >> 32 not in _ISATAP
    )


@dataclass(frozen=True, slots=True)
class Origin:
    """Who answers at a URL."""

    scheme: str
    host: str  # lower case, IPv6 addresses in their short form and without brackets
    port: int  # as written, or the scheme's own

    @classmethod
    def of(cls, url: str) -> "Origin | None":
        """Read the origin of ``url``; None for user-info, a host that is not ASCII, and all that is no http URL."""
        parts = _URL.fullmatch(url)
        if parts is None:
            return None
        scheme, host = parts["scheme"].lower(), parts["host"].lower()
        port = int(parts["port"] or _DEFAULT_PORTS[scheme])
        if host.startswith("["):
            address = ip_literal(host[1:-1])
            if not isinstance(address, IPv6Address):
                return None
            host = str(address)
        return cls(scheme, host, port) if port <= _MAX_PORT else None

    @property
    def is_public(self) -> bool:
        """Whether the contract lets everybody choose it: names are judged again by what they resolve to."""
        if self.scheme != "https" or self.port not in _PUBLIC_PORTS:
            return False
        if ip_literal(self.host):
            return is_public(self.host)
        is_special = self.host.rpartition(".")[2] in _SPECIAL_NAMES
        return len(self.host) <= _MAX_NAME and _NAME.fullmatch(self.host) is not None and not is_special

    @property
    def is_sample(self) -> bool:
        """Whether the host is one of those in documentation, of which it is no news that they are not there."""
        return _SAMPLE_NAMES.fullmatch(self.host) is not None


class UrlRule:
    """The one rule for URLs that callers chose.

    Args:
        allowed_origins: origins such as ``http://127.0.0.1:9000`` that the operator trusts, whatever they are.
        setting: that names them.

    Raises:
        Misconfigured: one of them is not an origin.
    """

    def __init__(self, allowed_origins: tuple[str, ...] = (), *, setting: str = "EVALUATION_ALLOWED_ORIGINS") -> None:
        self._allowed = frozenset(_configured_origin(text, setting) for text in allowed_origins)

    @property
    def has_exceptions(self) -> bool:
        """Whether the operator trusts origins of its own choice."""
        return bool(self._allowed)

    def allows(self, origin: Origin) -> bool:
        """Whether the operator trusts ``origin``."""
        return origin in self._allowed

    def problem(self, url: str) -> str | None:
        """What is wrong with ``url``, in words that do not hold it, or None."""
        if len(url) > MAX_URL:
            return f"is longer than {MAX_URL} characters"
        if any(character in " \\" or not character.isprintable() for character in url):
            return "holds white space, a control character or a backslash"
        origin = Origin.of(url)
        if origin is None or not (self.allows(origin) or origin.is_public):
            return PUBLIC_ONLY
        return None


class NeighbourRule(UrlRule):
    """For addresses that a service at ``endpoint`` names: public ones and, if it is not public, all of its own host.

    A service on this machine may name whatever is on this machine.

    Raises:
        Misconfigured: ``endpoint`` is no http URL, of the ``setting``.
    """

    def __init__(self, endpoint: str, *, setting: str) -> None:
        origin = Origin.of(endpoint)
        if origin is None:
            raise Misconfigured(f"{setting} must be an http or https address, like https://HOST/api-deploy")
        super().__init__(setting=setting)
        self.is_here = is_this_machine(origin.host)
        self._endpoint = origin

    def allows(self, origin: Origin) -> bool:
        """Whether it is the service's own, or a neighbour of one that is not public."""
        is_neighbour = not self._endpoint.is_public and origin.host == self._endpoint.host
        return origin == self._endpoint or is_neighbour or (self.is_here and is_this_machine(origin.host))


def is_this_machine(host: str) -> bool:
    """Whether ``host``, a name or an address, is loopback."""
    address = ip_literal(host)
    return host == "localhost" or (address is not None and address.is_loopback)


def _configured_origin(text: str, setting: str) -> Origin:
    parts = _URL.fullmatch(text)
    origin = Origin.of(text)
    if parts is None or origin is None or parts["rest"] not in {None, "/"}:
        raise Misconfigured(f"{setting}: every origin must be scheme, host and port only, like http://127.0.0.1:9000")
    return origin
