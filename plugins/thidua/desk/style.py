"""The style sheet: plain CSS, no build."""

from pathlib import Path

STYLE_SHEET = Path(__file__).parent / "templates" / "style.css"
