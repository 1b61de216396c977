"""``pipeline jobs`` beside settings that are wrong for everything else."""

import json
import os
from pathlib import Path

from tests.fakes import forkserver

WRONG = {
    "CHROMIUM": "/nowhere/chromium",
    "DEPLOY_SECRETS_FILE": "/nowhere/secrets.json",
    "DEPLOY_TARGET": "the-moon",
    "HF_TOKEN": "not a token",
    "JOB_CONCURRENCY": "many",
    "JOB_MAX_USD": "a lot",
    "LLM_BASE_URL": "nonsense",
    "LLM_MODELS": "m",
    "MAX_ATTACHMENTS": "all",
}
REQUEST = {"email": "ada@example.com", "task": "sales", "round": 1, "nonce": "n1", "brief": "Show the sales."}


def test_what_jobs_do_not_need_may_be_wrong(tmp_path: Path) -> None:
    (tmp_path / "brief.json").write_text(json.dumps(REQUEST))
    quiet = dict(os.environ) | {"CHROMIUM": "none"}
    ran = forkserver.run(["run", "brief.json", "--json"], quiet, tmp_path)
    job_id = json.loads(ran.stdout)["job_id"]
    listed = forkserver.run(["jobs", "list", "--json"], dict(os.environ) | WRONG, tmp_path)
    assert listed.returncode == 0, listed.stderr
    assert [job["job_id"] for job in json.loads(listed.stdout)["jobs"]] == [job_id]
    assert forkserver.run(["jobs", "cancel", job_id], dict(os.environ) | WRONG, tmp_path).returncode == 1


def test_run_says_nothing_but_its_progress_unless_it_is_asked_to(tmp_path: Path) -> None:
    (tmp_path / "brief.json").write_text(json.dumps(REQUEST))
    settings = dict(os.environ) | {"CHROMIUM": "none"}
    away = {"LLM_BASE_URL": "http://127.0.0.1:1/v1", "LLM_MODELS": "m", "JOB_DEADLINE_SECONDS": "10"}
    failed = forkserver.run(["run", "brief.json"], settings | away, tmp_path)
    assert (failed.returncode, "cannot be reached" in failed.stdout) == (1, True)
    quiet = forkserver.run(["run", "brief.json", "--fresh"], settings, tmp_path)
    assert not [line for line in (failed.stderr + quiet.stderr).splitlines() if '"job.' in line]
    loud = forkserver.run(["run", "brief.json", "--fresh"], settings | {"LOG_LEVEL": "debug"}, tmp_path)
    assert '"action": "job.stage"' in loud.stderr
