"""Vietnamese as old machines wrote it: in the encodings of fonts, and as programs garble it. The text is what a program
of today shows, in Unicode; `.encode("cp1252")` makes the bytes of the old file.
"""

from __future__ import annotations

import unicodedata

# The mark of a tone alone, with a circumflex, with a breve; in the order: none, grave, hook, tilde, acute, dot.
VNI_MARKS = {"": " øûõùï", "\u0302": "âàåãáä", "\u0306": "êèúüéë"}
TONES = ["", "\u0300", "\u0309", "\u0303", "\u0301", "\u0323"]
VNI_ALONE = {"đ": "ñ", "í": "í", "ì": "ì", "ỉ": "æ", "ĩ": "ó", "ị": "ò", "ỵ": "î"}


# TCVN 5712 (VN3), as Windows-1252 shows its codes.
TCVN3 = {
    "à": "µ", "ả": "¶", "ã": "·", "á": "¸", "ạ": "¹", "ằ": "»", "ẳ": "¼", "ẵ": "½", "ắ": "¾", "ặ": "Æ", "ầ": "Ç",
    "ẩ": "È", "ẫ": "É", "ấ": "Ê", "ậ": "Ë", "è": "Ì", "ẻ": "Î", "ẽ": "Ï", "é": "Ð", "ẹ": "Ñ", "ề": "Ò", "ể": "Ó",
    "ễ": "Ô", "ế": "Õ", "ệ": "Ö", "ì": "×", "ỉ": "Ø", "ĩ": "Ü", "í": "Ý", "ị": "Þ", "ò": "ß", "ỏ": "á", "õ": "â",
    "ó": "ã", "ọ": "ä", "ồ": "å", "ổ": "æ", "ỗ": "ç", "ố": "è", "ộ": "é", "ờ": "ê", "ở": "ë", "ỡ": "ì", "ớ": "í",
    "ợ": "î", "ù": "ï", "ủ": "ñ", "ũ": "ò", "ú": "ó", "ụ": "ô", "ừ": "õ", "ử": "ö", "ữ": "÷", "ứ": "ø", "ự": "ù",
    "ỳ": "ú", "ỷ": "û", "ỹ": "ü", "ý": "ý", "ỵ": "þ", "Ă": "¡", "Â": "¢", "Ê": "£", "Ô": "¤", "Ơ": "¥", "Ư": "¦",
    "Đ": "§", "ă": "¨", "â": "©", "ê": "ª", "ô": "«", "ơ": "¬", "ư": "\u00ad", "đ": "®",
}  # fmt: skip


def to_tcvn3(text: str) -> str:
    """Capitals with tones are small letters in a font of capitals."""
    return "".join(
        TCVN3.get(letter) or TCVN3.get(letter.lower(), letter) for letter in unicodedata.normalize("NFC", text)
    )


def to_vni(text: str) -> str:
    return "".join(_vni(letter) for letter in unicodedata.normalize("NFC", text))


def _vni(letter: str) -> str:
    small = letter.lower()
    if small in VNI_ALONE:
        written = VNI_ALONE[small]
    else:
        base, *signs = unicodedata.normalize("NFD", small)
        tone = next((sign for sign in signs if sign in TONES), "")
        shape = next((sign for sign in signs if sign in VNI_MARKS), "")
        base = {"o\u031b": "ô", "u\u031b": "ö"}.get(base + "\u031b" if "\u031b" in signs else base, base)
        written = base + VNI_MARKS[shape][TONES.index(tone)].strip()
    return written.upper() if letter.isupper() else written


def to_garbled(text: str) -> str:
    """UTF-8 read as Windows-1252; what that lacks stays as it is."""
    return "".join(
        bytes([byte]).decode("cp1252") if byte not in (0x81, 0x8D, 0x8F, 0x90, 0x9D) else chr(byte)
        for byte in unicodedata.normalize("NFC", text).encode()
    )


def to_cp1258(text: str) -> bytes:
    """Windows-1258 has the letters with roof, breve and horn; five tones stand behind them."""
    tones = set(TONES)
    letters = []
    for letter in unicodedata.normalize("NFC", text):
        parts = unicodedata.normalize("NFD", letter)
        letters.append(unicodedata.normalize("NFC", "".join(part for part in parts if part not in tones)))
        letters.extend(part for part in parts if part in tones)
    return "".join(letters).encode("cp1258")
