"""Sources in zip archives, whose paths continue below the archive."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest

from dagprof import bounded
from dagprof.attribution.name_usage import imported_names


def archive(path: Path, **members: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as zipped:
        for name, text in members.items():
            zipped.writestr(name.replace("__", "/") + ".py", text)
    return path


def test_a_member_is_read_like_a_file(tmp_path: Path) -> None:
    packed = archive(tmp_path / "dags" / "a.zip", lib__slow="from json import dumps, loads\n")
    member = packed / "lib" / "slow.py"
    assert bounded.source(member) == b"from json import dumps, loads\n"
    assert imported_names(str(member), 1) == ["dumps", "loads"]
    assert bounded.on_disk(member) == packed


@pytest.mark.parametrize("name", ["missing.py", "../a.py", "a.py/below"])
def test_a_missing_member_is_an_error(tmp_path: Path, name: str) -> None:
    packed = archive(tmp_path / "a.zip", a="pass\n")
    with pytest.raises(OSError, match="not a member"):
        bounded.source(f"{packed}/{name}")
    assert imported_names(f"{packed}/{name}", 1) == []


def test_a_file_that_is_no_archive_has_no_members(tmp_path: Path) -> None:
    (tmp_path / "a.zip").write_text("no archive")
    with pytest.raises(OSError, match="not a member"):
        bounded.source(tmp_path / "a.zip" / "a.py")


def test_a_member_that_unpacks_to_too_much_is_refused(tmp_path: Path) -> None:
    packed = archive(tmp_path / "a.zip", bomb=" " * (bounded.LARGEST_SOURCE + 1))
    assert packed.stat().st_size < 100_000
    with pytest.raises(OSError, match="larger than 5 MB"):
        bounded.source(packed / "bomb.py")


def test_a_damaged_member_is_an_error(tmp_path: Path) -> None:
    packed = archive(tmp_path / "a.zip", a="VALUE = 1\n" * 1000)
    data = bytearray(packed.read_bytes())
    data[40:60] = bytes(20)
    packed.write_bytes(data)
    with pytest.raises(OSError, match="zip archive"):
        bounded.source(packed / "a.py")


@pytest.mark.parametrize("kind", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_a_member_that_python_cannot_import_is_not_unpacked(tmp_path: Path, kind: int) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w", kind) as zipped:
        zipped.writestr("a.py", "VALUE = 1\n")
    with pytest.raises(OSError, match="not a member that Python can import"):
        bounded.source(tmp_path / "a.zip" / "a.py")


def test_an_archive_that_claims_too_many_members_is_refused(tmp_path: Path) -> None:
    packed = archive(tmp_path / "a.zip", a="VALUE = 1\n")
    data = bytearray(packed.read_bytes())
    place = data.rfind(b"PK\x05\x06")
    data[place + 12 : place + 16] = (2_000_000_000).to_bytes(4, "little")
    packed.write_bytes(data)
    with pytest.raises(OSError, match="too many members"):
        bounded.source(packed / "a.py")
