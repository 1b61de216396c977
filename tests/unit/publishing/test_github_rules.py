"""The rules of publishing to GitHub that need no GitHub."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.domain.publication import owner_mark
from pipeline.publishing.github_pages.repositories import description_of, mark_of, repository_of
from pipeline.publishing.github_pages.sites import build_type_of
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
