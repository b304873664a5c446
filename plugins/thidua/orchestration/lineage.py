"""What our assets are called in OpenLineage. Airflow asks when its `[openlineage]` settings switch lineage on, never else.

The package tells Airflow of itself as a provider of the scheme `x-thidua` (pyproject.toml, `apache_airflow_provider`), so
that inlets and outlets of our tasks become datasets of one namespace.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

SCHEME = "x-thidua"
NAMESPACE = "thidua"


def provider_info() -> dict[str, Any]:
    """As Airflow's provider_info.schema.json has it."""
    return {
        "package-name": "thidua",
        "name": "thidua",
        "description": "Emulation campaigns: names of assets for OpenLineage.",
        "asset-uris": [
            {
                "schemes": [SCHEME],
                "handler": None,
                "to_openlineage_converter": "thidua.orchestration.lineage.dataset_of",
            }
        ],
    }


def dataset_of(asset: Any, lineage_context: Any) -> Any:
    """`x-thidua://lake/batches` as the dataset `lake/batches` of the namespace `thidua`."""
    from airflow.providers.common.compat.openlineage.facet import Dataset

    parts = urlsplit(asset.uri)
    return Dataset(namespace=NAMESPACE, name=f"{parts.netloc}{parts.path}")
