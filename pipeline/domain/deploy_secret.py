"""The rule for secrets that open the service."""

SHORTEST = 16
"""Shorter ones could be guessed by whoever reaches the service."""

SHORTEST_ON_LOOPBACK = 8
"""The least that NIST SP 800-63B asks of a password that is chosen by its user."""

_PUBLISHED_SAMPLE = "abc123xyz"


def secret_problem(secret: str, *, on_loopback: bool = False) -> str | None:
    """Why ``secret`` cannot be one, in words that do not hold it, or None.

    Args:
        secret: what senders of briefs must know.
        on_loopback: only programs of this machine reach the service.
    """
    shortest = SHORTEST_ON_LOOPBACK if on_loopback else SHORTEST
    if not secret.strip():
        return "is empty: choose a long random text"
    if secret == _PUBLISHED_SAMPLE:
        return "is the published sample, which everybody knows: choose a long random text"
    if len(secret) < shortest:
        return f"has fewer than {shortest} characters and could be guessed: choose a long random text"
    if secret.startswith("hf_"):
        return "looks like a Hugging Face token, and would be taken for one: choose another text"
    try:
        secret.encode()
    except UnicodeEncodeError:
        return "is not valid Unicode: choose a long random text"
    return None
