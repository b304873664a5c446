# One container with everything that `make up` starts. Build: docker compose build
FROM python:3.12-slim

RUN useradd --create-home --uid 1000 thidua
WORKDIR /opt/thidua
COPY requirements.txt pyproject.toml README.md ./
RUN pip install --no-cache-dir --requirement requirements.txt
COPY plugins ./plugins
RUN pip install --no-cache-dir --no-deps --editable .
COPY campaigns ./campaigns
COPY dags ./dags
COPY dbt_project ./dbt_project
COPY expectations ./expectations

RUN mkdir /data && chown thidua:thidua /data
USER thidua
ENV THIDUA_HOME=/data \
    GX_ANALYTICS_ENABLED=false \
    DBT_SEND_ANONYMOUS_USAGE_STATS=false \
    DO_NOT_TRACK=1 \
    PYTHONUNBUFFERED=1
CMD ["python", "-m", "thidua.orchestration.up"]
