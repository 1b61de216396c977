"""Our own service, before our own evaluator."""

import json
import socket
from pathlib import Path

from tests.acceptance.service import SECRET, Service
from tests.fakes import forkserver
from tests.integration.browser_rig import needs_browser

COMMAND = ("evaluate", "--timeout", "60", "--json")
BRIEFS = Path(__file__).parents[1] / "data" / "briefs"


@needs_browser
def test_the_service_gets_every_point_of_the_contract_and_those_of_checks_that_its_rules_can_meet(
    tmp_path: Path,
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    briefs = [str(BRIEFS / name) for name in ("harbour-library.json", "field-notes.json")]
    with Service(tmp_path / "apps", EVALUATION_ALLOWED_ORIGINS=f"http://127.0.0.1:{port}") as service:
        ended = forkserver.run(
            [*COMMAND, *briefs, "--endpoint", service.url, "--callback-port", str(port)],
            forkserver.INHERITED | {"DEPLOY_SECRET": SECRET},
            tmp_path,
        )
    rounds = {(r["brief"], r["round"]): r["points"] for r in json.loads(ended.stdout)["rounds"]}
    assert set(rounds) == {("harbour-library", 1), ("field-notes", 1), ("field-notes", 2)}
    for (brief, number), points in rounds.items():
        lost = [point for point in points if point["outcome"] != "pass"]
        assert not [point for point in lost if point["kind"] == "contract"], (brief, number)
        assert not lost or number == 2, brief  # what a revision asks for needs a model
