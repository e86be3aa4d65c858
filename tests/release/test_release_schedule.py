"""Working off a matrix where the output directory takes no more."""

from pathlib import Path

from support.release_samples import interpreters

from felloe.audit.policy.family import read_policies
from felloe.config.build_table import BuildTable
from felloe.release.matrix import plan_cells
from felloe.release.process import Children
from felloe.release.progress import Progress
from felloe.release.result import BuiltWheel, Proof, Status
from felloe.release.schedule import Schedule
from felloe.release.tool import Uv
from felloe.release.wheel_job import Bench, keep_log
from felloe.wheel.atomic_write import placing
from felloe.wheel.tags import parse_wheel_name


class QuickBench(Bench):
    """Its wheels are there at once."""

    def build(self, cell, jobs):
        self.log(cell, "build").write_text(f"built with {jobs}")
        tag = cell.interpreter.tag
        name = parse_wheel_name(f"demo-1-{tag}-{tag}-linux_x86_64.whl")
        wheel = self.scratch / name.filename
        wheel.write_text(tag)
        return BuiltWheel(name, wheel, 1, "0" * 64, Proof(None, "")), 0.1


def test_a_wheel_that_finds_no_room_does_not_lose_the_others(tmp_path, capsys):
    cells = plan_cells(interpreters("cp312", "cp313"), ())
    bench = QuickBench(
        tool=Uv(Path("uv"), Path("python")),
        children=Children(),
        scratch=tmp_path,
        project=tmp_path,
        source=tmp_path,
        config=(),
        table=BuildTable(),
        environ={},
        policies=read_policies(),
    )
    taken = tmp_path / "out" / "demo-1-cp312-cp312-linux_x86_64.whl"
    taken.mkdir(parents=True)  # as good as a full disk: no file can be written there

    def place(_cell, wheel):
        with placing(tmp_path / "out" / wheel.path.name) as (file, _):
            file.write(wheel.path.read_bytes())
        return wheel

    schedule = Schedule(
        bench=bench,
        progress=Progress(),
        jobs=2,
        py_api="",
        place=place,
        keep_log=lambda log, message: keep_log(log, taken / "logs", message),
    )
    schedule.work_off(cells, {})
    first, second = (schedule.results[cell] for cell in cells)
    assert (first.status, second.status) == (Status.FAILED, Status.BUILT)
    assert "cannot write demo-1-cp312-cp312-linux_x86_64.whl" in first.failure.message
    assert first.failure.log.read_text() == "built with 1"
    assert "cp312: build failed: cannot write" in capsys.readouterr().err


def test_a_log_that_finds_no_room_is_not_missed(tmp_path):
    log = tmp_path / "log"
    log.write_text("why")
    assert keep_log(log, log / "no-directory", "it failed").log is None
