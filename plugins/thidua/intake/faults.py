"""What can be wrong with a file as a whole, in words that an office can act on: Vietnamese, then English."""

from __future__ import annotations

# rule -> (what is wrong and how to mend it) in Vietnamese and in English. `{name}` are filled from the fault.
FILE_MESSAGES: dict[str, tuple[str, str]] = {
    "wrong_folder": (
        "Tệp phải nằm ở landing/<phong trào>/<loại báo cáo>/<tệp>; hãy chuyển tệp về đúng thư mục và nộp lại",
        "The file must lie at landing/<campaign>/<export type>/<file>; put it into the right folder and send it again",
    ),
    "unknown_campaign": (
        "Không có phong trào '{value}'; các phong trào hiện có: {allowed}. Hãy nộp lại vào đúng thư mục",
        "There is no campaign '{value}'; known are: {allowed}. Send it again into the right folder",
    ),
    "unknown_export_type": (
        "Không có loại báo cáo '{value}'; các loại hiện có: {allowed}. Hãy nộp lại vào đúng thư mục",
        "There is no export type '{value}'; known are: {allowed}. Send it again into the right folder",
    ),
    "unknown_format": (
        "Không nhận định dạng '{value}'; hãy lưu thành XLSX, XLS, XLSB, ODS, CSV hoặc TXT rồi nộp lại",
        "The format '{value}' is not accepted; save it as XLSX, XLS, XLSB, ODS, CSV or TXT and send it again",
    ),
    "empty_file": (
        "Tệp trống; hãy kiểm tra lại phần mềm xuất dữ liệu và nộp lại tệp có số liệu",
        "The file is empty; check what made it and send a file with figures",
    ),
    "unreadable_file": (
        "Không đọc được tệp: {reason_vi}; hãy mở tệp, lưu lại thành XLSX hoặc CSV (UTF-8) và nộp lại",
        "The file cannot be read: {reason_en}; open it, save it as XLSX or CSV (UTF-8) and send it again",
    ),
    "header_not_found": (
        "Không tìm thấy dòng tiêu đề có đủ các cột: {missing_vi}; hãy dùng mẫu báo cáo có các cột này",
        "There is no header row with the columns: {missing_en}; use the form that has them",
    ),
    "column_twice": (
        "Có nhiều cột cùng là '{value}' nên không biết lấy cột nào; hãy chỉ để một cột",
        "More than one column is '{value}', so it is not known which one counts; leave only one",
    ),
    "as_of_date_unclear": (
        "Không biết số liệu tính đến ngày nào ({found}); hãy ghi 'tính đến hết ngày dd/mm/yyyy' ở tiêu đề "
        "hoặc thêm cột 'Ngày số liệu'",
        "It is not known of which day the figures are ({found}); write 'tính đến hết ngày dd/mm/yyyy' in the title "
        "or add a column 'As-of date'",
    ),
    "complete_through_unclear": (
        "Không biết danh sách đầy đủ đến ngày nào ({found}); hãy ghi 'tính đến hết ngày dd/mm/yyyy' ở tiêu đề "
        "hoặc đặt tên tệp dạng <đơn vị>_<yyyy-mm-dd>",
        "It is not known through which day the list is complete ({found}); write 'tính đến hết ngày dd/mm/yyyy' in the "
        "title, or name the file <unit>_<yyyy-mm-dd>",
    ),
    "complete_through_future": (
        "Danh sách ghi đầy đủ đến hết ngày {value}, sau ngày nộp; hãy kiểm tra lại ngày ở tiêu đề hoặc tên tệp",
        "The list claims to be complete through {value}, after the day of its receipt; check the day in the title or "
        "in the file's name",
    ),
    "metric_unclear": (
        "Không biết số liệu thuộc chỉ tiêu nào; hãy thêm cột 'Mã chỉ tiêu' (các chỉ tiêu: {allowed})",
        "It is not known of which metric the figures are; add a column 'Metric' (metrics: {allowed})",
    ),
    "no_rows": (
        "Tệp không có dòng số liệu nào dưới dòng tiêu đề; hãy nộp lại tệp có số liệu",
        "The file has no row of figures below its header; send a file with figures",
    ),
    "font_encoded": (
        "Chữ trong tệp gõ bằng bảng mã {value} ({place}), không phải Unicode; hãy chuyển sang Unicode (Unikey: "
        "Ctrl+Shift+F6, nguồn {value}, đích Unicode), chọn phông Times New Roman hoặc Arial, lưu và nộp lại",
        "The text of the file is in the font encoding {value} ({place}), not in Unicode; convert it to Unicode "
        "(Unikey: Ctrl+Shift+F6, from {value} to Unicode), choose the font Times New Roman or Arial, save it and send "
        "it again",
    ),
    "garbled_text": (
        "Chữ trong tệp đã hỏng vì từng bị mở nhầm bảng mã ({value}) rồi lưu lại ({place}); hãy xuất lại từ phần mềm gốc, khi mở "
        "CSV bằng Excel chọn Data > From Text/CSV > 65001: Unicode (UTF-8), rồi nộp lại",
        "The text of the file is garbled: it was {value}, was opened as something else and saved ({place}); export it again, "
        "open a CSV in Excel by Data > From Text/CSV > 65001: Unicode (UTF-8), and send it again",
    ),
    "broken_encoding": (
        "Tệp là UTF-8 nhưng bị hỏng ở dòng {line}; hãy xuất lại từ phần mềm gốc và nộp lại",
        "The file is UTF-8 but broken in line {line}; export it again and send it again",
    ),
    "broken_quotes": (
        "Dấu ngoặc kép ở dòng {line} không khép kín hoặc đứng sai chỗ; hãy sửa dòng đó, hoặc lưu thành XLSX, và nộp lại",
        "The quotation mark in line {line} is not closed or stands in a wrong place; mend the line, or save the file as "
        "XLSX, and send it again",
    ),
    "formula_without_value": (
        "{count} ô chỉ có công thức mà chưa được tính, đầu tiên là {place}; hãy mở tệp bằng Excel, chờ tính xong, lưu và "
        "nộp lại",
        "{count} cell(s) hold a formula that was never calculated, the first is {place}; open the file in Excel, let it "
        "calculate, save it and send it again",
    ),
    "too_large": (
        "Tệp vượt mức cho phép ({value}); hãy xóa các ô thừa ở rất xa bảng (Ctrl+End để tìm), hoặc chép bảng sang tệp "
        "mới, hoặc chia nhỏ tệp, rồi nộp lại",
        "The file is beyond what is read ({value}); delete stray cells far from the table (find them by Ctrl+End), or "
        "copy the table into a new file, or split it, and send it again",
    ),
    "zip_bomb": (
        "Tệp nén quá mức ({value} khi mở ra) nên không được mở; hãy chép bảng sang tệp mới và nộp lại",
        "The file unpacks to more than is read ({value}), so it was not opened; copy the table into a new file and send "
        "it again",
    ),
    "unsafe_workbook": (
        "Tệp có nội dung không an toàn ({reason_vi}) nên không được mở; hãy chép bảng sang tệp mới và nộp lại",
        "The file holds what is not safe to open ({reason_en}); copy the table into a new file and send it again",
    ),
}


class FileFault(Exception):
    """A file that cannot be judged row by row: always critical. `values` fill the message of its rule."""

    def __init__(self, rule_id: str, **values: str) -> None:
        super().__init__(rule_id)
        self.rule_id = rule_id
        self.values = values

    @property
    def value(self) -> str | None:
        return self.values.get("value")

    def message(self) -> str:
        """`Vietnamese / English`, one line."""
        vi, en = FILE_MESSAGES[self.rule_id]
        return f"{_fill(vi, self.values)} / {_fill(en, self.values)}"


def failure(error: Exception) -> FileFault:
    """An error of ours at one file: it is returned, so that it stops no other and is not forgotten."""
    name = type(error).__name__
    return FileFault("unreadable_file", reason_vi=f"lỗi khi đọc ({name})", reason_en=f"an error while reading ({name})")


def _fill(template: str, values: dict[str, str]) -> str:
    for name, value in values.items():
        template = template.replace("{" + name + "}", " ".join(value.split()))
    return template
