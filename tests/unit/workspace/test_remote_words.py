"""What git writes, and what is made of it."""

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.domain.errors import PushProblem
from pipeline.domain.publication import Remote
from pipeline.workspace.remotes import push_problem, remote_words
from tests.cases import cases

CASES = cases("git-words")
PLACES = {"A Cloud Secret ID": "app.js:2", "Another Provider API Key": "data/keys (old).json:17"}
TOKEN = "ghp_0123456789abcdef"
REMOTE = Remote("https://git.example/a/b.git", TOKEN)


@pytest.mark.parametrize(
    ("output", "problem"), [(output, PushProblem(problem)) for output, problem in CASES["problems"]]
)
def test_the_problem_is_told_by_gits_words(output: str, problem: PushProblem) -> None:
    assert push_problem(output) is problem


def test_the_remotes_own_words_come_before_gits() -> None:
    output = "remote: error: GH006: Protected branch\x1b[K\nremote: \nremote:   Use a pull request\nfatal: failed\n"
    assert remote_words(output, REMOTE) == "error: GH006: Protected branch[K Use a pull request"
    assert remote_words("warning: x\nfatal: unable to access\n", REMOTE) == "fatal: unable to access"


def test_long_words_keep_rule_and_place_and_lose_advice() -> None:
    advice = f"(?) Learn how at https://docs.github.example/{'x' * 300}"
    found = [f"-- {name} {'-' * 40}\nlocations:\n- commit: {'a' * 40}\npath: {path}" for name, path in PLACES.items()]
    said = ["error: GH013: Rule violations", "-" * 40, advice, f"Visit https://github.example/{'y' * 200}", *found]
    output = "".join(f"remote: {line}\n" for line in "\n".join(said).split("\n"))
    words = remote_words(output, REMOTE)
    assert all(text in words for text in ["GH013", *PLACES, *PLACES.values()])
    assert "https:" not in words


@given(st.lists(st.text(max_size=300) | st.just(TOKEN) | st.just("\nremote: "), max_size=30))
def test_words_are_one_short_printable_line_without_the_token(parts: list[str]) -> None:
    encoded = base64.b64encode(f"x-access-token:{TOKEN}".encode()).decode()
    words = remote_words("remote: " + "".join([*parts, encoded, TOKEN]), REMOTE)
    assert len(words) <= 600
    assert words.isprintable()
    assert TOKEN not in words
    assert encoded not in words
