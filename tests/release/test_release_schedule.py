"""Working off a matrix where the output directory takes no more."""

from pathlib import Path

import pytest
from support.release_samples import interpreters

from felloe.audit.policy.family import read_policies
from felloe.config.build_table import BuildTable
from felloe.release.frontend import Uv
from felloe.release.log import LogKeeper
from felloe.release.matrix import plan_matrix
from felloe.release.process import Children
from felloe.release.progress import Progress
from felloe.release.result import BuiltWheel, Proof, Status
from felloe.release.schedule import Schedule
from felloe.release.wheel_job import WheelJob
from felloe.wheel.atomic_write import placing
from felloe.wheel.tags import parse_wheel_name


class QuickJob(WheelJob):
    """Its wheels are there at once."""

    def build(self, entry, jobs):
        self.log(entry, "build").write_text(f"built with {jobs}")
        tag = entry.interpreter.tag
        name = parse_wheel_name(f"demo-1-{tag}-{tag}-linux_x86_64.whl")
        wheel = self.scratch / name.filename
        wheel.write_text(tag)
        return BuiltWheel(name, wheel, 1, "0" * 64, Proof(None, "")), 0.1


def test_a_wheel_that_finds_no_room_does_not_lose_the_others(tmp_path, capsys):
    entries = plan_matrix(interpreters("cp312", "cp313"), ())
    wheel_job = QuickJob(
        frontend=Uv(Path("uv"), Path("python")),
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

    def place(_entry, wheel):
        with placing(tmp_path / "out" / wheel.path.name) as (file, _):
            file.write(wheel.path.read_bytes())
        return wheel

    schedule = Schedule(
        wheel_job=wheel_job,
        progress=Progress(),
        jobs=2,
        py_api="",
        place=place,
        logs=LogKeeper(tmp_path / "logs", tmp_path, tmp_path / "source", "demo-1"),
    )
    schedule.run(entries, {})
    first, second = (schedule.results[entry] for entry in entries)
    assert (first.status, second.status) == (Status.FAILED, Status.BUILT)
    assert "cannot write demo-1-cp312-cp312-linux_x86_64.whl" in first.failure.message
    assert first.failure.log.read_text() == "built with 1"
    assert "cp312: build failed: cannot write" in capsys.readouterr().err


def make_keeper(tmp_path, directory):
    return LogKeeper(directory, tmp_path / "project", tmp_path / "cache" / "source", "demo-1.0")


def test_a_log_that_finds_no_room_is_not_missed(tmp_path):
    log = tmp_path / "log"
    log.write_text("why")
    assert make_keeper(tmp_path, log / "no-directory").keep(log, "it failed").log is None


@pytest.mark.parametrize(
    "copy",
    [
        "{}/cache/source",
        "/tmp/.tmpAb1/demo-1.0",
        "/tmp/pip-req-build-x_1",
    ],
)
@pytest.mark.parametrize(
    "form", ["{}/src/a.c:3:9: error: no", "In file included from {}/a.h,", '"{}/a.c"']
)
def test_a_log_names_the_files_of_the_project(tmp_path, copy, form):
    """Compilers read copies: in felloe's cache, or where uv or pip unpacked the sdist."""
    log, project = tmp_path / "log", tmp_path / "project"
    log.write_text(form.format(copy.format(tmp_path)) + " in other-demo-1.0/b.c\n\n")
    keeper = make_keeper(tmp_path, tmp_path / "logs")
    expected = form.format(project) + " in other-demo-1.0/b.c"
    assert keeper.read_ending(log) == [expected]
    assert keeper.keep(log, "it failed").log.read_text() == expected + "\n\n"
