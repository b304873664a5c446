"""The Parquet files of a batch: columns and exact types. One row per what the name says."""

from __future__ import annotations

BATCH_COLUMNS: dict[str, dict[str, str]] = {
    # One row per file judged. received = accepted + rejected + ignored; a returned file has accepted none.
    "submissions": {
        "submission_id": "varchar", "campaign_id": "varchar", "export_type": "varchar", "file_name": "varchar",
        "landing_path": "varchar", "received_at": "timestamptz", "content_sha256": "varchar", "verdict": "varchar",
        "received_row_count": "bigint", "accepted_row_count": "bigint", "rejected_row_count": "bigint",
        "ignored_row_count": "bigint", "sender_unit_id": "varchar", "layout": "varchar",
        "complete_until": "timestamptz", "judged_at": "timestamptz",
    },
    # One row per submission, unit and day that it speaks of; content_hash null where it is returned or rejected.
    "scopes": {
        "submission_id": "varchar", "campaign_id": "varchar", "export_type": "varchar", "unit_id": "varchar",
        "as_of_date": "date", "row_count": "bigint", "has_rejected_row": "boolean", "content_hash": "varchar",
    },
    # One row per accepted figure of a snapshot export; dimension and member are '' where there is none.
    "figures": {
        "submission_id": "varchar", "campaign_id": "varchar", "export_type": "varchar", "unit_id": "varchar",
        "as_of_date": "date", "metric_id": "varchar", "dimension": "varchar", "member": "varchar", "value": "bigint",
        "sheet": "varchar", "line_number": "bigint",
    },
    # One row per accepted event of a delta export and unit role.
    "events": {
        "submission_id": "varchar", "campaign_id": "varchar", "export_type": "varchar", "event_key": "varchar",
        "person_key": "varchar", "event": "varchar", "event_at": "timestamptz", "unit_id": "varchar",
        "unit_role": "varchar", "product": "varchar", "valid_through": "date", "score": "bigint",
        "dimensions": "varchar", "is_cancelled": "boolean", "sheet": "varchar", "line_number": "bigint",
    },
    # One row per fault; line_number null where the whole file is meant.
    "rejected_rows": {
        "submission_id": "varchar", "campaign_id": "varchar", "export_type": "varchar", "unit_id": "varchar",
        "as_of_date": "date", "sheet": "varchar", "line_number": "bigint", "column_name": "varchar",
        "rule_id": "varchar", "severity": "varchar", "value": "varchar", "message": "varchar",
    },
}  # fmt: skip
