"""What all tests share: nothing of them reports to anybody, whoever starts pytest."""

from __future__ import annotations

import os

os.environ.update(
    GX_ANALYTICS_ENABLED="false",
    DBT_SEND_ANONYMOUS_USAGE_STATS="false",
    AIRFLOW__USAGE_DATA_COLLECTION__ENABLED="false",
    DO_NOT_TRACK="1",
)
