# The service in a container, also as a Hugging Face Space (see the front matter of README.md).
# No secret belongs in here: pass DEPLOY_SECRET and the tokens when the container starts.
FROM python:3.13-slim-trixie AS build
WORKDIR /source
COPY pyproject.toml constraints.txt README.md LICENSE ./
COPY pipeline pipeline
COPY prompts prompts
RUN python -m venv /opt/pipeline \
    && /opt/pipeline/bin/pip install --no-cache-dir --constraint constraints.txt . \
    && /opt/pipeline/bin/pip uninstall --yes pip

FROM python:3.13-slim-trixie
LABEL org.opencontainers.image.title="code-to-deployment" \
    org.opencontainers.image.description="Turns a written brief into a live, checked web app without a human in between." \
    org.opencontainers.image.licenses="MIT"

# git commits and pushes what is built, the browser checks it, tini reaps what a killed browser leaves. Left out are the
# drivers of graphics cards, which a browser without a screen never loads: a fifth of the image. Versions are the
# release's newest, because Debian keeps no others. Spaces run containers as uid 1000.
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install --yes --no-install-recommends \
        --option=Dpkg::Options::="--path-exclude=/usr/lib/*/libLLVM*" \
        --option=Dpkg::Options::="--path-exclude=/usr/lib/*/libgallium*" \
        --option=Dpkg::Options::="--path-exclude=/usr/lib/*/libz3.so*" \
        --option=Dpkg::Options::="--path-exclude=/usr/lib/chromium/libVkLayer*" \
        chromium-headless-shell fonts-dejavu-core fonts-liberation git tini \
    && apt-get clean \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --create-home --uid 1000 user \
    && install --directory --owner=user --group=user /home/user/generated_repos
COPY --from=build /opt/pipeline /opt/pipeline

# The file system may be read-only but for /tmp and the volume on GENERATED_REPOS_DIR. `docker stop` kills after 10
# seconds: whoever sets --stop-timeout may raise DRAIN_SECONDS.
ENV PATH=/opt/pipeline/bin:$PATH \
    HOME=/home/user \
    XDG_CACHE_HOME=/tmp/cache \
    PYTHONUNBUFFERED=1 \
    HOST=0.0.0.0 \
    PORT=8000 \
    GENERATED_REPOS_DIR=/home/user/generated_repos \
    DRAIN_SECONDS=5
USER 1000
WORKDIR /home/user
EXPOSE 8000
EXPOSE 8001
HEALTHCHECK --interval=30s --timeout=5s --start-period=20s \
    CMD ["python", "-c", "import os, urllib.request as r; r.urlopen(f\"http://127.0.0.1:{os.environ['PORT']}/health\", timeout=4)"]
ENTRYPOINT ["tini", "--"]
CMD ["pipeline", "serve"]
