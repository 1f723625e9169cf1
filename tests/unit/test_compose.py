"""The containers: docker-compose.yml against the Compose specification, and what `opscentre up` asks of Docker."""

import json
import os
import re
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from core.errors import ConfigurationError, DevServiceError
from core.settings import Settings
from opscentre.devservices import open_stack
from opscentre.devservices.docker import DockerStack
from opscentre.devservices.kafka import VERSION

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "docker-compose.yml").read_text()


@pytest.fixture
def compose() -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load(TEXT)
    return loaded


@pytest.fixture
def docker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A `docker` that writes down what it is asked; `ps` says that kafka runs."""
    calls = tmp_path / "calls"
    program = tmp_path / "bin" / "docker"
    program.parent.mkdir()
    program.write_text(
        f'#!/bin/sh\necho "$*|$KAFKA_PORT|$DATABASE_PORT|$DATABASE_PASSWORD" >> {calls}\n'
        'case "$*" in *" ps "*) echo kafka;; *fail*) exit 3;; esac\n'
    )
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}:{os.environ['PATH']}")
    monkeypatch.chdir(ROOT)
    return calls


def test_is_a_valid_compose_file(compose: dict[str, Any]) -> None:
    schema = json.loads((ROOT / "tests/data/compose-spec.json").read_text())
    jsonschema.Draft202012Validator(schema).validate(compose)


def test_the_schema_would_notice_a_mistake(compose: dict[str, Any]) -> None:
    schema = json.loads((ROOT / "tests/data/compose-spec.json").read_text())
    compose["services"]["kafka"]["healthchek"] = {}
    with pytest.raises(jsonschema.ValidationError, match="healthchek"):
        jsonschema.Draft202012Validator(schema).validate(compose)


def test_versions_are_named_and_kafka_is_the_one_that_is_installed_natively(compose: dict[str, Any]) -> None:
    images = {name: service["image"] for name, service in compose["services"].items() if "image" in service}
    assert images["kafka"] == f"apache/kafka:{VERSION}"
    assert all(re.search(r":\d+\.\d+\.\d+", image) for image in images.values()), images


def test_ports_are_open_to_this_machine_only(compose: dict[str, Any]) -> None:
    ports = [port for service in compose["services"].values() for port in service.get("ports", [])]
    assert ports
    assert all(port.startswith("127.0.0.1:") for port in ports)


def test_data_outlives_the_containers_and_each_part_is_watched(compose: dict[str, Any]) -> None:
    for name in ("kafka", "timescaledb", "grafana"):
        volume = compose["services"][name]["volumes"][0].split(":")[0]
        assert volume in compose["volumes"], name
        assert compose["services"][name]["healthcheck"]["test"][0] == "CMD"
    waits = compose["services"]["worker"]["depends_on"]
    assert {part["condition"] for part in waits.values()} == {"service_healthy"}


def test_every_variable_is_explained_in_the_example() -> None:
    example = (ROOT / ".env.example").read_text()
    named = set(re.findall(r"\$\{(\w+)", TEXT)) | {"GRAFANA_PASSWORD"}
    explained = set(re.findall(r"^(?:# )?([A-Z_]+)=", example, re.MULTILINE))
    assert named <= explained
    assert {name for name in explained - named if not name.startswith("OPSCENTRE_")} == set()


def test_no_password_is_in_the_repository() -> None:
    example = (ROOT / ".env.example").read_text()
    assert re.findall(r"^\w*PASSWORD=(.*)$", example, re.MULTILINE) == ["", ""]
    assert not re.search(r"PASSWORD(__FILE)?: (?!\$\{\w+:\?|/run/secrets/)", TEXT)


def test_up_starts_the_two_parts_with_what_the_settings_say(docker: Path) -> None:
    stack = DockerStack(Settings(kafka="localhost:1234", dsn="postgresql://opscentre:p%40ss@127.0.0.1:5678/opscentre"))
    said: list[str] = []
    stack.up(said.append)
    stack.down(said.append)
    assert docker.read_text().splitlines() == [
        "compose --file docker-compose.yml up --detach --wait kafka timescaledb|1234|5678|p@ss",
        "compose --file docker-compose.yml stop kafka timescaledb|1234|5678|p@ss",
    ]
    assert len(said) == 2


def test_what_runs(docker: Path) -> None:
    assert DockerStack(Settings()).running() == {"kafka": True, "timescaledb": False}


def test_servers_elsewhere_are_left_alone(docker: Path) -> None:
    said: list[str] = []
    stack = DockerStack(Settings(kafka="kafka.province.example:9092", dsn="host=db.province.example"))
    stack.up(said.append)
    stack.down(said.append)
    assert stack.running() == {}
    assert not docker.exists()
    assert ["left alone" in line for line in said] == [True, True]


def test_a_failure_names_the_command(docker: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Path(docker.parent, "bin", "docker").write_text("#!/bin/sh\nexit 3\n")
    with pytest.raises(DevServiceError, match=r"docker compose up .* failed \(status 3\)"):
        DockerStack(Settings()).up(print)


def test_outside_of_the_checkout_it_says_where_to_go(
    docker: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(DevServiceError, match="top folder"):
        DockerStack(Settings()).up(print)


def test_stack_chooses(docker: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STACK", "docker")
    assert isinstance(open_stack(Settings()), DockerStack)
    monkeypatch.setenv("STACK", "podman")
    with pytest.raises(DevServiceError, match="native and docker"):
        open_stack(Settings())


def test_a_docker_without_compose_is_not_enough(docker: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Path(docker.parent, "bin", "docker").write_text("#!/bin/sh\nexit 1\n")
    monkeypatch.setenv("STACK", "docker")
    with pytest.raises(DevServiceError, match="Compose plugin"):
        open_stack(Settings())


@pytest.mark.parametrize(
    "wrong", [{"kafka": "127.0.0.1"}, {"kafka": "127.0.0.1:x"}, {"dsn": "host=127.0.0.1 port=a"}, {"dsn": "nonsense"}]
)
def test_a_wrong_address_is_named(wrong: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ConfigurationError, match=f"OPSCENTRE_{next(iter(wrong)).upper()}"):
        DockerStack(Settings(**wrong))
