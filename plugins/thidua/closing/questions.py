"""What people have to decide before a closing can be approved, found in its computed rows.

A question is answered by decisions in the lake and by nothing else. Where the answer leaves a trace in the rows (a tie
that is filled, a quota that is used up) the question is gone; where it does not (nobody was excluded, a prize is not
given, a line stays open) a decision `settle` names the question and the `basis` of what was asked: when what could be
chosen has changed since, it is asked again.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import permutations
from typing import TYPE_CHECKING, Any

from thidua.closing.named import WHY_NOT, Named, named_in_vain, same_person, standing_names, who_qualifies
from thidua.closing.pools import UNCOUNTED, candidates_of, is_beyond, must_be_cut, nothing_to_give, strangers_of
from thidua.lake.decisions import Decision, in_force
from thidua.lake.entries import digest

if TYPE_CHECKING:
    from thidua.closing.compute import Computed
    from thidua.closing.earlier import Earlier

Row = dict[str, Any]

SETTLE = "settle"
ACCEPT_PLAN = "accept_plan"
STAYS_OPEN = "stays_open"
# Beyond this, the ways to fill a tie are too many to list; the range of money is then that of the lines.
MOST_UNITS_TO_LIST = 6


@dataclass(frozen=True)
class Question:
    """One thing to decide. `choices` says what an answer may be made of; see answers.py for the form of answers."""

    question_id: str
    kind: str
    text: str
    subject: Mapping[str, Any]
    choices: Mapping[str, Any] = field(default_factory=dict)
    is_required: bool = True
    is_answered: bool = False
    amount_min: int | None = None
    amount_max: int | None = None
    clause: str | None = None
    # Decisions stand that give more than there is, or to whom it may not be given. No `settle` from before answers that,
    # whatever its basis: only an answer that takes them back.
    is_disturbed: bool = False
    # Units that hold the prize already and may not be chosen: an answer takes it back from them.
    strangers: Sequence[str] = ()

    @property
    def basis(self) -> str:
        """What the answer rests on: the same question over other choices is another one."""
        return _basis(self.choices)

    @property
    def is_open(self) -> bool:
        return self.is_required and not self.is_answered


def _basis(choices: Mapping[str, Any]) -> str:
    """`<choices>`, or `<choices>/<people>` where gates say whom people may name. Apart, since decisions from before that
    was asked rest on the choices alone, and the versions that count on them have to come out again."""
    basis = digest({key: value for key, value in choices.items() if key != "people"})[:16]
    people = choices.get("people")
    return basis if people is None else f"{basis}/{digest(sorted(same_person(*one) for one in people))[:16]}"


def _is_settled(bases: Collection[str], choices: Mapping[str, Any]) -> bool:
    """Whether an answer rests on these choices; whom one could name is compared where the answer says it."""
    basis = _basis(choices)
    return basis in bases or basis.partition("/")[0] in bases


def find_questions(computed: Computed, earlier: Sequence[Earlier] = ()) -> list[Question]:
    """Every question of a closing, required ones first. `earlier`: closings that it rests on, and how they stand."""
    settled = _settled(computed.decisions, str(computed.basis.freeze["period_id"]))
    questions = [
        *_plan_change(computed),
        *_earlier(earlier),
        *_ties(computed),
        *_gates(computed),
        *_exclusions(computed),
        *_nominations(computed),
        *_pools(computed),
        *_open_lines(computed),
        *_silent_units(computed),
        *_excluded_persons(computed),
        *_readings(computed),
    ]
    answered = [
        question
        if question.is_answered
        or question.is_disturbed
        or not _is_settled(settled.get(question.question_id, ()), question.choices)
        else _answered(question)
        for question in questions
    ]  # fmt: skip
    return sorted(answered, key=lambda question: not question.is_required)


def _answered(question: Question) -> Question:
    return Question(**{**vars(question), "is_answered": True})


def _settled(decisions: Iterable[Decision], period_id: str) -> dict[str, set[str]]:
    """question -> the bases on which it was settled."""
    found: dict[str, set[str]] = defaultdict(set)
    for decision in in_force(decisions):
        if decision["kind"] == SETTLE and decision["subject"].get("period_id") == period_id:
            found[decision["subject"]["question_id"]].add(decision["subject"]["basis"])
    return found


def _names(computed: Computed) -> dict[str, str]:
    return {unit["unit_id"]: unit["name"] for unit in computed.rows("dim_unit")}


def _plan_change(computed: Computed) -> list[Question]:
    """A plan or targets changed after the campaign began: two different people accept the change, for all closings."""
    plan = computed.basis.freeze["plan"]
    starts_at = next((row["starts_at"] for row in computed.rows("dim_campaign")), None)
    if not plan["changed"] or (starts_at is not None and _instant(plan["recorded_at"]) < _instant(starts_at)):
        return []
    accepted = accepted_by(computed.decisions, plan["plan_hash"])
    return [
        Question(
            question_id=f"plan:{plan['plan_hash'][:12]}",
            kind="plan_change",
            text=f"Kế hoạch đã sửa sau khi bắt đầu ({', '.join(plan['changed'])}); hai người khác nhau phải chấp thuận, "
            f"đã có {len(accepted)} / the plan changed after the campaign began; two different people must accept it",
            subject={"plan_hash": plan["plan_hash"]},
            choices={"results": ["accept"]},
            is_answered=len(accepted) >= 2,
        )
    ]


def _instant(text: str) -> datetime:
    return datetime.fromisoformat(text)


def accepted_by(decisions: Iterable[Decision], plan_hash: str) -> set[str]:
    """Who has accepted a changed plan."""
    return {
        decision["decided_by"].strip().casefold()
        for decision in in_force(decisions)
        if decision["kind"] == ACCEPT_PLAN and decision["subject"]["plan_hash"] == plan_hash
    }


def _earlier(earlier: Sequence[Earlier]) -> list[Question]:
    """Earlier closings that are open, or were issued anew after the freeze: people freeze anew, or let it stay."""
    return [
        Question(
            question_id=f"earlier:{one.period_id}",
            kind="open_line",
            text=f"{one}; {STAYS_OPEN}: giữ như đã chốt / what was frozen stays",
            subject={},
            choices={"results": [STAYS_OPEN], "content_hash": one.content_hash, "frozen": one.frozen},
        )
        for one in earlier
    ]


def _ties(computed: Computed) -> list[Question]:
    """Units that share a rank whose places bring different prizes."""
    names = _names(computed)
    ranks = {row["unit_id"]: row for row in computed.rows("fct_ranking")}
    touched: dict[str, list[Row]] = defaultdict(list)
    for row in computed.rows("touched"):
        touched[row["unit_id"]].append(row)
    groups: dict[tuple[str, int], list[str]] = defaultdict(list)
    for line in computed.rows("fct_award"):
        if line["status"] == "undecided" and line["status_reason"] == "tie" and line["recipient_kind"] == "unit":
            ranked = ranks[line["unit_id"]]
            groups[str(ranked["bloc_id"]), ranked["rank"]].append(line["unit_id"])
    questions = []
    for (bloc_id, rank), unit_ids in sorted(groups.items()):
        units = sorted(unit_ids)
        first = sorted(touched[units[0]], key=lambda row: row["position"])
        places = {row["prize_id"]: row["places_touched"] for row in first}
        if len(units) > sum(places.values()):
            places["none"] = len(units) - sum(places.values())
        amounts = {
            (row["unit_id"], row["prize_id"]): 0 if row["condition_result"] == "fail" else row["amount"]
            for unit_id in units
            for row in touched[unit_id]
        }
        ways = fillings(units, places)
        sums = [_sum_of(amounts, way) for way in ways]
        known = [amount for amount in sums if amount is not None]
        shown = ", ".join(names[unit_id] for unit_id in units)
        questions.append(
            Question(
                question_id=f"tie:{bloc_id}:{rank}:{digest(units)[:8]}",
                kind="tie",
                text=f"Đồng hạng {rank}: {shown}. Hội đồng quyết định đơn vị nào nhận giải nào / tied at rank {rank}: "
                "which unit takes which prize",
                subject={"bloc_id": bloc_id, "rank": rank, "units": units},
                choices={"units": units, "places": places, "ways": ways},
                amount_min=min(known) if known and len(known) == len(sums) else None,
                amount_max=max(known) if known and len(known) == len(sums) else None,
                clause=first[0]["clause"],
            )
        )
    return questions


def fillings(units: Sequence[str], places: Mapping[str, int]) -> list[dict[str, str]]:
    """Each way to fill the places of a tie: unit -> prize, `none` beyond the ladder. None listed of very many."""
    if len(units) > MOST_UNITS_TO_LIST:
        return []
    seats = [prize for prize, count in places.items() for _ in range(count)]
    return [dict(zip(units, way, strict=True)) for way in sorted(set(permutations(seats)))]


def _sum_of(amounts: Mapping[tuple[str, str], int | None], way: Mapping[str, str]) -> int | None:
    parts = [amounts.get(key, 0) for key in way.items()]
    return None if None in parts else sum(part for part in parts if part is not None)


def _gates(computed: Computed) -> list[Question]:
    """Gates that only people, or an earlier closing, can open."""
    names = _names(computed)
    questions = []
    for row in computed.rows("fct_gate_result"):
        if row["result"] != "undecided":
            continue
        is_decision = row["kind"] == "decision"
        why = (
            "Hội đồng quyết định đạt hay không / the council decides: pass or fail"
            if is_decision
            else "chờ kết quả chính thức của kỳ trước / waits for the official result of an earlier closing"
        )
        questions.append(
            Question(
                question_id=f"gate:{row['gate_id']}:{row['unit_id']}",
                kind="gate" if is_decision else "open_line",
                text=f"{names[row['unit_id']]}, điều kiện {row['gate_id']}: {why}",
                subject={"gate_id": row["gate_id"], "unit_id": row["unit_id"]},
                choices={"results": ["pass", "fail"]} if is_decision else {"results": [STAYS_OPEN]},
                clause=row["clause"],
            )
        )
    return questions


def _exclusions(computed: Computed) -> list[Question]:
    """Gates that hold unless the council says otherwise: it confirms that it looked, naming nobody or some."""
    units: dict[str, list[str]] = defaultdict(list)
    for row in computed.rows("fct_gate_result"):
        units[row["gate_id"]].append(row["unit_id"])
    return [
        Question(
            question_id=f"exclusions:{gate['gate_id']}",
            kind="exclusions",
            text="Đơn vị nào không được xét do chạy theo số lượng, sai sót chất lượng? Không có thì xác nhận không có / "
            "which units are excluded for quality? Confirm when none is",
            subject={"gate_id": gate["gate_id"]},
            choices={"units": sorted(units[gate["gate_id"]])},
            clause=gate["clause"],
        )
        for gate in computed.rows("gates")
        if gate["kind"] == "decision"
        and gate["default_result"] == "pass"
        and gate["recipient"] == "unit"
        and units.get(gate["gate_id"])
    ]


def _nominations(computed: Computed) -> list[Question]:
    """Units that may nominate people, until as many are named as they may."""
    names = _names(computed)
    named = _named(computed)
    in_vain = {(prize_id, unit_id): why for (prize_id, _, unit_id), why in _named_in_vain(computed).items()}
    people = who_qualifies(computed.all_rows)
    questions = []
    for line in computed.rows("fct_award"):
        if line["recipient_kind"] != "person" or not line["unit_id"] or line["status"] != "proposed":
            continue
        why = in_vain.get((line["prize_id"], line["unit_id"]))
        taken = sum(1 for row in named if (row["prize_id"], row["unit_id"]) == (line["prize_id"], line["unit_id"]))
        questions.append(
            Question(
                question_id=f"nomination:{line['prize_id']}:{line['unit_id']}",
                kind="persons",
                text=f"{names[line['unit_id']]} được đề nghị {line['places']} cá nhân, {line['prize_name']} / "
                f"may nominate {line['places']}" + (f"; đã nêu tên mà / named, but: {WHY_NOT[why]}" if why else ""),
                subject={"prize_id": line["prize_id"], "authority_unit_id": None, "unit_id": line["unit_id"]},
                choices={
                    "units": [line["unit_id"]],
                    "places": line["places"],
                    **({} if people is None else {"people": [one for one in people if one[0] == line["unit_id"]]}),
                },
                is_answered=taken == line["places"],
                is_disturbed=taken > line["places"] or why is not None,
                amount_min=0 if line["amount_each"] is not None else None,
                amount_max=line["amount_max"],
                clause=line["clause"],
            )
        )
    return questions


def _named(computed: Computed) -> list[Row]:
    return computed.rows("persons")


def _named_in_vain(computed: Computed) -> dict[Named, str]:
    period_id = str(computed.basis.freeze["period_id"])
    return named_in_vain(standing_names(computed.all_rows, computed.decisions, period_id))


def pool_question_id(prize_id: str, authority_unit_id: str | None) -> str:
    return f"pool:{prize_id}:{authority_unit_id or 'all'}"


def _pools(computed: Computed) -> list[Question]:
    """Prizes that the council gives: to whom, within the places there are."""
    names = _names(computed)
    in_vain = _named_in_vain(computed)
    questions = []
    for line in computed.rows("fct_award"):
        if line["unit_id"] is not None:
            continue
        candidates = candidates_of(computed.all_rows, line)
        named = {
            names.get(unit_id, unit_id): WHY_NOT[why]
            for (prize_id, authority, unit_id), why in in_vain.items()
            if (prize_id, authority) == (line["prize_id"], line["authority_unit_id"])
        }
        by = f" ({names[line['authority_unit_id']]})" if line["authority_unit_id"] else ""
        is_uncounted = line["status_reason"] == UNCOUNTED
        if is_uncounted and candidates and line["status"] != "blocked":
            questions.append(_uncounted(line, by))
            continue
        places = "không giới hạn / no limit" if line["places"] is None else str(line["places"])
        places = "chưa biết / not known" if is_uncounted else places
        is_cut = must_be_cut(computed.all_rows, line, _named(computed))
        strangers = list(strangers_of(computed.all_rows, line))
        held = ", ".join(names[unit_id] for unit_id in strangers)
        questions.append(
            Question(
                question_id=pool_question_id(line["prize_id"], line["authority_unit_id"]),
                kind="units" if line["recipient_kind"] == "unit" else "persons",
                text=f"{line['prize_name']}{by}: chọn trong {len(candidates)} đơn vị, số suất {places} / "
                f"choose among {len(candidates)} units"
                + (
                    "; đã vượt số suất, phải cắt bớt / beyond the places: some must be cut"
                    if is_beyond(line, _named(computed))
                    else ""
                )
                + (f"; không còn được xét mà đã trao: {held} / hold it and may not be chosen" if held else "")
                + "".join(f"; đã nêu tên mà / named, but ({unit}): {why}" for unit, why in named.items()),
                subject={"prize_id": line["prize_id"], "authority_unit_id": line["authority_unit_id"]},
                choices=_pool_choices(computed.all_rows, line, candidates),
                is_answered=nothing_to_give(computed.all_rows, line, candidates),
                is_disturbed=is_cut or bool(named),
                strangers=strangers,
                amount_min=line["amount_min"],
                amount_max=line["amount_max"],
                clause=line["clause"],
            )
        )
    return questions


def _uncounted(line: Row, by: str) -> Question:
    """A share of a list that nobody gave: how many places it has is not known, and that is not without limit."""
    return Question(
        question_id=pool_question_id(line["prize_id"], line["authority_unit_id"]),
        kind="open_line",
        text=f"{line['prize_name']}{by}: chưa có danh sách tham gia nên chưa biết số suất, chưa khen ai / nobody was listed, "
        "so the places are not known and nothing is given; list them in participants.csv, or leave it open",
        subject={"prize_id": line["prize_id"], "authority_unit_id": line["authority_unit_id"]},
        choices={"results": [STAYS_OPEN], "reason": UNCOUNTED},
        clause=line["clause"],
    )


def _pool_choices(marts: Mapping[str, Sequence[Row]], line: Row, candidates: Sequence[str]) -> dict[str, Any]:
    people = who_qualifies(marts) if line["recipient_kind"] == "person" else None
    return {
        "units": candidates,
        "places": 0 if line["status_reason"] == UNCOUNTED else line["places"],
        **({} if people is None else {"people": people}),
    }


def settled_pools(
    marts: Mapping[str, Sequence[Row]], decisions: Iterable[Decision], persons: Sequence[Row], period_id: str
) -> set[tuple[str, str | None]]:
    """(prize, authority) of the pools about which nothing is left to decide."""
    settled = _settled(decisions, period_id)
    names = standing_names(marts, decisions, period_id)
    in_vain = {(prize_id, authority) for prize_id, authority, _ in named_in_vain(names)}
    found = set()
    for line in marts["fct_award"]:
        if line["unit_id"] is not None or must_be_cut(marts, line, persons):
            continue
        candidates = candidates_of(marts, line)
        pool = (line["prize_id"], line["authority_unit_id"])
        is_open = pool in in_vain or line["status_reason"] == UNCOUNTED
        bases = () if is_open else settled.get(pool_question_id(*pool), ())
        if nothing_to_give(marts, line, candidates) or _is_settled(bases, _pool_choices(marts, line, candidates)):
            found.add(pool)
    return found


def _open_lines(computed: Computed) -> list[Question]:
    """Money that cannot be told: no headcount, or a condition that only time decides. It may be left open, knowingly."""
    names = _names(computed)
    why = {
        "no_headcount": "chưa có số biên chế, chưa chi tiền / no headcount, so nothing is paid",
        "condition": "điều kiện của giải chưa rõ / a condition of the prize is still open",
    }
    return [
        Question(
            question_id=f"line:{line['prize_id']}:{line['unit_id']}",
            kind="open_line",
            text=f"{names[line['unit_id']]}, {line['prize_name']}: {why[line['status_reason']]}",
            subject={"prize_id": line["prize_id"], "unit_id": line["unit_id"]},
            choices={"results": [STAYS_OPEN], "reason": line["status_reason"]},
            amount_min=line["amount_min"],
            amount_max=line["amount_max"],
            clause=line["clause"],
        )
        for line in computed.rows("fct_award")
        if line["unit_id"] and line["status_reason"] in why and line["status"] in {"undecided", "blocked"}
    ]


def _silent_units(computed: Computed) -> list[Question]:
    """Units without figures whom no report rule speaks of: those that one does block the closing, or are excused."""
    names = _names(computed)
    expected = {row["from_unit_id"] for row in computed.rows("fct_reporting")}
    return [
        Question(
            question_id=f"no_data:{row['unit_id']}",
            kind="open_line",
            text=f"{names[row['unit_id']]}: không có số liệu / there are no figures",
            subject={"unit_id": row["unit_id"]},
            choices={"results": [STAYS_OPEN]},
            clause=row["clause"],
        )
        for row in computed.rows("fct_eligibility")
        if row["reason_code"] == "no_data" and row["unit_id"] not in expected
    ]


def _excluded_persons(computed: Computed) -> list[Question]:
    """People who may not be named, where the period has prizes for people at all."""
    if not any(line["recipient_kind"] == "person" for line in computed.rows("fct_award")):
        return []
    units = sorted(unit["unit_id"] for unit in computed.rows("dim_unit"))
    return [
        Question(
            question_id="excluded_persons",
            kind="excluded_persons",
            text="Cá nhân nào không được xét do sai sót chất lượng? / which persons are excluded for quality?",
            subject={},
            choices={"units": units, "places": None},
            is_required=False,
        )
    ]


def _readings(computed: Computed) -> list[Question]:
    """Where the plan's text allows more than one reading: the chosen one holds unless people choose another."""
    return [
        Question(
            question_id=f"reading:{row['reading_id']}",
            kind="reading",
            text=f"Cách hiểu {row['reading_id']}: đang dùng / in use: {row['chosen']}. {row['reason']}",
            subject={"reading_id": row["reading_id"]},
            choices={"options": [option.strip() for option in row["options"].split(",")], "chosen": row["chosen"]},
            is_required=False,
            clause=row["clause"],
        )
        for row in computed.rows("dim_reading")
    ]
