"""Who gets in: Airflow's FAB security manager, with our roles, a lock on guessing, and passwords that are handed out once.

It is the place that Airflow leaves for it (SECURITY_MANAGER_CLASS). All ways in pass by it: the login page,
`POST /auth/token` and FAB's own `POST /auth/api/v1/security/login`.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Callable
from typing import Any, ClassVar

from airflow.providers.fab.auth_manager.fab_auth_manager import FabAuthManager
from airflow.providers.fab.auth_manager.security_manager.override import FabAirflowSecurityManagerOverride
from airflow.providers.fab.auth_manager.views.user_edit import CustomResetMyPasswordView
from airflow.providers.fab.www.views import get_safe_url, redirect
from flask import flash, has_request_context, request, url_for
from flask_appbuilder.const import AUTH_DB
from flask_appbuilder.security.decorators import no_cache
from flask_appbuilder.security.views import AuthDBView, AuthLDAPView
from flask_appbuilder.views import expose
from flask_login import current_user
from limits import parse
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter
from werkzeug.security import check_password_hash

from thidua.logins.address import origin
from thidua.logins.passwords import LEAST
from thidua.logins.roles import ADMINISTRATOR, PERMISSIONS, is_first_login, role_of, when_chosen, when_handed_out

log = logging.getLogger(__name__)

# A directory compares names more loosely than people.csv does; what it lets in under another spelling is nobody here.
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@-]{0,63}")
# Of one address at one account; then it waits, with the right password too. Whoever gets in before has all tries again. A
# lock without an end would let anybody lock anybody out, and so would one for all addresses: that takes eleven of them.
TRIES = parse("10 per 15 minutes")
TRIES_FROM_EVERYWHERE = parse("100 per 15 minutes")
# Where an office finds something; Airflow's own pages show it nothing.
DESK = "/desk/"
_WAIT = "Quá nhiều lần thử, hãy đợi 15 phút / too many tries for this account, wait 15 minutes"


class _LoginPage:
    """FAB's page forgets where a visitor wanted to go who is logged in already, and knows no password that must go."""

    title = "Đăng nhập / Log in"
    invalid_login_message = "Sai tên hoặc mật khẩu / wrong name or password"

    @expose("/login/", methods=["GET", "POST"])  # type: ignore[untyped-decorator]
    @no_cache  # type: ignore[untyped-decorator]
    def login(self) -> Any:
        answer = super().login()  # type: ignore[misc]
        if not current_user.is_authenticated:
            return answer
        if is_first_login(role.name for role in current_user.roles):
            return redirect(url_for(f"{SecurityManager.resetmypasswordview.__name__}.this_form_get"))
        is_office = role_of(role.name for role in current_user.roles) == "office"
        wanted = request.args.get("next") or (DESK if is_office else None)
        return redirect(get_safe_url(wanted)) if wanted else answer


class LoginPage(_LoginPage, AuthDBView):
    pass


class DirectoryLoginPage(_LoginPage, AuthLDAPView):
    pass


class OwnPassword(CustomResetMyPasswordView):
    form_title = f"Đổi mật khẩu, ít nhất {LEAST} ký tự / change your password, at least {LEAST} characters"
    message = "Đã đổi mật khẩu / password changed"

    def form_post(self, form: Any) -> Any:
        if check_password_hash(current_user.password or "", form.password.data):
            flash("Hãy chọn mật khẩu khác mật khẩu đang dùng / choose another one than the present", "warning")
            return redirect(url_for(f"{type(self).__name__}.this_form_get"))
        super().form_post(form)
        return redirect(get_safe_url(DESK))


class SecurityManager(FabAirflowSecurityManagerOverride):
    # Instead of Airflow's Viewer, User and Op.
    ROLE_CONFIGS: ClassVar = [
        *({"role": name, "perms": sorted(pairs)} for name, pairs in PERMISSIONS.items()),
        {"role": ADMINISTRATOR, "perms": FabAirflowSecurityManagerOverride.ROLE_CONFIGS[-1]["perms"]},
    ]
    authdbview = LoginPage
    authldapview = DirectoryLoginPage
    resetmypasswordview = OwnPassword
    _tries = MovingWindowRateLimiter(MemoryStorage())

    def sync_roles(self) -> None:
        """Our roles may do what roles.py says and nothing else, whatever they could before."""
        super().sync_roles()
        for name, pairs in PERMISSIONS.items():
            role = self.find_role(name)
            for held in list(role.permissions):
                if (held.action.name, held.resource.name) not in pairs:
                    self.remove_permission_from_role(role, held)

    def auth_user_db(self, username: str, password: str, rotate_session_id: bool = True) -> Any:
        # Airflow asks here for a token too where a directory keeps the passwords, after it said no, or instead of it.
        if self.auth_type != AUTH_DB:
            return None
        return self._unless_guessing(super().auth_user_db, username, password, rotate_session_id)

    def auth_user_ldap(self, username: str, password: str, rotate_session_id: bool = True) -> Any:
        return self._unless_guessing(super().auth_user_ldap, username, password, rotate_session_id)

    def _unless_guessing(self, get_in: Callable[..., Any], username: object, password: object, rotate: bool) -> Any:
        # A token is asked for with any JSON. A directory takes no password at all for `let me look`, not for a login.
        if not (isinstance(username, str) and isinstance(password, str) and username and password):
            return None
        # By name, known or not: so nothing tells which exist. FAB takes the address of an account for its name too.
        known = self.find_user(username=username) or self.find_user(email=username)
        name = (known.username if known else username).casefold()[:64]  # what is kept of a stranger's is bounded
        address = origin()
        # What one address may no longer try does not count for the others.
        if not (self._tries.hit(TRIES, name, address) and self._tries.hit(TRIES_FROM_EVERYWHERE, name)):
            log.warning("Locked after too many tries: %r from %r", name, address)
            if has_request_context():
                flash(_WAIT, "warning")
            return None
        user = get_in(username, password, rotate)
        if user:
            self._tries.clear(TRIES, name, address)
            self._tries.clear(TRIES_FROM_EVERYWHERE, name)
        return user

    def add_user(self, username: str, *arguments: Any, **options: Any) -> Any:
        if not NAME.fullmatch(username):
            log.warning("No account for %r: a name has letters without marks, digits and . _ @ - only", username)
            return None
        return super().add_user(username, *arguments, **options)

    def reset_password(self, userid: int, password: str) -> bool:
        """Whoever chose the password themselves may do what they may; a password from somebody else is to be changed."""
        user = self.get_user_by_id(int(userid))
        if user is None:
            return False
        is_own = has_request_context() and current_user.is_authenticated and current_user.id == user.id
        name_of = when_chosen if is_own else when_handed_out
        user.roles = [self.find_role(name_of(role.name)) for role in user.roles]
        done: bool = super().reset_password(user.id, password)
        # Else the roles of before would hold for half a minute more.
        FabAuthManager.cache.pop(user.id, None)
        return done

    def on_user_login(self, user: Any) -> None:
        log.info("Logged in: %s", user.username)
