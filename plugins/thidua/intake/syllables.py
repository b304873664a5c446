"""Whether a word is a Vietnamese syllable: its onset, its rime and its tone exist and go together.

Vietnamese writes each syllable apart and allows few of them, so text in a wrong encoding shows at once: hardly any of
its words are syllables, and nearly all are in the right one.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

_TONES = "\u0300\u0301\u0303\u0309\u0323"
_MISPLACED_TONE = re.compile(f"[^aeiouy\u0302\u0306\u031b][{_TONES}]")
_SHARP_TONES = {"\u0301", "\u0323"}  # the only ones of syllables that end in a stop
_ONSET = re.compile(r"(ngh|ng|nh|ch|gh|gi|kh|ph|qu|th|tr|[bcdđghklmnprstvx])?(.+)")
_RIMES_AS_WRITTEN = """
a ac ach ai am an ang anh ao ap at au ay ăc ăm ăn ăng ăp ăt âc âm ân âng âp ât âu ây
e ec em en eng eo ep et ê êch êm ên ênh êp êt êu
i ia ich im in inh ip it iu iêc iêm iên iêng iêp iêt iêu y yêm yên yêng yêt yêu ynh yt yu
o oa oac oach oai oam oan oang oanh oao oap oat oay oăc oăm oăn oăng oăt oc oe oen oeo oet oi om on ong oong op ot
ô ôc ôi ôm ôn ông ôp ôt ơ ơi ơm ơn ơp ơt
u ua uân uâng uât uây uc uê uêch uênh ui um un ung uơ uôc uôi uôm uôn uông uôt up ut uy uya uych uyên uyêt uynh uyt uyu
ư ưa ưc ưi ưng ươc ươi ươm ươn ương ươp ươt ươu ưt ưu
"""
_RIMES = set(unicodedata.normalize("NFD", _RIMES_AS_WRITTEN).split())
_STOPS = ("c", "ch", "p", "t")


@lru_cache(maxsize=65536)
def is_syllable(word: str) -> bool:
    letters = unicodedata.normalize("NFD", word.lower())
    tones = [letter for letter in letters if letter in _TONES]
    if len(tones) > 1 or _MISPLACED_TONE.search(letters):
        return False
    plain = "".join(letter for letter in letters if letter not in _TONES)
    if plain == "gi":
        return True
    match = _ONSET.fullmatch(plain)
    if not match:
        return False
    onset, rime = match.groups()
    rimes = {rime, f"i{rime}" if onset == "gi" else rime, f"u{rime}" if onset == "qu" else rime}
    if not rimes & _RIMES:
        return False
    return not rime.endswith(_STOPS) or bool(_SHARP_TONES & set(tones))
