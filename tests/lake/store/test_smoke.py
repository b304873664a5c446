from datetime import UTC, datetime
from thidua.intake.ingest import ingest
from thidua.lake.writing import refresh
from tests.lake.store.conftest import Hosts, content_of
NOW = datetime(2024, 2, 1, tzinfo=UTC)

def test_smoke(hosts: Hosts) -> None:
    with hosts.on(hosts.a):
        r = ingest(hosts.a, hosts.plans, NOW, explicit_now=True)
        print(r.files, r.batches)
    with hosts.on(hosts.b):
        refresh(hosts.b)
    assert content_of(hosts.a) == content_of(hosts.b)
    print(len(content_of(hosts.a)))
    import os
    os.system(f"find {hosts.store} | head -50; cat {hosts.store}/log/0000000003.json | head -30; ls -la {hosts.b.lake}/*")
