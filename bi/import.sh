#!/bin/sh
# Makes or upgrades Superset's own database, its roles and its first administrator, and loads the dashboard. Safe to run
# again. Needs bi/requirements.txt installed, and from the environment, or from the file that <NAME>_FILE names:
#   SUPERSET_SECRET_KEY, THIDUA_BI_METADATA_URI    as bi/superset_config.py says
#   THIDUA_BI_DATABASE_URI                         where the marts are, as bi/import_assets.py says
#   SUPERSET_ADMIN_PASSWORD                        of the first administrator (SUPERSET_ADMIN_USER, default admin)
set -eu
here=$(cd "$(dirname "$0")" && pwd)
export SUPERSET_CONFIG_PATH="$here/superset_config.py" FLASK_APP="superset.app:create_app()"
superset db upgrade
superset init
python "$here/make_admin.py"
python "$here/import_assets.py"
