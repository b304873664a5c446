"""Files whose rows stand in sample.yml."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import date

from thidua.plan.loader import Plan
from thidua.samples.chance import Chance, Names, Outgoing, local
from thidua.samples.sheets import SUFFIX, Cell, Heading, Sheet, write_sheet
from thidua.samples.spec import TableFile, Tables


class TableOffices:
    def __init__(self, plan: Plan, sample: Tables, seed: int) -> None:
        self.sample = sample
        self.chance = Chance(seed)
        self.units = {unit.unit_id: unit for unit in plan.units}
        self.names = Names(self.chance, self.units, sample.spellings)
        self.senders = list(dict.fromkeys(file.sender for file in sample.files))

    def files(self) -> Iterator[Outgoing]:
        sent: Counter[tuple[str, date]] = Counter()
        for file in self.sample.files:
            sent[file.sender, file.day] += 1
            yield self._file(file, sent[file.sender, file.day])

    def _file(self, file: TableFile, turn: int) -> Outgoing:
        sample = self.sample
        styles = sample.styles
        style = file.style or styles[self.senders.index(file.sender) % len(styles)]
        sheet = Sheet(
            letterhead=sample.letterhead,
            office=self.units[file.sender].name,
            title=file.title or sample.title,
            day=file.day,
            headings=[Heading(column.header, column.above) for column in sample.columns],
            rows=[self._cells(row, file.day) for row in file.rows],
            total=self._total(file) if sample.total else None,
        )
        received = local(file.received_at) if file.received_at else None
        return Outgoing(
            # A second file of the same day is marked by its turn.
            f"{file.sender}_{file.day.isoformat()}{f'_{turn:02d}' if turn > 1 else ''}.{SUFFIX[style]}",
            write_sheet(sheet, style),
            received or self.chance.received(f"{sample.export_type}/{file.sender}", file.day, sample.days_later),
            frozenset(file.meant),
        )

    def _cells(self, row: Sequence[Cell], day: date) -> list[Cell]:
        return [
            self.names.of(cell, day) if column.unit and isinstance(cell, str) and cell in self.units else cell
            for column, cell in zip(self.sample.columns, row, strict=True)
        ]

    def _total(self, file: TableFile) -> list[Cell]:
        """Sums where a column has only numbers; wrong by `total_off` in each."""
        return [
            sum(cell for cell in cells if isinstance(cell, int)) + file.total_off
            if all(isinstance(cell, int) for cell in cells)
            else None
            for cells in zip(*file.rows, strict=True)
        ]
