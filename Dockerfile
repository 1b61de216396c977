# The service in a container, also as a Hugging Face Space (see the front matter of README.md).
# No secret belongs in here: pass DEPLOY_SECRET and the tokens when the container starts.
FROM python:3.13-slim

# git commits and pushes what is built, the browser checks it, tini reaps what a killed browser leaves. Spaces run
# containers as uid 1000.
RUN apt-get update \
    && apt-get install --yes --no-install-recommends git chromium-headless-shell tini \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --create-home --uid 1000 user
USER user
WORKDIR /home/user/app
ENV PATH=/home/user/app/.venv/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    HOST=0.0.0.0 \
    PORT=8000 \
    GENERATED_REPOS_DIR=/home/user/generated_repos

COPY --chown=user . .
RUN python -m venv .venv \
    && pip install --no-cache-dir --constraint constraints.txt . \
    && mkdir -p "$GENERATED_REPOS_DIR"

EXPOSE 8000
HEALTHCHECK --interval=30s --timeout=5s --start-period=20s \
    CMD ["python", "-c", "import os, urllib.request as r; r.urlopen(f\"http://127.0.0.1:{os.environ['PORT']}/health\", timeout=4)"]
ENTRYPOINT ["tini", "--"]
CMD ["pipeline", "serve"]
