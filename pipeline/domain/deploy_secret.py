"""The rule for secrets that open the service."""

SHORTEST = 16
"""Shorter ones could be guessed."""

_PUBLISHED_SAMPLE = "abc123xyz"


def secret_problem(secret: str) -> str | None:
    """Why ``secret`` cannot be one, in words that do not hold it, or None."""
    if not secret.strip():
        return "is empty: choose a long random text"
    if secret == _PUBLISHED_SAMPLE:
        return "is the published sample, which everybody knows: choose a long random text"
    if len(secret) < SHORTEST:
        return f"has fewer than {SHORTEST} characters and could be guessed: choose a long random text"
    if secret.startswith("hf_"):
        return "looks like a Hugging Face token, and would be taken for one: choose another text"
    try:
        secret.encode()
    except UnicodeEncodeError:
        return "is not valid Unicode: choose a long random text"
    return None
