"""Write a wheel file (PEP 427)."""

from __future__ import annotations

from pathlib import Path

from felloe.wheel.atomic_write import placing
from felloe.wheel.member import Member
from felloe.wheel.member_name import check_file_tree
from felloe.wheel.reader import StagedWheel
from felloe.wheel.record import exempt, render_record
from felloe.wheel.zip_rules import check_zip
from felloe.wheel.zip_writer import ZipWriter


def write_wheel(staged: StagedWheel, directory: Path, epoch: int) -> Path:
    """Write a wheel, with a new RECORD, into ``directory`` under its own name.

    Members are sorted, ``.dist-info`` last and RECORD the very last. The file
    is read back against an index's zip rules before it takes its name. ``staged``
    is closed first, because ``path`` may be the file that it was read from.
    """
    path = directory / staged.name.filename
    with placing(path) as (file, part):
        writer = ZipWriter(file, epoch)
        digests = [(item.member, item.digest.sha256) for item in writer.add(_ordered(staged))]
        record = f"{staged.dist_info}/RECORD"
        writer.add([Member.from_bytes(record, render_record(digests, record))])
        writer.close()
        file.flush()
        check_zip(part)
        staged.close()
    return path


def _ordered(staged: StagedWheel) -> list[Member]:
    prefix = f"{staged.dist_info}/"
    left_out = exempt(f"{prefix}RECORD")
    kept = [m for m in staged.members if m.name not in left_out]
    check_file_tree([member.name for member in kept])
    return sorted(kept, key=lambda member: (member.name.startswith(prefix), member.name))
