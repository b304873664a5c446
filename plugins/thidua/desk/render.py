"""From what was found to a page: templates, both languages, and text of strangers made harmless to look at."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from functools import lru_cache, partial
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from fastapi import Request
from fastapi.responses import HTMLResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape
from markupsafe import Markup

from thidua.clock import LOCAL
from thidua.desk.access import Visitor
from thidua.desk.words import LANGUAGES, label, translate
from thidua.intake.contracts import load_contract
from thidua.reports.served import dotted, exact_percent, half_up_percent

LANGUAGE_COOKIE = "thidua_language"
MOST_SHOWN = 300
_UNSEEN = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}


def shown(value: object, most: int = MOST_SHOWN) -> Markup:
    """Text of a stranger: cut, without what turns or hides text, and kept from turning what stands around it."""
    if value is None:
        return Markup("–")
    text = str(value)
    kept = "".join(" " if letter in "\n\t" else "\ufffd" if _is_unseen(letter) else letter for letter in text[:most])
    cut = Markup(' <span class="cut">… ({} ký tự / characters)</span>').format(dotted(len(text)))
    return Markup("<bdi>{}</bdi>").format(kept) + (cut if len(text) > most else "")


def _is_unseen(letter: str) -> bool:
    return unicodedata.category(letter) in _UNSEEN


def day(value: date | datetime | None) -> str:
    if isinstance(value, datetime):
        value = value.astimezone(LOCAL)
    return "–" if value is None else f"{value:%d/%m/%Y}"


def moment(value: datetime | None) -> str:
    return "–" if value is None else f"{value.astimezone(LOCAL):%H:%M %d/%m/%Y}"


def until(value: datetime | None, language: str) -> str:
    """An exclusive end as people say it: midnight is the end of the day before."""
    if value is None:
        return "–"
    local = value.astimezone(LOCAL)
    if (local.hour, local.minute, local.second) == (0, 0, 0):
        return f"{'hết ngày' if language == 'vi' else 'to the end of'} {local - timedelta(days=1):%d/%m/%Y}"
    return f"{'trước' if language == 'vi' else 'before'} {local:%H:%M %d/%m/%Y}"


def export_title(export_type: str, language: str) -> str:
    """What an export type is called; a folder that is none keeps its name."""
    contract = load_contract(export_type)
    return export_type if contract is None else (contract.title.vi if language == "vi" else contract.title.en)


def percent(part: int | None, whole: int | None) -> str:
    return half_up_percent(part, whole) if part is not None and whole else "–"


def receipt(submission_id: str) -> str:
    """The number that people read out on the phone: enough of the id to find it."""
    return f"{submission_id[:4]}-{submission_id[4:8]}".upper()


def both(message: str | None, language: str) -> str:
    """One half of a message `Vietnamese / English`; a value in it may hold ` / ` too, but then it stands in both."""
    parts = (message or "").split(" / ")
    half = (len(parts) + 1) // 2
    return " / ".join(parts[:half] if language == "vi" or half == len(parts) else parts[half:])


def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent / "templates"),
        autoescape=select_autoescape(default=True),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "shown": shown,
        "day": day,
        "moment": moment,
        "dotted": dotted,
        "receipt": receipt,
        "threshold": exact_percent,
        "percent": lambda pair: percent(*pair),
    }
    return environment


ENVIRONMENT = _environment()


def language_of(request: Request) -> str:
    asked = request.query_params.get("lang") or request.cookies.get(LANGUAGE_COOKIE)
    return asked if asked in LANGUAGES else LANGUAGES[0]


def link(request: Request, path: str, **query: str | None) -> str:
    """The address of a page of ours, wherever Airflow and a proxy before it put us."""
    given = {name: value for name, value in query.items() if value is not None}
    base: str = request.scope.get("root_path", "").rstrip("/")
    return f"{base}{path}" + (f"?{urlencode(given)}" if given else "")


def page(
    request: Request,
    template: str,
    context: Mapping[str, Any] | None = None,
    *,
    visitor: Visitor | None = None,
    status: int = 200,
) -> HTMLResponse:
    language = language_of(request)
    path = request.url.path.removeprefix(request.scope.get("root_path", "").rstrip("/"))
    other = next(code for code in LANGUAGES if code != language)
    names = {
        "visitor": visitor,
        "language": language,
        "path": path,
        "t": partial(translate, language=language),
        "label": partial(label, language=language),
        "both": partial(both, language=language),
        "until": partial(until, language=language),
        "export_title": lru_cache(partial(export_title, language=language)),
        "link": partial(link, request),
        "password_page": request.app.state.password_page,
        "other_language": link(request, path, **{**request.query_params, "lang": other}),
    }
    text = ENVIRONMENT.get_template(template).render({**names, **(context or {})})
    response = HTMLResponse(text, status)
    if request.query_params.get("lang") in LANGUAGES:
        response.set_cookie(LANGUAGE_COOKIE, language, max_age=365 * 86400, httponly=True, samesite="lax")
    return response
