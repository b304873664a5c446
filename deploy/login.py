"""Where a directory knows the passwords: Flask-AppBuilder's settings, read by `init` and the api-server. docs/server.md.

As it is: passwords are in Airflow's database. Copy it, take one of the parts in, and name the copy in .env as
THIDUA_LOGIN_FILE. An account is still needed here, from people.csv or `thidua login-add NAME --role …`: it has the role.
Have one of the directory as an administrator before you switch: `thidua login-add NAME --role admin`.
"""

# Active Directory, or another LDAP server. The image needs its library: THIDUA_WITH_LDAP=1 in .env, docker compose build.
#
# import os
#
# AUTH_TYPE = 2
# AUTH_LDAP_SERVER = "ldaps://dc1.example.vn"
# AUTH_LDAP_TLS_DEMAND = True
# AUTH_LDAP_TLS_CACERTFILE = "/opt/thidua/ca.pem"
# AUTH_LDAP_SEARCH = "ou=People,dc=example,dc=vn"
# AUTH_LDAP_SEARCH_FILTER = "(memberOf=cn=thidua,ou=Groups,dc=example,dc=vn)"
# AUTH_LDAP_UID_FIELD = "sAMAccountName"
# AUTH_LDAP_BIND_USER = "cn=thidua-reader,ou=Services,dc=example,dc=vn"
# AUTH_LDAP_BIND_PASSWORD = os.environ["THIDUA_DIRECTORY_CREDENTIAL"]

# OpenID Connect, here with Keycloak: `preferred_username` is the name of the account.
#
# import os
#
# AUTH_TYPE = 4
# OAUTH_PROVIDERS = [
#     {
#         "name": "keycloak",
#         "icon": "fa-key",
#         "token_key": "access_token",
#         "remote_app": {
#             "client_id": "thidua",
#             "client_secret": os.environ["THIDUA_DIRECTORY_CREDENTIAL"],
#             "server_metadata_url": "https://id.example.vn/realms/tinh/.well-known/openid-configuration",
#             "api_base_url": "https://id.example.vn/realms/tinh/protocol/",
#             "client_kwargs": {"scope": "openid profile email"},
#         },
#     }
# ]
