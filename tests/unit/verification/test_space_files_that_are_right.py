"""Sound Dockerfiles, requirements and workflows: nothing is to be said about them."""

from pathlib import Path

import pytest

from pipeline.domain.files import AppFiles, path_problem
from pipeline.generation.reply.ladder import read_reply
from pipeline.generation.reply.operations import FileWrite
from pipeline.verification.static import StaticVerifier
from tests.builders import make_brief, make_files

ADDRESS = "https://octo-app.hf.space/"
REPLIES = Path(__file__).parents[2] / "data" / "replies"
READABLE_REPLIES = sorted(path for path in REPLIES.glob("*.md") if path.stem != "twice")  # that one is refused whole

CARD = "---\ntitle: Sales\nemoji: 📊\ncolorFrom: blue\ncolorTo: pink\nsdk: {}\n---\n\n# Sales\n"
USER = (
    "RUN useradd -m -u 1000 user\nUSER user\nENV HOME=/home/user PATH=/home/user/.local/bin:$PATH\nWORKDIR $HOME/app\n"
)

DOCKER_SPACES: dict[str, dict[str, str]] = {
    "flask with gunicorn": {
        "Dockerfile": f"# syntax=docker/dockerfile:1\nFROM python:3.12-slim\n\n{USER}"
        "COPY --chown=user requirements.txt ./\nRUN pip install --no-cache-dir -r requirements.txt\n"
        'COPY --chown=user . .\n\nEXPOSE 7860\nCMD ["gunicorn", "--bind", "0.0.0.0:7860", "app:app"]\n',
        "requirements.txt": "flask>=3.0\ngunicorn==23.0.0\n",
    },
    "flask as a program": {
        "Dockerfile": f"FROM python:3.12\n{USER}COPY --chown=user . .\n"
        'RUN pip install --user "flask>=3" && rm -rf ~/.cache\nCMD python app.py\n',
    },
    "flask by its command": {
        "Dockerfile": f"FROM python:3.12\n{USER}COPY --chown=user . .\nRUN pip install flask\n"
        "ENV FLASK_RUN_HOST=0.0.0.0 FLASK_RUN_PORT=7860\nCMD flask --app app run\n",
    },
    "fastapi in a package": {
        "Dockerfile": "ARG PYTHON=3.12\nFROM python:${PYTHON}-slim AS base\n"
        "RUN apt-get update \\\n    # for health checks\n    && apt-get install -y --no-install-recommends curl \\\n"
        "    && rm -rf /var/lib/apt/lists/*\nWORKDIR /code\nCOPY requirements.txt .\n"
        "RUN pip install -r requirements.txt\n"
        "FROM base AS final\nRUN adduser --disabled-password --gecos '' --uid 1000 web && chown -R web /code\n"
        "COPY --chown=web:web src/ ./src/\nUSER web:web\nENV PORT=7860\nEXPOSE ${PORT}/tcp\n"
        "HEALTHCHECK --interval=30s CMD curl -f http://localhost:7860/ || exit 1\n"
        'CMD exec uvicorn src.api.main:app --host 0.0.0.0 --port "${PORT:-7860}"\n',
        "src/api/main.py": "",
        "requirements.txt": "# web\nfastapi[standard]>=0.115  # the framework\nuvicorn\npillow\n",
    },
    "streamlit": {
        "Dockerfile": f"FROM python:3.12-slim\n{USER}COPY --chown=user . .\n"
        f"RUN pip install -r requirements.txt\nEXPOSE 8501\n"
        'CMD ["streamlit", "run", "app.py", "--server.port=8501", "--server.address=0.0.0.0"]\n',
        "requirements.txt": "streamlit\n",
        "README.md": CARD.format("docker\napp_port: 8501"),
    },
    "node in two stages": {
        "Dockerfile": "FROM node:22 AS build\nWORKDIR /src\nCOPY package.json package-lock.json* ./\n"
        "RUN npm install\nCOPY . .\n"
        "RUN npm run build\n\nFROM node:22-slim\nWORKDIR /home/node/app\n"
        "COPY --from=build --chown=node /src/dist ./dist\n"
        'USER node\nENV PORT=7860 NODE_ENV=production\nEXPOSE 7860\nVOLUME /data\nCMD ["node", "dist/server.js"]\n',
        "package.json": "{}",
    },
    "an image with a server of its own": {
        "Dockerfile": "FROM nginxinc/nginx-unprivileged:alpine\nCOPY <<EOF /etc/nginx/conf.d/default.conf\n"
        "server { listen 7860; root /app; }\nEOF\nCOPY index.html *.css /app/\nEXPOSE 7860\n",
        "index.html": "<!doctype html><title>x</title>",
    },
    "a script that starts several": {
        "Dockerfile": f"FROM python:3.12\n{USER}COPY --chown=user --chmod=755 . .\n"
        f"RUN pip install -r requirements.txt\n"
        'ENTRYPOINT ["./start.sh"]\nCMD ["--verbose"]\n',
        "requirements.txt": "-r base.txt\n--find-links https://x.example.com/wheels\n"
        "torch==2.4.0 --hash=sha256:aa \\\n    --hash=sha256:bb\ngit+https://example.com/x.git@main\n./vendor/y\n"
        "dataclasses; python_version < '3.7'\nnumpy<2; python_version < '3.9'\nnumpy>=2; python_version >= '3.9'\n",
    },
    "workers counted by the shell": {
        "Dockerfile": f"FROM python:3.12\n{USER}COPY --chown=user . .\nRUN pip install gunicorn flask\n"
        "CMD gunicorn -w $(nproc) -b 0.0.0.0:7860 app:app\n",
    },
    "django": {
        "Dockerfile": f"FROM python:3.12\n{USER}COPY --chown=user . .\nRUN pip install django\n"
        "CMD python manage.py migrate && python manage.py runserver 0.0.0.0:7860\n",
    },
    "python's own server": {
        "Dockerfile": f"FROM python:3.12-alpine\n{USER}COPY --chown=1000 . .\n"
        f'CMD ["python3", "-m", "http.server", "7860"]\n'
    },
    "uv": {
        "Dockerfile": "FROM registry.example.com/uv:python3.12-slim\nWORKDIR /app\nCOPY . .\n"
        "RUN uv sync --frozen && chown -R 1000 /app\n"
        'USER 1000\nCMD ["uv", "run", "uvicorn", "main:app", "--host", "0.0.0.0", "--port", "7860"]\n',
    },
}

WORKFLOWS = {
    "pages": """name: Pages
on:
  push:
    branches: [main]
permissions:
  contents: read
  pages: write
  id-token: write
concurrency: {group: pages, cancel-in-progress: true}
jobs:
  deploy:
    runs-on: ubuntu-latest
    environment:
      name: github-pages
      url: ${{ steps.deployment.outputs.page_url }}
    steps:
      - uses: actions/checkout@v4
      - uses: actions/configure-pages@v5
      - uses: actions/upload-pages-artifact@v3
        with: {path: .}
      - id: deployment
        uses: actions/deploy-pages@v4
""",
    "pages of a build": """"on": [push, workflow_dispatch]
jobs:
  build:
    runs-on: ${{ matrix.os }}
    strategy: {matrix: {os: [ubuntu-latest]}}
    steps:
      - uses: actions/checkout@v4
      - uses: actions/setup-node@v4
      - run: npm install && npm run build
      - run: node dist/check.js
      - uses: actions/upload-pages-artifact@v3
        with: {path: dist}
  deploy:
    needs: build
    permissions: {pages: write, id-token: write}
    runs-on: ubuntu-latest
    steps: [{uses: actions/deploy-pages@v4}]
""",
    "jekyll": """on: push
permissions: write-all
jobs:
  build:
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@v4
      - uses: actions/jekyll-build-pages@v1
      - uses: actions/upload-pages-artifact@v3
      - uses: actions/deploy-pages@v4
""",
    "tests": """on:
  pull_request:
  schedule: [{cron: '0 3 * * *'}]
defaults: {run: {shell: bash}}
jobs:
  lint-and_test:
    runs-on: [self-hosted, linux]
    services: {db: {image: postgres}}
    steps:
      - name: Check out
        uses: actions/checkout@11bd71901bbe5b1630ceea73d27597364c9af683
      - uses: actions/setup-python@v5
        with: {python-version: '3.12'}
      - run: |
          pip install -r requirements.txt
          python tools/check.py
        working-directory: src
      - run: bash made.sh
      - uses: docker://alpine:3
      - uses: ./.github/actions/own
  called:
    uses: owner/repo/.github/workflows/x.yml@main
    needs: [lint-and_test]
""",
}


def recorded(path: Path) -> str:
    return path.read_text(encoding="utf-8")


async def told(files: dict[str, str], address: str = ADDRESS) -> list[str]:
    """Every finding in words."""
    whole: AppFiles = make_files({"LICENSE": "x", "README.md": CARD.format("docker"), **files})
    findings = (await StaticVerifier().verify(whole, make_brief(), address)).findings
    return [f"{finding.path}:{finding.line} {finding.message}" for finding in findings]


@pytest.mark.parametrize("name", DOCKER_SPACES)
async def test_nothing_is_said_about_a_docker_space_that_is_right(name: str) -> None:
    assert await told(DOCKER_SPACES[name]) == []


@pytest.mark.parametrize("name", WORKFLOWS)
async def test_nothing_is_said_about_a_workflow_that_is_right(name: str) -> None:
    files = {
        "README.md": "# x",
        "index.html": "<!doctype html><title>x</title>",
        ".github/workflows/x.yml": WORKFLOWS[name],
    }
    assert await told(files, "https://octo.github.io/x/") == []


async def test_a_dockerfile_beside_a_page_may_use_other_ports_and_users() -> None:
    files = {
        "README.md": "# x",
        "index.html": "<!doctype html><title>x</title>",
        "Dockerfile": "FROM python:3.12\nRUN useradd -u 1001 web\nUSER web\nEXPOSE 80\nCMD python -m http.server 80\n",
    }
    assert await told(files, "https://octo.github.io/x/") == []


@pytest.mark.parametrize("path", READABLE_REPLIES, ids=lambda path: path.stem)
async def test_nothing_is_said_about_build_and_run_in_the_apps_of_models(path: Path) -> None:
    operations = read_reply(recorded(path), truncated=False).parsed.operations
    files = {
        write.path: write.text for write in operations if isinstance(write, FileWrite) and not path_problem(write.path)
    }
    rules = ("dockerfile", "requirements", "workflow", "server")
    whole = make_files({"LICENSE": "x", "README.md": "# x", **files})
    findings = (await StaticVerifier().verify(whole, make_brief(), "https://octo.github.io/x/")).findings
    assert [finding for finding in findings if finding.rule.startswith(rules)] == []
