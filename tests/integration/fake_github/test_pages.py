import pytest
from github import GithubException, UnknownObjectException

from tests.integration.fake_github.rig import DEPLOY, LONG, MAIN, PAGE, Octocat, ask, latest, site


def test_a_site_shows_what_was_built(octocat: Octocat) -> None:
    repository = octocat.publish()
    assert (latest(repository)["status"], latest(repository)["commit"]) == (
        "built",
        octocat.checkout.git("rev-parse", "HEAD"),
    )
    assert octocat.visitor.get(site(repository)).content == PAGE["index.html"]


def test_each_push_is_built(octocat: Octocat) -> None:
    repository = octocat.publish()
    sha = octocat.update(repository, {"index.html": b"two"})
    pages = octocat.github.repository("octocat", "sales").pages
    assert pages is not None
    assert [status for _, status in pages.builds] == ["built", "built"]
    assert latest(repository)["commit"] == sha
    assert octocat.visitor.get(site(repository)).text == "two"


def test_pages_can_be_turned_on_once_and_off(octocat: Octocat) -> None:
    repository = octocat.publish()
    address = site(repository)
    with pytest.raises(GithubException) as refused:
        ask(repository, "POST", "/pages", MAIN)
    assert (refused.value.status, refused.value.message) == (409, "GitHub Pages is already enabled.")
    ask(repository, "DELETE", "/pages")
    assert octocat.visitor.get(address).status_code == 404
    with pytest.raises(UnknownObjectException):
        site(repository)


def test_pages_need_a_branch_a_plan_and_a_source(octocat: Octocat) -> None:
    repository = octocat.create()
    with pytest.raises(GithubException, match="The main branch must exist before GitHub Pages can be built"):
        ask(repository, "POST", "/pages", MAIN)
    with pytest.raises(GithubException) as refused:
        ask(repository, "POST", "/pages", {})
    assert refused.value.status == 422
    octocat.update(repository)
    repository.edit(private=True)
    with pytest.raises(GithubException, match="Your current plan does not support GitHub Pages"):
        ask(repository, "POST", "/pages", MAIN)


def test_a_new_source_waits_for_a_build(octocat: Octocat) -> None:
    repository = octocat.publish({**PAGE, "docs/index.html": b"from docs", "docs/.nojekyll": b""})
    ask(repository, "PUT", "/pages", {"source": {"branch": "main", "path": "/docs"}})
    assert ask(repository, "GET", "/pages")["source"]["path"] == "/docs"
    assert octocat.visitor.get(site(repository)).content == PAGE["index.html"]
    ask(repository, "POST", "/pages/builds")
    assert octocat.visitor.get(site(repository)).text == "from docs"


def test_a_build_under_way_shows_nothing_new(octocat: Octocat) -> None:
    repository = octocat.publish()
    octocat.github.settings.build_seconds = LONG
    sha = octocat.update(repository, {"index.html": b"two"})
    assert (latest(repository)["status"], latest(repository)["commit"]) == ("queued", sha)
    assert ask(repository, "GET", "/pages")["status"] == "building"
    assert octocat.visitor.get(site(repository)).content == PAGE["index.html"]


def test_a_newer_push_takes_the_place_of_a_build(octocat: Octocat) -> None:
    octocat.github.settings.build_seconds = LONG
    repository = octocat.publish()
    octocat.github.settings.build_seconds = 0.0
    octocat.update(repository, {"index.html": b"two"})
    newest, oldest = ask(repository, "GET", "/pages/builds")
    assert (newest["status"], oldest["status"]) == ("built", "errored")
    assert "superseded" in oldest["error"]["message"]


def test_a_built_site_may_be_stale(octocat: Octocat) -> None:
    repository = octocat.publish()
    octocat.github.settings.stale_seconds = LONG
    octocat.update(repository, {"index.html": b"two"})
    assert latest(repository)["status"] == "built"
    assert octocat.visitor.get(site(repository)).content == PAGE["index.html"]


@pytest.mark.parametrize("is_cached", [True, False])
def test_a_failed_build_keeps_the_old_site(octocat: Octocat, is_cached: bool) -> None:
    repository = octocat.publish()
    octocat.github.fail_next_build("Deployment failed, try again later.", cached=is_cached)
    octocat.update(repository, {"index.html": b"two"})
    assert latest(repository)["status"] == "errored"
    assert latest(repository)["error"]["message"] == "Deployment failed, try again later."
    assert octocat.visitor.get(site(repository)).content == PAGE["index.html"]

    ask(repository, "POST", "/pages/builds")
    assert latest(repository)["status"] == ("errored" if is_cached else "built")
    octocat.update(repository, {}, "empty")
    assert latest(repository)["status"] == "built"
    assert octocat.visitor.get(site(repository)).text == "two"


def test_builds_of_an_hour_are_limited(octocat: Octocat) -> None:
    octocat.github.settings.builds_per_hour = 1
    repository = octocat.publish()
    ask(repository, "POST", "/pages/builds")
    assert latest(repository)["status"] == "errored"


def test_jekyll_drops_files_unless_it_is_off(octocat: Octocat) -> None:
    repository = octocat.publish({"index.html": b"one", "_data.json": b"{}", "a/_b/c.txt": b"c"})
    address = site(repository)
    assert octocat.visitor.get(address).status_code == 200
    assert [octocat.visitor.get(address + path).status_code for path in ("_data.json", "a/_b/c.txt")] == [404, 404]
    octocat.update(repository, {".nojekyll": b""})
    assert [octocat.visitor.get(address + path).status_code for path in ("_data.json", "a/_b/c.txt")] == [200, 200]


@pytest.mark.parametrize(
    ("path", "content", "status"),
    [
        ("README.md", b"{% nonsense %}", "errored"),
        ("page.html", b"---\ntitle: x\n---\n{% nonsense %}", "errored"),
        ("page.html", b"{% nonsense %}", "built"),
        ("README.md", b"{% if a %}{% endif %}", "built"),
    ],
)
def test_jekyll_fails_on_unknown_liquid_tags(octocat: Octocat, path: str, content: bytes, status: str) -> None:
    repository = octocat.publish({"index.html": b"one", path: content})
    assert latest(repository)["status"] == status


def test_a_workflow_deploys_without_builds(octocat: Octocat) -> None:
    repository = octocat.create()
    octocat.update(repository, {**PAGE, **DEPLOY})
    ask(repository, "POST", "/pages", {"build_type": "workflow"})
    assert ask(repository, "GET", "/pages")["status"] is None
    assert octocat.visitor.get(site(repository)).content == PAGE["index.html"]
    for path in ("/pages/builds", "/pages/builds/latest"):
        with pytest.raises(UnknownObjectException):
            ask(repository, "GET", path)
    octocat.update(repository, {"index.html": b"two"})
    assert octocat.visitor.get(site(repository)).text == "two"


def test_a_workflow_site_without_a_workflow_stays_empty(octocat: Octocat) -> None:
    repository = octocat.create()
    octocat.update(repository)
    ask(repository, "POST", "/pages", {"build_type": "workflow"})
    assert octocat.visitor.get(site(repository)).status_code == 404


def test_visitors_find_folders_types_and_the_apps_own_404_page(octocat: Octocat) -> None:
    files = {"404.html": b"lost", "docs/index.html": b"docs", "about.html": b"about", "a b.json": b"{}", **PAGE}
    repository = octocat.publish(files)
    address = site(repository)
    assert octocat.visitor.get(f"{address}docs/").text == "docs"
    assert octocat.visitor.get(f"{address}docs").headers["Location"] == "/pages/octocat/sales/docs/"
    assert octocat.visitor.get(address.rstrip("/")).status_code == 301
    assert octocat.visitor.get(f"{address}about").text == "about"
    assert octocat.visitor.get(f"{address}a%20b.json?v=1").headers["Content-Type"] == "application/json; charset=utf-8"
    assert octocat.visitor.get(address).headers["Cache-Control"] == "max-age=600"
    missing = octocat.visitor.get(f"{address}missing")
    assert (missing.status_code, missing.text) == (404, "lost")
    assert octocat.visitor.head(address).headers["Content-Length"] == str(len(PAGE["index.html"]))
    assert octocat.visitor.post(address).status_code == 405
