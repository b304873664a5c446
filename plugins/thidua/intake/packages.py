"""Workbooks that are ZIP files, looked at before anything opens them: what would burst, mislead or reach outside."""

from __future__ import annotations

import io
import zipfile
import zlib

from thidua.intake.faults import FileFault
from thidua.limits import MAX_PARTS, MAX_UNPACK_RATIO, MAX_UNPACKED_BYTES, UNPACK_RATIO_COUNTS_FROM

_CHUNK = 1 << 20
_DOCTYPE = b"<!DOCTYPE"
_DOCTYPES = (_DOCTYPE, _DOCTYPE.decode().encode("utf-16-le"), _DOCTYPE.decode().encode("utf-16-be"))
# OpenOffice 2 wrote a DOCTYPE into its list of parts, where no figure stands and nothing is expanded.
_MAY_HAVE_DOCTYPE = "META-INF/manifest.xml"


def damaged() -> FileFault:
    return FileFault(
        "unreadable_file",
        reason_vi="tệp hỏng hoặc không phải bảng tính",
        reason_en="it is damaged or is no workbook",
    )


def open_package(content: bytes) -> zipfile.ZipFile:
    """The package, every part of which was unpacked once and found to be what it says. Raises FileFault."""
    try:
        package = zipfile.ZipFile(io.BytesIO(content))
        parts = package.infolist()
        _check_sizes(parts, len(content))
        for part in parts:
            _check_part(package, part)
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, ValueError, NotImplementedError, RuntimeError) as error:
        raise damaged() from error
    return package


def _check_sizes(parts: list[zipfile.ZipInfo], packed: int) -> None:
    unpacked = sum(part.file_size for part in parts)
    is_bomb = unpacked > UNPACK_RATIO_COUNTS_FROM and unpacked > MAX_UNPACK_RATIO * packed
    if unpacked > MAX_UNPACKED_BYTES or is_bomb:
        raise FileFault("zip_bomb", value=f"{unpacked // 1_000_000} MB")
    if len(parts) > MAX_PARTS:
        raise FileFault("zip_bomb", value=f"{len(parts)} parts")


def _check_part(package: zipfile.ZipFile, part: zipfile.ZipInfo) -> None:
    """Its bytes agree with its size and checksum (zipfile sees to that), and it defines no entities."""
    if part.flag_bits & 1:
        raise FileFault("unreadable_file", reason_vi="có mật khẩu", reason_en="it has a password")
    if ".." in part.filename.replace("\\", "/").split("/"):
        raise FileFault(
            "unsafe_workbook", reason_vi="đường dẫn ra ngoài tệp", reason_en="a path that leads out of the file"
        )
    is_xml = part.filename.lower().endswith((".xml", ".rels")) and part.filename != _MAY_HAVE_DOCTYPE
    tail = b""
    with package.open(part) as stream:
        while chunk := stream.read(_CHUNK):
            if is_xml:
                window = tail + chunk
                if any(doctype in window for doctype in _DOCTYPES):
                    raise FileFault("unsafe_workbook", reason_vi="khai báo DTD", reason_en="a DTD")
                tail = window[-2 * len(_DOCTYPE) :]
