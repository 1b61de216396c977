"""``pipeline spaces`` variables, secrets and volumes: where their values come from."""

from pathlib import Path

import pytest

from tests.fakes.hub import Answer, FakeHub, Fault, Space
from tests.integration.spaces_cli.rig import ID, VALUE, spaces


def test_secrets_come_from_a_file_standard_input_and_the_environment(
    space: Space, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "secrets.env").write_text(f"# ours\nONE='{VALUE}1'\nexport TWO={VALUE}2\n")
    monkeypatch.setenv("THREE", f"{VALUE}3")
    outputs = [
        spaces("secrets", ID, "--env-file", "secrets.env", "--from-env", "THREE"),
        spaces("secrets", ID, "--env-file", "-", stdin=f"FOUR={VALUE}4\n"),
        spaces("secrets", ID, "--stdin", "FIVE", stdin=f"{VALUE}\n5\n"),
        spaces("secrets", ID),
    ]
    values = {"ONE": "1", "TWO": "2", "THREE": "3", "FOUR": "4", "FIVE": "\n5"}
    assert {key: each.value for key, each in space.secrets.items()} == {key: VALUE + end for key, end in values.items()}
    assert [ended.code for ended in outputs] == [0, 0, 0, 0]
    assert VALUE not in "".join(ended.stdout + ended.stderr for ended in outputs)
    assert "FIVE" in outputs[-1].stdout


def test_variables_come_from_pairs_and_files(space: Space, tmp_path: Path) -> None:
    (tmp_path / "app.env").write_text("LEVEL=1\nTEAM=a\n")
    assert spaces("variables", ID, "--file", "app.env", "--set", "LEVEL=a=b").code == 0
    assert {key: each.value for key, each in space.variables.items()} == {"LEVEL": "a=b", "TEAM": "a"}
    listed = spaces("variables", ID).stdout
    assert "LEVEL" in listed
    assert "a=b" in listed


def test_half_done_changes_are_told(hub: FakeHub, space: Space) -> None:
    hub.add_fault(Fault("POST", "/variables", times=1, when="after", answer=Answer(200, {})))
    hub.add_fault(Fault("POST", "/variables", times=1, answer=Answer(403, {"error": "no more"})))
    ended = spaces("variables", ID, *(f"--set={name}=1" for name in "ABC"), "--json")
    assert ended.code == 1
    assert ended.document["ok"] is False
    assert "changed before that: variable A; not changed: variable B, variable C" in ended.document["error"]
    assert set(space.variables) == {"A"}


def test_volumes_are_listed_and_unmounted(space: Space) -> None:
    spaces("volumes", ID, "--mount", "bucket:deployer/data:/data", "--mount", "dataset:deployer/set:/set")
    assert "deployer/set" in spaces("volumes", ID).stdout
    assert [each["mount_path"] for each in spaces("volumes", ID, "--json").document["volumes"]] == ["/data", "/set"]
    assert spaces("volumes", ID, "--unmount").code == 0
    assert space.volumes == []
    assert "no folder" in spaces("volumes", ID).stderr
