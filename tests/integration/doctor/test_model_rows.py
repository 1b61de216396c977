from pathlib import Path
from typing import Any

import pytest

from tests.fakes.model import Answer, ModelServer
from tests.integration.doctor.rig import row

KEY = "sk-a-key-of-the-tests"


async def look(server: ModelServer, name: str = "model test/model", **options: Any) -> dict[str, str]:
    settings: dict[str, Any] = {"llm_base_url": server.base_url, "llm_models": "test/model,other", "llm_api_key": KEY}
    found = await row(name, **settings, **options)
    assert KEY not in str(found)
    return found


async def test_each_model_of_the_chain_is_asked_once_and_its_cost_told() -> None:
    usage = {"prompt_tokens": 12, "completion_tokens": 3, "cost": 0.00002}
    with ModelServer([Answer("ok", model="test/model", usage=usage), Answer("ok", model="other")], key=KEY) as server:
        found, other = await look(server), await look(server, "model other")
        assert [call.model for call in server.calls] == ["test/model", "other"]
    assert (found["verdict"], found["mend"]) == ("ok", "")
    assert "12 tokens in, 3 out, $0.000020" in found["found"]
    assert "cost not known" in other["found"]


async def test_a_model_that_only_thought_has_answered() -> None:
    with ModelServer([Answer("", reasoning="hmm", finish="length")]) as server:
        assert (await look(server))["verdict"] == "ok"


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (Answer(status=401, body={"error": {"message": f"Incorrect API key provided: {KEY}"}}), "HTTP 401"),
        (Answer(status=404, body={"error": {"message": "no such model"}}), "no such model"),
        (Answer(status=429, body={"message": "Usage $1.1 / $1 in 7 days"}), "Usage $1.1 / $1 in 7 days"),
        (Answer("", fault="html"), "web page"),
        (Answer("", fault="empty_body"), "empty"),
    ],
)
async def test_a_refusal_is_told_in_the_providers_words(answer: Answer, words: str) -> None:
    with ModelServer([answer]) as server:
        found = await look(server)
    assert (found["verdict"], words in found["found"], "LLM_MODELS" in found["mend"]) == ("failed", True, True)


async def test_a_model_that_is_away_or_silent_does_not_work() -> None:
    with ModelServer([Answer("x", fault="stall", finish=None)]) as server:
        assert (await look(server, seconds=3.0))["found"] == "no answer within 3 s"
    found = await look(server)
    assert (found["verdict"], "cannot be reached" in found["found"]) == ("failed", True)


async def test_without_calls_no_model_is_asked_and_none_is_said_to_answer() -> None:
    with ModelServer(["ok"]) as server:
        found = await look(server, "model", calls=False)
        assert server.calls == []
    assert (found["verdict"], "not tried" in found["found"]) == ("warning", True)
    assert (await look(server, "model", calls=False))["verdict"] == "failed"


async def test_without_a_model_it_is_not_configured() -> None:
    found = await row("model")
    assert (found["verdict"], "OPENROUTER_API_KEY" in found["mend"]) == ("not configured", True)


async def test_an_address_without_a_model_is_told_and_stops_what_publishes() -> None:
    found = await row("model", llm_base_url="http://127.0.0.1:1/v1")
    assert (found["verdict"], "LLM_MODELS" in found["mend"]) == ("warning", True)
    found = await row("model", llm_base_url="http://127.0.0.1:1/v1", github_token="t")
    assert (found["verdict"], "LLM_MODELS" in found["mend"]) == ("failed", True)


async def test_an_address_that_is_none_is_told() -> None:
    found = await row("model m", llm_base_url="nonsense", llm_models="m")
    assert (found["verdict"], "LLM_BASE_URL" in found["found"]) == ("failed", True)


async def test_of_several_providers_each_model_has_its_row(tmp_path: Path) -> None:
    file = tmp_path / "providers.toml"
    with ModelServer([Answer(status=401, model="a"), Answer("ok", model="b")]) as server:
        entry = f'[[providers]]\nbase_url = "{server.base_url}"\nmodels = '
        file.write_text(f'{entry}["a"]\n{entry}["b"]\n')
        first, second = [await row(f"model {name}", llm_providers_file=file) for name in "ab"]
    assert (first["verdict"], "LLM_PROVIDERS_FILE" in first["mend"]) == ("failed", True)
    assert second["verdict"] == "ok"
