"""The work list: what waits for a decision, oldest first, and the forms to decide."""

from __future__ import annotations

from fastapi import APIRouter

router = APIRouter(prefix="/work")
