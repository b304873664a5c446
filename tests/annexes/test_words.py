"""Amounts in words, against readings written by hand and against a reader of words written for the test."""

from __future__ import annotations

import random

import pytest
from thidua.annexes.words import amount_in_words, in_words

SPOKEN = {
    0: "không",
    1: "một",
    4: "bốn",
    10: "mười",
    11: "mười một",
    14: "mười bốn",
    15: "mười lăm",
    20: "hai mươi",
    21: "hai mươi mốt",
    24: "hai mươi tư",
    25: "hai mươi lăm",
    91: "chín mươi mốt",
    100: "một trăm",
    101: "một trăm linh một",
    104: "một trăm linh bốn",
    105: "một trăm linh năm",
    110: "một trăm mười",
    115: "một trăm mười lăm",
    121: "một trăm hai mươi mốt",
    1_000: "một nghìn",
    1_001: "một nghìn không trăm linh một",
    1_010: "một nghìn không trăm mười",
    10_500: "mười nghìn năm trăm",
    21_000: "hai mươi mốt nghìn",
    100_000: "một trăm nghìn",
    2_800_000: "hai triệu tám trăm nghìn",
    1_005_000: "một triệu không trăm linh năm nghìn",
    1_000_005: "một triệu không trăm linh năm",
    7_300_000: "bảy triệu ba trăm nghìn",
    24_250_000: "hai mươi tư triệu hai trăm năm mươi nghìn",
    1_000_000_000: "một tỷ",
    1_020_000_000: "một tỷ không trăm hai mươi triệu",
    1_234_567_891_015: "một nghìn hai trăm ba mươi tư tỷ năm trăm sáu mươi bảy triệu tám trăm chín mươi mốt nghìn "
    "không trăm mười lăm",
    5 * 10**18: "năm tỷ tỷ",
}


@pytest.mark.parametrize("number", SPOKEN)
def test_as_it_is_spoken(number: int) -> None:
    assert in_words(number) == SPOKEN[number]


def test_an_amount_begins_with_a_capital_and_ends_with_its_currency() -> None:
    assert amount_in_words(14_850_000) == "Mười bốn triệu tám trăm năm mươi nghìn đồng"


def test_nothing_is_below_zero() -> None:
    with pytest.raises(ValueError, match="below zero"):
        in_words(-1)


VALUES = {
    word: value
    for value, words in enumerate(["không", "một mốt", "hai", "ba", "bốn tư", "năm lăm", "sáu", "bảy", "tám", "chín"])
    for word in words.split()
}
SCALES = {"nghìn": 10**3, "triệu": 10**6}


def read_words(text: str) -> int:
    """The number that words say: an independent way back."""
    if " tỷ" in text:
        before, after = text.rsplit(" tỷ", 1)
        return read_words(before) * 10**9 + read_words(after)
    total = group = last = 0
    for word in text.split():
        if word in SCALES:
            total, group, last = total + (group + last) * SCALES[word], 0, 0
        elif word == "trăm":
            group, last = last * 100, 0
        elif word == "mươi":
            group, last = group + last * 10, 0
        elif word == "mười":
            group, last = group + 10, 0
        elif word != "linh":
            last = VALUES[word]
    return total + group + last


def test_what_is_written_is_read_back_as_the_same_number() -> None:
    dice = random.Random(1)
    numbers = [*range(2_000), *(dice.randrange(10 ** dice.randint(4, 17)) for _ in range(3_000))]
    assert [read_words(in_words(number)) for number in numbers] == numbers
    assert len({in_words(number) for number in set(numbers)}) == len(set(numbers))
