import os
from typing import Any

import pytest
from github import Github, GithubException, UnknownObjectException

from tests.fakes.github import FakeGitHub
from tests.integration.fake_github.rig import LONG, PAGE, Checkout, ask, create


def test_a_created_repository_takes_a_push(github: FakeGitHub, client: Github, checkout: Checkout) -> None:
    repository = create(client, description="Sales by region", has_wiki=False)
    sha = checkout.commit(PAGE, "first")
    assert checkout.push(repository).returncode == 0

    stored = github.repository("octocat", "sales")
    assert (stored.head(), stored.commits(), stored.files()) == (sha, [(sha, "first")], PAGE)
    assert repository.get_git_ref("heads/main").object.sha == sha
    assert repository.get_branch("main").commit.sha == sha
    assert repository.get_commit("main").commit.message == "first"
    assert [commit.sha for commit in repository.get_commits()] == [sha]
    assert client.get_repo("octocat/sales").description == "Sales by region"
    assert not client.get_repo("octocat/sales").has_wiki


def test_contents_are_read_back(client: Github, checkout: Checkout) -> None:
    repository = create(client)
    checkout.commit({"index.html": b"\x00\xff", "data/a.csv": b"1,2"})
    checkout.push(repository)

    assert repository.get_contents("index.html").decoded_content == b"\x00\xff"  # type: ignore[union-attr]  # a file
    listed = repository.get_contents("")
    assert isinstance(listed, list)
    assert {(entry.name, entry.type) for entry in listed} == {("index.html", "file"), ("data", "dir")}
    with pytest.raises(UnknownObjectException):
        repository.get_contents("missing.html")


def test_a_pushed_repository_can_be_cloned(client: Github, checkout: Checkout, github: FakeGitHub) -> None:
    repository = create(client)
    sha = checkout.commit(PAGE)
    checkout.push(repository)
    again = Checkout(github, checkout.folder / "again")
    again.git("pull", "--quiet", repository.clone_url, "main")
    assert again.git("rev-parse", "HEAD") == sha


def test_a_push_over_a_mebibyte_arrives_whole(client: Github, checkout: Checkout, github: FakeGitHub) -> None:
    repository = create(client)
    content = os.urandom(3 * 1024 * 1024)
    checkout.commit({"photo.bin": content})
    assert checkout.push(repository).returncode == 0
    assert github.repository("octocat", "sales").files() == {"photo.bin": content}


def test_a_push_that_is_behind_is_refused(client: Github, checkout: Checkout, github: FakeGitHub) -> None:
    repository = create(client)
    github.commit(github.repository("octocat", "sales"), {"index.html": b"theirs"}, "theirs")
    checkout.commit(PAGE)
    refused = checkout.push(repository)
    assert refused.returncode == 1
    assert "[rejected]" in refused.stderr


def test_a_name_is_given_once_whatever_its_case(client: Github, github: FakeGitHub) -> None:
    create(client, "sales")
    with pytest.raises(GithubException) as refused:
        create(client, "Sales")
    assert refused.value.status == 422
    assert refused.value.data["errors"][0]["message"] == "name already exists on this account"
    assert len(github.repositories()) == 1


@pytest.mark.parametrize(
    ("field", "fields"),
    [
        ("name", {"name": "not a name"}),
        ("name", {"name": "n" * 101}),
        ("name", {"name": ""}),
        ("description", {"name": "sales", "description": "d" * 351}),
        ("description", {"name": "sales", "description": "two\nlines"}),
        ("private", {"name": "sales", "private": "yes"}),
    ],
)
def test_bad_values_are_refused_by_field(
    client: Github, github: FakeGitHub, field: str, fields: dict[str, Any]
) -> None:
    with pytest.raises(GithubException) as refused:
        client.requester.requestJsonAndCheck("POST", "/user/repos", input=fields)
    assert refused.value.status == 422
    assert [error["field"] for error in refused.value.data["errors"]] == [field]
    assert github.repositories() == []


def test_organizations_have_repositories_of_their_own(client: Github, checkout: Checkout, github: FakeGitHub) -> None:
    repository = client.get_organization("acme").create_repo("sales")
    checkout.commit(PAGE)
    assert checkout.push(repository).returncode == 0
    assert repository.full_name == "acme/sales"
    assert github.repository("acme", "sales").owner.is_organization


def test_a_repository_is_changed_renamed_and_deleted(client: Github, github: FakeGitHub) -> None:
    repository = create(client)
    repository.edit(description="new", homepage="http://127.0.0.1/")
    repository.replace_topics(["charts", "csv"])
    sha = github.commit(github.repository("octocat", "sales"), PAGE, "one")
    repository.edit(name="turnover")
    stored = github.repository("octocat", "turnover")
    assert (stored.description, stored.homepage, stored.topics) == ("new", "http://127.0.0.1/", ["charts", "csv"])
    assert stored.head() == sha
    create(client, "sales")
    assert github.repository("octocat", "sales").head() is None
    repository.delete()
    assert [left.name for left in github.repositories()] == ["sales"]


def test_an_empty_repository_says_so(client: Github) -> None:
    repository = create(client)
    for path in ("/git/ref/heads/main", "/commits", "/commits/main"):
        with pytest.raises(GithubException) as refused:
            ask(repository, "GET", path)
        assert (refused.value.status, refused.value.message) == (409, "Git Repository is empty.")
    for path, message in (("/branches/main", "Branch not found"), ("/contents/", "This repository is empty.")):
        with pytest.raises(GithubException) as missing:
            ask(repository, "GET", path)
        assert (missing.value.status, missing.value.message) == (404, message)


def test_a_new_repository_is_not_found_for_a_while(client: Github, checkout: Checkout, github: FakeGitHub) -> None:
    github.settings.visibility_seconds = LONG
    repository = create(client)
    checkout.commit(PAGE)
    with pytest.raises(UnknownObjectException):
        client.get_repo("octocat/sales")
    assert "remote: Repository not found." in checkout.push(repository).stderr

    github.repository("octocat", "sales").visible_from = 0.0
    assert client.get_repo("octocat/sales").name == "sales"
    assert checkout.push(repository).returncode == 0
