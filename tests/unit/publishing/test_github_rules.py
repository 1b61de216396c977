"""The rules of publishing to GitHub that need no GitHub."""

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path

import pytest
from github import GithubException
from hypothesis import given
from hypothesis import strategies as st

from pipeline.domain.errors import PublishFailed
from pipeline.domain.publication import owner_mark
from pipeline.publishing.github_pages.failures import judged, message_of
from pipeline.publishing.github_pages.patience import TryAgain
from pipeline.publishing.github_pages.repositories import description_of, mark_of, repository_of
from pipeline.publishing.github_pages.sites import build_type_of
from pipeline.publishing.github_pages.token import token_of_gh_command
from tests.builders import EMAIL, TASK, make_brief, make_files, make_publication, make_site
from tests.cases import cases

CASES = cases("github-rules")
MARK = f"[code-to-deployment {owner_mark(EMAIL, TASK)}]"


@pytest.mark.parametrize(("text", "sentence"), CASES["descriptions"])
def test_a_description_is_the_first_sentence_and_the_mark(text: str, sentence: str) -> None:
    assert description_of(make_brief(text=text), make_site()) == f"{sentence} {MARK}".strip()


@given(st.text(max_size=1000))
def test_a_description_is_one_printable_line_that_github_takes_whatever_the_brief(text: str) -> None:
    description = description_of(make_brief(text=text), make_site())
    assert len(description) <= 350
    assert description.isprintable()
    assert description.endswith(MARK)


def test_marks_differ_between_owners_and_tasks() -> None:
    sites = [make_site(), make_site(email="eve@example.com"), make_site(task="other")]
    assert len({mark_of(site) for site in sites}) == 3


@pytest.mark.parametrize("host", ["https://github.com", "http://127.0.0.1:8080/web"])
def test_the_repository_of_a_publication_is_where_its_page_is(host: str) -> None:
    repository = repository_of(make_publication(repo_url=f"{host}/octo/app"))
    assert (repository.full_name, repository.owner) == ("octo/app", "octo")
    assert repository.clone_url == f"{host}/octo/app.git"


@pytest.mark.parametrize(("path", "text", "build_type"), CASES["workflows"])
def test_a_workflow_builds_the_site_when_it_deploys_pages(path: str, text: str, build_type: str) -> None:
    assert build_type_of(make_files({"index.html": "x", path: text})) == build_type


# What GitHub's errors are taken for


NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


def error(status: int, message: str = "", **headers: str) -> GithubException:
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    return GithubException(status, {"message": message}, {"date": format_datetime(NOW, usegmt=True), **sent})


def try_again(failure: PublishFailed | TryAgain) -> TryAgain:
    assert isinstance(failure, TryAgain)
    return failure


@pytest.mark.parametrize("status", [408, 425, 500, 502, 503, 504, 520, 599])
def test_passing_faults_are_tried_again_with_a_look_first(status: int) -> None:
    assert try_again(judged(error(status), "x")).is_lost


@pytest.mark.parametrize("status", [400, 404, 409, 410, 415, 422, 451])
def test_refusals_are_final_and_in_githubs_words(status: int) -> None:
    failure = judged(error(status, "no such thing"), "do it")
    assert isinstance(failure, PublishFailed)
    assert str(failure) == "GitHub refused to do it: no such thing"


@pytest.mark.parametrize("status", [403, 429])
@pytest.mark.parametrize(
    ("after", "seconds"),
    [
        ("7", 7),
        ("0", 0),
        (format_datetime(NOW + timedelta(seconds=90), usegmt=True), 90),
        (format_datetime(NOW - timedelta(seconds=90), usegmt=True), 0),
        ("soon", 60),
    ],
)
def test_retry_after_is_the_least_to_wait(status: int, after: str, seconds: float) -> None:
    assert try_again(judged(error(status, retry_after=after), "x")).minimum_seconds == seconds


def test_a_used_up_hour_is_waited_for_by_githubs_own_clock() -> None:
    reset = str(int((NOW + timedelta(minutes=5)).timestamp()))
    limit = try_again(judged(error(403, x_ratelimit_remaining="0", x_ratelimit_reset=reset), "x"))
    assert limit.minimum_seconds == 300
    assert "until 12:05 UTC, in 5 minutes" in str(limit.failure)


@pytest.mark.parametrize("reset", ["", "soon", "1e400", "nan", "9" * 30])
def test_a_used_up_hour_without_a_usable_end_is_a_limit_without_a_time(reset: str) -> None:
    assert try_again(judged(error(403, x_ratelimit_remaining="0", x_ratelimit_reset=reset), "x")).is_limit


@pytest.mark.parametrize("date", ["Sun, 01 Mar 2026 12:01:30 -0000", "Sun, 01 Mar 2026 12:01:30 +0000"])
def test_dates_are_read_with_and_without_a_zone(date: str) -> None:
    assert try_again(judged(error(429, retry_after=date), "x")).minimum_seconds == 90
    answered = error(429, retry_after="Sun, 01 Mar 2026 12:02:30 GMT", date=date)
    assert try_again(judged(answered, "x")).minimum_seconds == 60


@pytest.mark.parametrize(("status", "message"), CASES["limits"])
def test_a_limit_without_a_time_is_known_by_its_words_or_status(status: int, message: str) -> None:
    assert try_again(judged(error(status, message), "x")).is_limit


def test_a_missing_permission_is_named() -> None:
    failure = judged(
        error(403, "Resource not accessible", x_accepted_github_permissions="pages=write,administration=write; x=read"),
        "turn on Pages",
    )
    assert str(failure) == (
        "GitHub does not let this token turn on Pages, which needs the permission pages=write and "
        "administration=write or x=read: Resource not accessible"
    )


@pytest.mark.parametrize(
    "address", ["https://github.com/orgs/a/sso?authorization_request=A1", "https://ghe.example/sso"]
)
def test_where_single_sign_on_wants_the_token_authorised_is_shown(address: str) -> None:
    failure = judged(error(403, "Resource protected", x_github_sso=f"required; url={address}"), "do it")
    assert str(failure).endswith(f"Resource protected Authorise the token for single sign-on at {address}")
    partial = judged(error(403, "Resource protected", x_github_sso="partial-results; organizations=21955855"), "do it")
    assert str(partial).endswith("Resource protected")


@given(
    st.recursive(
        st.none() | st.booleans() | st.text() | st.integers(),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["message", "errors", "x"]), inner),
        max_leaves=10,
    )
)
def test_a_message_is_one_short_printable_line_whatever_the_answer(document: object) -> None:
    message = message_of(document)
    assert len(message) <= 300
    assert message.isprintable()


def test_a_message_has_its_details() -> None:
    document = {"message": "Failed.", "errors": [{"message": "name exists"}, "odd", {"field": "x"}]}
    assert message_of(document) == "Failed.: name exists: odd"


# The token of the gh command, by commands made up for the test


@pytest.fixture
def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("PATH", str(tmp_path))
    return tmp_path


def write_gh(folder: Path, script: str) -> None:
    (folder / "gh").write_text(f"#!/bin/sh\n{script}\n")
    (folder / "gh").chmod(0o755)


def test_it_is_what_the_command_prints(programs: Path) -> None:
    write_gh(programs, '[ "$*" = "auth token" ] && echo gho_made1up2')
    assert token_of_gh_command() == "gho_made1up2"


def test_there_is_none_without_the_command(programs: Path) -> None:
    assert list(programs.iterdir()) == []
    assert token_of_gh_command() is None


@pytest.mark.parametrize(
    "script", ["echo no oauth token found >&2; exit 1", "true", "echo two words", "echo gho_ü", "kill -9 $$"]
)
def test_there_is_none_when_the_command_gives_none(programs: Path, script: str) -> None:
    write_gh(programs, script)
    assert token_of_gh_command() is None


def test_there_is_none_when_the_command_cannot_be_run(programs: Path) -> None:
    (programs / "gh").write_text("")
    (programs / "gh").chmod(0o755)
    assert token_of_gh_command() is None


def test_there_is_none_when_the_command_does_not_end(programs: Path) -> None:
    write_gh(programs, "exec /bin/sleep 30")
    assert token_of_gh_command(seconds=0.2) is None
