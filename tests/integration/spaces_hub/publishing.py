"""Apps of each kind, and the way to a Space of theirs."""

from pipeline.domain.files import AppFiles
from pipeline.domain.publication import Publication, Site, Target
from pipeline.publishing.hf_space import HfSpacePublisher
from tests.builders import make_brief, make_files, make_site
from tests.fakes.hub import Space

SITE = make_site(target=Target.HF_SPACE)
ID = f"deployer/{SITE.repository}"
PAGE = "<!doctype html>\n<html><head><title>Sales</title></head><body>42</body></html>\n"
STATIC = make_files(
    {
        "README.md": "---\ntitle: Sales\nsdk: static\n---\n\n# Sales\n",
        "index.html": PAGE,
        "css/style.css": "p {}",
        "data.bin": bytes(range(256)),
        "LICENSE": "MIT",
        ".gitignore": ".env\n",
    }
)
GRADIO = make_files(
    {
        "README.md": "---\ntitle: Sales\nsdk: gradio\nsdk_version: 6.31.0\napp_file: app.py\n---\n\n# Sales\n",
        "app.py": "import gradio\n",
    }
)
DOCKER = make_files(
    {"README.md": "---\ntitle: Sales\nsdk: docker\napp_port: 7860\n---\n", "Dockerfile": "FROM python:3.12\n"}
)


async def publish(publisher: HfSpacePublisher, files: AppFiles, site: Site = SITE) -> Publication:
    return await publisher.publish(site, "0" * 40, files, make_brief(), lambda _: None)


async def confirm(publisher: HfSpacePublisher, publication: Publication, files: AppFiles, told: list[str]) -> None:
    await publisher.confirm(publication, SITE, files, told.append)


def app_files(space: Space) -> AppFiles:
    return AppFiles({path: content for path, content in space.files().items() if path != ".gitattributes"})
