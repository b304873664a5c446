"""Where the style sheet lies."""

from pathlib import Path

STYLE_SHEET = Path(__file__).parent / "templates" / "style.css"
