"""docker-compose.yml as a text: what each service must have, whatever engine runs it."""

from __future__ import annotations

import re
import stat
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml
from thidua.settings import repo_root

TEXT = (repo_root() / "docker-compose.yml").read_text(encoding="utf-8")
COMPOSE: dict[str, Any] = yaml.safe_load(TEXT)
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
# They end when their work is done.
ONE_SHOT = {"init", "superset-init"}
WITH_A_PORT = {"api-server", "superset"}
EXAMPLE = (repo_root() / ".env.example").read_text(encoding="utf-8")
EXAMPLE_VARIABLES = dict(line.split("=", 1) for line in EXAMPLE.splitlines() if line and line[0] != "#")
SECRETS = {name for name in EXAMPLE_VARIABLES if name.endswith(("PASSWORD", "SECRET", "KEY"))}
# ${NAME…} that compose fills in, not $${NAME} of a shell
VARIABLES = re.findall(r"(?<!\$)\$\{([A-Z_]+)([^}]*)\}", TEXT)


def test_all_parts_are_there() -> None:
    parts = {"api-server", "scheduler", "dag-processor", "triggerer", "worker"}
    assert SERVICES.keys() == parts | {"postgres", "valkey", "superset"} | ONE_SHOT
    assert {name for name, one in SERVICES.items() if one.get("profiles")} == {"superset", "superset-init"}


@pytest.mark.parametrize("name", SERVICES)
def test_a_service_is_hardened_and_bounded(name: str) -> None:
    service = SERVICES[name]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert service["init"] is True
    assert service["user"] in {"1000:1000", "postgres", "valkey"}
    assert not service.keys() & {"cap_add", "privileged", "ulimits", "network_mode", "pid", "devices"}
    assert service["mem_limit"] and service["cpus"] and service["pids_limit"]
    assert service["logging"]["options"].keys() == {"max-size", "max-file"}
    assert not any("docker.sock" in str(volume) for volume in service.get("volumes", ()))
    if name in ONE_SHOT:
        assert service["restart"] == "on-failure:3"
        waits = {"condition": "service_completed_successfully"}
        assert any(one.get("depends_on", {}).get(name) == waits for one in SERVICES.values())
    else:
        assert service["restart"] == "unless-stopped"
        assert service["healthcheck"]["test"] and service["healthcheck"]["start_period"]


def test_only_pages_have_a_port_and_only_on_the_loopback() -> None:
    assert {name for name, service in SERVICES.items() if "ports" in service} == WITH_A_PORT
    for name in WITH_A_PORT:
        assert all(port.startswith("127.0.0.1:") for port in SERVICES[name]["ports"])


def test_the_network_behind_has_no_way_out() -> None:
    assert COMPOSE["networks"]["backend"] == {"internal": True}
    assert all("backend" in service["networks"] for service in SERVICES.values())
    # Pages need one to be reached, workers to send e-mail.
    assert {name for name, one in SERVICES.items() if "edge" in one["networks"]} == WITH_A_PORT | {"worker"}


def test_no_secret_has_a_default() -> None:
    used = {name for name, _ in VARIABLES}
    assert len(SECRETS) >= 10 and used >= SECRETS
    for name in SECRETS:
        rules = {rule for variable, rule in VARIABLES if variable == name}
        assert any(rule.startswith(":?") for rule in rules), f"{name} may be missing without a word"
        assert all(not rule or rule.startswith(":?") for rule in rules), f"{name} has a default"
        assert EXAMPLE_VARIABLES[name] == "", f".env.example has a value for {name}"
    assert ".env" in (repo_root() / ".gitignore").read_text(encoding="utf-8").splitlines()
    assert not re.search(r"://[^/@\s]*:(?!\$\{)[^/@\s]+@", TEXT), "a password within a URL"


def test_the_example_names_what_is_read_and_nothing_else() -> None:
    assert EXAMPLE_VARIABLES.keys() == {name for name, _ in VARIABLES}


def test_workers_hold_no_key_of_airflow() -> None:
    """Tasks ask the api-server; they need neither the database of connections nor the keys that sign for others."""
    names = SERVICES["worker"]["environment"].keys()
    assert not [name for name in names if re.search(r"FERNET|SECRET_KEY|JWT|SQL_ALCHEMY|ADMIN_DSN", name)]
    assert "AIRFLOW__CORE__FERNET_KEY" in SERVICES["scheduler"]["environment"]


def test_images_end_as_a_user_and_leave_tests_out() -> None:
    stages = (repo_root() / "Dockerfile").read_text(encoding="utf-8").split("\nFROM ")[1:]
    ends = [stage for stage in stages if not stage.split("\n")[0].endswith("build")]
    assert {stage.split("\n")[0].split(" AS ")[1] for stage in ends} == {"thidua", "superset", "postgres"}
    assert all(re.findall(r"^USER (\w+)$", stage, re.M)[-1] in {"thidua", "postgres"} for stage in ends)
    runtime, development = (repo_root() / "requirements.in").read_text(encoding="utf-8").split("\n# Development")
    assert "apache-airflow==" in runtime and "celery[redis]<5.7" in runtime
    assert "pytest" in development and "pytest" not in runtime


def test_secrets_are_made_once_and_for_their_owner_only(tmp_path: Path) -> None:
    from cryptography.fernet import Fernet

    (tmp_path / ".env.example").write_text(EXAMPLE)
    (tmp_path / ".env").write_text("VALKEY_PASSWORD=mine\n")
    program = ["sh", str(repo_root() / "deploy" / "make-secrets.sh"), str(tmp_path)]
    subprocess.run(program, check=True, capture_output=True)
    first = (tmp_path / ".env").read_text()
    made = dict(line.split("=", 1) for line in first.splitlines() if line and line[0] != "#")
    assert made["VALKEY_PASSWORD"] == "mine"  # noqa: S105 - what .env had
    others = [made[name] for name in SECRETS - {"VALKEY_PASSWORD"}]
    assert len(set(others)) == len(others) and all(len(value) >= 44 for value in others)
    Fernet(made["AIRFLOW_FERNET_KEY"])
    assert stat.S_IMODE((tmp_path / ".env").stat().st_mode) == 0o600
    subprocess.run(program, check=True, capture_output=True)
    assert (tmp_path / ".env").read_text() == first
