"""What git writes, and what is made of it."""

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.domain.errors import PushProblem
from pipeline.domain.publication import Remote
from pipeline.workspace.remotes import push_problem, remote_words

TOKEN = "ghp_0123456789abcdef"
REMOTE = Remote("https://git.example/a/b.git", TOKEN)
REFUSED = "!\tabc:refs/heads/main\t[remote rejected] ({})\nDone"


@pytest.mark.parametrize(
    ("output", "problem"),
    [
        (REFUSED.format("push declined due to repository rule violations"), PushProblem.REFUSED),
        (REFUSED.format("protected branch hook declined"), PushProblem.REFUSED),
        (REFUSED.format("Internal Server Error"), PushProblem.UNREACHABLE),
        (REFUSED.format("cannot lock ref 'refs/heads/main': is at a but expected b"), PushProblem.UNREACHABLE),
        ("!\tabc:refs/heads/main\t[rejected] (fetch first)\nDone", PushProblem.NOT_FAST_FORWARD),
        ("!\tabc:refs/heads/main\t[rejected] (non-fast-forward)\nDone", PushProblem.NOT_FAST_FORWARD),
        ("fatal: could not read Username for 'https://x': terminal prompts disabled", PushProblem.UNAUTHORIZED),
        ("fatal: unable to access 'https://x/': The requested URL returned error: 403", PushProblem.UNAUTHORIZED),
        (
            "remote: API rate limit exceeded\nfatal: unable to access: The requested URL returned error: 403",
            PushProblem.UNREACHABLE,
        ),
        ("fatal: unable to access 'https://x/': The requested URL returned error: 429", PushProblem.UNREACHABLE),
        ("fatal: unable to access 'https://x/': The requested URL returned error: 503", PushProblem.UNREACHABLE),
        ("fatal: unable to access 'https://x/': The requested URL returned error: 301", PushProblem.NOT_FOUND),
        ("remote: Repository not found.\nfatal: repository 'https://x/' not found", PushProblem.NOT_FOUND),
        ("fatal: couldn't find remote ref refs/heads/main", PushProblem.NOT_FOUND),
        ("fatal: unable to access 'https://x/': The requested URL returned error: 405", PushProblem.NOT_FOUND),
        ("fatal: https://x/a.git/info/refs not valid: is this a git repository?", PushProblem.NOT_FOUND),
        ("error: no DAV locking support on https://x/a.git/\nfatal: git-http-push failed", PushProblem.NOT_FOUND),
        ("error: RPC failed; curl 28 Operation too slow", PushProblem.UNREACHABLE),
        ("", PushProblem.UNREACHABLE),
    ],
)
def test_the_problem_is_told_by_gits_words(output: str, problem: PushProblem) -> None:
    assert push_problem(output) is problem


def test_the_remotes_own_words_come_before_gits() -> None:
    output = "remote: error: GH006: Protected branch\x1b[K\nremote: \nremote:   Use a pull request\nfatal: failed\n"
    assert remote_words(output, REMOTE) == "error: GH006: Protected branch[K Use a pull request"
    assert remote_words("warning: x\nfatal: unable to access\n", REMOTE) == "fatal: unable to access"


@given(st.lists(st.text(max_size=300) | st.just(TOKEN) | st.just("\nremote: "), max_size=30))
def test_words_are_one_short_printable_line_without_the_token(parts: list[str]) -> None:
    encoded = base64.b64encode(f"x-access-token:{TOKEN}".encode()).decode()
    words = remote_words("remote: " + "".join([*parts, encoded, TOKEN]), REMOTE)
    assert len(words) <= 600
    assert words.isprintable()
    assert TOKEN not in words
    assert encoded not in words
