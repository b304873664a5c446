"""S3 itself for tests, as far as its protocol goes: a server within this process, with a bucket for each test that asks."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from uuid import uuid4

CONNECTION = "thidua_bucket"


class Requests(logging.Handler):
    """What was asked of the server: GET /bucket/key."""

    def __init__(self) -> None:
        super().__init__()
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(record.getMessage())


class Bucket:
    """`url` for THIDUA_LAKE_STORE, `environment` for who asks it."""

    def __init__(self, endpoint: str, requests: Requests) -> None:
        self.name = f"thidua-{uuid4().hex[:8]}"
        self.url = f"s3://{CONNECTION}@{self.name}/lam-dong"
        quoted = endpoint.replace(":", "%3A").replace("/", "%2F")
        connection = f"aws://key:secret@/?endpoint_url={quoted}&region_name=us-east-1"
        self.environment = {f"AIRFLOW_CONN_{CONNECTION.upper()}": connection}
        self.requests = requests


@contextmanager
def running_server() -> Iterator[tuple[str, Requests]]:
    """The address of a server that takes any key, and what it was asked."""
    from moto.server import ThreadedMotoServer

    log, requests = logging.getLogger("werkzeug"), Requests()
    log.setLevel(logging.INFO)
    log.propagate = False
    log.addHandler(requests)
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    try:
        yield f"http://{host}:{port}", requests
    finally:
        server.stop()
        log.removeHandler(requests)
