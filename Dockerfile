# The images of docker-compose.yml. Everything comes from the package index, at the versions of the lock.
FROM python:3.12-slim-bookworm AS build
WORKDIR /opt/thidua
COPY requirements.in requirements.txt ./
ENV UV_COMPILE_BYTECODE=1 UV_LINK_MODE=copy UV_NO_CACHE=1 VIRTUAL_ENV=/opt/venv
# What tests and lint need stays out: of requirements.in all above that heading, each at its pin in the lock.
RUN python -m venv --without-pip /opt/venv \
    && pip install --no-cache-dir --root-user-action=ignore "$(grep -E '^uv==' requirements.txt)" \
    && sed '/^# Development/,$d' requirements.in > runtime.in \
    && uv pip install --quiet --requirement runtime.in --constraint requirements.txt
# For who logs in by LDAP: a library that is there as source only.
ARG WITH_LDAP=
RUN if [ -n "$WITH_LDAP" ]; then \
        apt-get update && apt-get install --yes --no-install-recommends gcc libc6-dev libldap-dev libsasl2-dev \
        && uv pip install --quiet python-ldap==3.4.8; \
    fi
COPY pyproject.toml README.md ./
COPY plugins ./plugins
RUN uv pip install --quiet --no-deps --editable . && rm -rf build plugins/*.egg-info


FROM python:3.12-slim-bookworm AS thidua
ARG WITH_LDAP=
RUN if [ -n "$WITH_LDAP" ]; then \
        apt-get update && apt-get install --yes --no-install-recommends libldap-2.5-0 && rm -rf /var/lib/apt/lists/*; \
    fi
RUN useradd --uid 1000 --user-group --no-create-home --home-dir /tmp thidua \
    && install -d -o thidua -g thidua /data /data/landing
WORKDIR /opt/thidua
COPY --from=build /opt/venv /opt/venv
COPY pyproject.toml ./
COPY plugins ./plugins
COPY dags ./dags
COPY dbt_project ./dbt_project
COPY expectations ./expectations
COPY campaigns ./campaigns
# Containers run on a root file system that cannot be written.
RUN python -m compileall -q plugins dags
USER thidua
ENV PATH=/opt/venv/bin:$PATH \
    HOME=/tmp \
    THIDUA_HOME=/data \
    THIDUA_CAMPAIGNS=/opt/thidua/campaigns \
    AIRFLOW_HOME=/tmp/airflow \
    AIRFLOW__CORE__DAGS_FOLDER=/opt/thidua/dags \
    AIRFLOW__CORE__PLUGINS_FOLDER=/opt/thidua/plugins \
    AIRFLOW__CORE__LOAD_EXAMPLES=false \
    AIRFLOW__CORE__DAGS_ARE_PAUSED_AT_CREATION=false \
    AIRFLOW__LOGGING__BASE_LOG_FOLDER=/data/airflow/logs \
    AIRFLOW__LOGGING__DAG_PROCESSOR_CHILD_PROCESS_LOG_DIRECTORY=/data/airflow/logs/dag_processor \
    AIRFLOW__USAGE_DATA_COLLECTION__ENABLED=false \
    GX_ANALYTICS_ENABLED=false \
    DBT_SEND_ANONYMOUS_USAGE_STATS=false \
    DO_NOT_TRACK=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1
CMD ["airflow", "version"]


FROM python:3.12-slim-bookworm AS superset-build
WORKDIR /opt/thidua
ENV UV_COMPILE_BYTECODE=1 UV_LINK_MODE=copy UV_NO_CACHE=1 VIRTUAL_ENV=/opt/venv
COPY requirements.txt ./
COPY bi/requirements.txt ./bi/
RUN python -m venv --without-pip /opt/venv \
    && pip install --no-cache-dir --root-user-action=ignore "$(grep -E '^uv==' requirements.txt)" \
    && uv pip install --quiet --requirement bi/requirements.txt


FROM python:3.12-slim-bookworm AS superset
RUN useradd --uid 1000 --user-group --no-create-home --home-dir /tmp thidua
WORKDIR /opt/thidua
COPY --from=superset-build /opt/venv /opt/venv
COPY bi ./bi
USER thidua
ENV PATH=/opt/venv/bin:$PATH \
    HOME=/tmp \
    SUPERSET_HOME=/tmp/superset \
    SUPERSET_CONFIG_PATH=/opt/thidua/bi/superset_config.py \
    DO_NOT_TRACK=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1
CMD ["gunicorn", "--bind", "0.0.0.0:8088", "--workers", "2", "--worker-class", "gthread", "--threads", "8", \
     "--timeout", "120", "--worker-tmp-dir", "/dev/shm", "superset.app:create_app()"]


FROM postgres:16 AS postgres
# Its folder belongs to its user, so that it never has to begin as root.
RUN install -d -o postgres -g postgres -m 0700 /pgdata
ENV PGDATA=/pgdata/16
USER postgres
