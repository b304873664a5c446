"""
### Nhắc đơn vị nộp báo cáo / Remind offices

**Purpose.** Before and after a due date: tells each office once per stage what has not come, and which of its files was
returned and not sent again. What is on time, excused or not due is told nobody.

**Inputs.** `serve/current/` (what is expected and what came), the lake (faults and slips), `reminders.yml` of a campaign,
else `plugins/thidua/reminders/house.yml` (which days), `contacts.csv` of a campaign, else of `THIDUA_HOME` (`unit_id,
name, email, phone`). **Outputs.** `outbox/<day>/`: a `.txt` for Zalo and, where there is an address, an `.eml`.

**E-mail.** With the connection `thidua_smtp` (as Airflow's mail provider reads it: `from_email`, `disable_ssl`) or
`THIDUA_SMTP_URL` the messages are sent, otherwise they wait in the outbox, as drafts that a mail program opens. A mark
`.sent.json` is written after the server took a message: a kill between the two sends it twice, under one Message-ID.

**Re-run.** Always safe: what is written or sent is left as it is; another state of a report is another message. With
`dry_run` the log shows what would be written, and nothing is written or sent.

**On failure.** `send_reminders` names what kept somebody from being reminded: a wrong line of `contacts.csv`, an address
refused, a server that did not answer, files not built yet. Mend it and trigger the DAG again; the rest is done.
"""

from datetime import timedelta

from airflow.sdk import CronTriggerTimetable, Param, dag, task


@dag(
    schedule=CronTriggerTimetable("0 7 * * *", timezone="Asia/Ho_Chi_Minh"),
    catchup=False,
    max_active_runs=1,
    doc_md=__doc__,
    tags=["thidua", "desk"],
    default_args={"owner": "data-engineering", "retries": 1, "retry_delay": timedelta(minutes=5)},
    params={
        "campaign": Param(
            None, type=["null", "string"], title="Phong trào / campaign", description="mọi phong trào / all"
        ),
        "now": Param(None, type=["null", "string"], title="Đồng hồ / clock", description="2023-07-04T08:00:00"),
        "dry_run": Param(False, type="boolean", title="Chỉ xem thử / dry run"),
    },
)
def remind_offices():
    @task
    def write_reminders(params: dict):
        from thidua.orchestration import steps

        return steps.write_reminders(params)

    @task
    def send_reminders(written: dict, params: dict):
        from thidua.orchestration import steps

        return steps.send_reminders(written, params)

    send_reminders(write_reminders())


remind_offices()
