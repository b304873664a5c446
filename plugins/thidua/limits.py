"""How much of one file is read. Beyond them the file is returned with a message; none is near what an office sends."""

from __future__ import annotations

# Any file of landing/: it is held in memory while it is received and read.
MAX_FILE_BYTES = 200_000_000
# A workbook packs ten times as much as it weighs.
MAX_WORKBOOK_BYTES = 100_000_000
MAX_UNPACKED_BYTES = 1_000_000_000
# Sheets that repeat themselves pack 30 : 1; only what is made to burst packs 200 : 1, and small files may.
MAX_UNPACK_RATIO = 200
UNPACK_RATIO_COUNTS_FROM = 50_000_000
MAX_PARTS = 10_000
# Excel's own last row.
MAX_ROWS = 1_048_576
# Excel has 16,384 columns, but each is compared with the contract; Excel had 256 until 2007, and no table has more.
MAX_COLUMNS = 256
# Excel's own longest cell.
MAX_CELL_CHARACTERS = 32_767
# A long text that stands in a workbook once may be shown by a million cells.
MAX_TEXT_CHARACTERS = 300_000_000
MAX_MERGES = 200_000
# Cells in lines of a text file that do not have the shape of the others: titles and signatures, not tables.
MAX_ODD_CELLS = 100_000
# The process that opens workbooks: its memory, and the time for one file.
PROCESS_BYTES = 2_000_000_000
PROCESS_SECONDS = 300.0
