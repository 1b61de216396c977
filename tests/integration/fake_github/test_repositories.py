import os
from typing import Any

import pytest
from github import GithubException, UnknownObjectException

from tests.integration.fake_github.rig import LONG, PAGE, Checkout, Octocat, ask


def test_a_created_repository_takes_a_push(octocat: Octocat) -> None:
    repository = octocat.create(description="Sales by region", has_wiki=False)
    sha = octocat.checkout.commit(PAGE, "first")
    assert octocat.checkout.push(repository).returncode == 0

    stored = octocat.github.repository("octocat", "sales")
    assert (stored.head(), stored.commits(), stored.files()) == (sha, [(sha, "first")], PAGE)
    assert repository.get_git_ref("heads/main").object.sha == sha
    assert repository.get_branch("main").commit.sha == sha
    assert repository.get_commit("main").commit.message == "first"
    assert [commit.sha for commit in repository.get_commits()] == [sha]
    assert octocat.client.get_repo("octocat/sales").description == "Sales by region"
    assert not octocat.client.get_repo("octocat/sales").has_wiki


def test_contents_are_read_back(octocat: Octocat) -> None:
    repository = octocat.create()
    octocat.update(repository, {"index.html": b"\x00\xff", "data/a.csv": b"1,2"})

    assert repository.get_contents("index.html").decoded_content == b"\x00\xff"  # type: ignore[union-attr]  # a file
    listed = repository.get_contents("")
    assert isinstance(listed, list)
    assert {(entry.name, entry.type) for entry in listed} == {("index.html", "file"), ("data", "dir")}
    with pytest.raises(UnknownObjectException):
        repository.get_contents("missing.html")


def test_a_pushed_repository_can_be_cloned(octocat: Octocat) -> None:
    repository = octocat.create()
    sha = octocat.update(repository)
    again = Checkout(octocat.github, octocat.checkout.folder / "again")
    again.git("pull", "--quiet", repository.clone_url, "main")
    assert again.git("rev-parse", "HEAD") == sha


def test_a_push_over_a_mebibyte_arrives_whole(octocat: Octocat) -> None:
    repository = octocat.create()
    content = os.urandom(3 * 1024 * 1024)
    octocat.checkout.commit({"photo.bin": content})
    assert octocat.checkout.push(repository).returncode == 0
    assert octocat.github.repository("octocat", "sales").files() == {"photo.bin": content}


def test_a_push_that_is_behind_is_refused(octocat: Octocat) -> None:
    repository = octocat.create()
    octocat.github.commit(octocat.github.repository("octocat", "sales"), {"index.html": b"theirs"}, "theirs")
    octocat.checkout.commit(PAGE)
    refused = octocat.checkout.push(repository)
    assert refused.returncode == 1
    assert "[rejected]" in refused.stderr


def test_a_name_is_given_once_whatever_its_case(octocat: Octocat) -> None:
    octocat.create("sales")
    with pytest.raises(GithubException) as refused:
        octocat.create("Sales")
    assert refused.value.status == 422
    assert refused.value.data["errors"][0]["message"] == "name already exists on this account"
    assert len(octocat.github.repositories()) == 1


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
def test_bad_values_are_refused_by_field(octocat: Octocat, field: str, fields: dict[str, Any]) -> None:
    with pytest.raises(GithubException) as refused:
        octocat.client.requester.requestJsonAndCheck("POST", "/user/repos", input=fields)
    assert refused.value.status == 422
    assert [error["field"] for error in refused.value.data["errors"]] == [field]
    assert octocat.github.repositories() == []


def test_organizations_have_repositories_of_their_own(octocat: Octocat) -> None:
    repository = octocat.client.get_organization("acme").create_repo("sales")
    octocat.checkout.commit(PAGE)
    assert octocat.checkout.push(repository).returncode == 0
    assert repository.full_name == "acme/sales"
    assert octocat.github.repository("acme", "sales").owner.is_organization


def test_a_repository_is_changed_renamed_and_deleted(octocat: Octocat) -> None:
    repository = octocat.create()
    repository.edit(description="new", homepage="http://127.0.0.1/")
    repository.replace_topics(["charts", "csv"])
    sha = octocat.github.commit(octocat.github.repository("octocat", "sales"), PAGE, "one")
    repository.edit(name="turnover")
    stored = octocat.github.repository("octocat", "turnover")
    assert (stored.description, stored.homepage, stored.topics) == ("new", "http://127.0.0.1/", ["charts", "csv"])
    assert stored.head() == sha
    octocat.create("sales")
    assert octocat.github.repository("octocat", "sales").head() is None
    repository.delete()
    assert [left.name for left in octocat.github.repositories()] == ["sales"]


def test_an_empty_repository_says_so(octocat: Octocat) -> None:
    repository = octocat.create()
    for path in ("/git/ref/heads/main", "/commits", "/commits/main"):
        with pytest.raises(GithubException) as refused:
            ask(repository, "GET", path)
        assert (refused.value.status, refused.value.message) == (409, "Git Repository is empty.")
    for path, message in (("/branches/main", "Branch not found"), ("/contents/", "This repository is empty.")):
        with pytest.raises(GithubException) as missing:
            ask(repository, "GET", path)
        assert (missing.value.status, missing.value.message) == (404, message)


def test_a_new_repository_is_not_found_for_a_while(octocat: Octocat) -> None:
    octocat.github.settings.visibility_seconds = LONG
    repository = octocat.create()
    octocat.checkout.commit(PAGE)
    with pytest.raises(UnknownObjectException):
        octocat.client.get_repo("octocat/sales")
    assert "remote: Repository not found." in octocat.checkout.push(repository).stderr

    octocat.github.repository("octocat", "sales").visible_from = 0.0
    assert octocat.client.get_repo("octocat/sales").name == "sales"
    assert octocat.checkout.push(repository).returncode == 0
