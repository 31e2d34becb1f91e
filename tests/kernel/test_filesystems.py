"""Curves on file systems of all kinds: mapped where that is safe, and as durable where it is not."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from runlore.curve import points, read_records
from runlore.curve_writer import CurveWriter, PlainCurveWriter, curve_writer
from runlore.filesystems import Room, kind_at, parse_mountinfo, room_of
from runlore.home import Home
from runlore.session_record import sessions
from tests.kernel.mounts import mounted

MOUNTINFO = r"""
22 1 259:2 / / rw,relatime shared:1 - ext4 /dev/nvme0n1p2 rw
23 22 0:21 / /proc rw,nosuid shared:12 - proc proc rw
31 22 0:27 / /home rw,relatime shared:2 - nfs4 filer:/export/home rw,vers=4.2,addr=10.0.0.1
32 31 0:28 / /home/ada/my\040data rw,relatime - fuse.sshfs ada@host:/data rw,user_id=0
33 22 0:29 / /mnt/share rw,relatime - cifs //nas/share rw,vers=3.1.1,cache=strict
34 22 0:30 / /mnt/share/scratch rw - tmpfs tmpfs rw
35 22 0:31 /@home /data rw,relatime shared:9 - btrfs /dev/sdb1 rw,subvol=/@home
36 22 0:32 / /workspace rw - 9p drvfs rw,cache=5
37 22 0:33 / /var/lib/docker/x rw - overlay overlay rw,upperdir=/u
38 22 0:34 / /lustre rw master:3 - lustre 10.0.0.2@o2ib:/fs rw,flock
39 22 0:35 / /twice rw - ext4 /dev/sdc rw
40 39 0:36 / /twice rw - fuse.s3fs s3fs rw
a line that nobody knows
"""


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/", "ext4"), ("/root/x", "ext4"), ("/homes/ada", "ext4"), ("/home/ada/.local", "nfs4"),
        ("/home/ada/my data/runs", "fuse.sshfs"), ("/mnt/share/a", "cifs"), ("/mnt/share/scratch", "tmpfs"),
        ("/data/x", "btrfs"), ("/workspace/x", "9p"), ("/var/lib/docker/x/y", "overlay"), ("/lustre/a", "lustre"),
        ("/twice/a", "fuse.s3fs"),
    ],
)  # fmt: skip
def test_the_mount_that_holds_a_path_is_found(path: str, kind: str) -> None:
    assert kind_at(path, parse_mountinfo(MOUNTINFO)) == kind


def test_nothing_is_mapped_where_nothing_is_known() -> None:
    assert kind_at("/x", []) == ""
    assert kind_at("/x", parse_mountinfo("garbage\n- - -\n")) == ""


def test_a_disk_that_writes_in_place_is_mapped(tmp_path: Path) -> None:
    with mounted("ext4", tmp_path) as disk:
        assert room_of(disk) is Room.MAPPED
        writer = curve_writer(disk / "c.curve")
        assert isinstance(writer, CurveWriter)
        writer.close()


LOGS = (
    "import os, signal, sys, runlore\n"
    "run = runlore.start_run('far')\n"
    "for i in range(3000): run.log(loss=i, **{'val/acc': i / 2})\n"
    "print('logged', flush=True)\n"
    "if sys.argv[1:] == ['wait']: signal.pause()\n"
)


@pytest.mark.parametrize("kind", ["fuse", "btrfs"])
def test_where_mapping_is_unsafe_a_sigkill_loses_nothing_either(kind: str, tmp_path: Path) -> None:
    with mounted(kind, tmp_path) as disk:
        assert room_of(disk) is {"fuse": Room.REMOTE, "btrfs": Room.LOCAL}[kind]
        child = subprocess.Popen(
            [sys.executable, "-c", LOGS, "wait"],
            env={"RUNLORE_HOME": str(disk / "home"), "PATH": ""}, cwd=tmp_path, stdout=subprocess.PIPE,
        )  # fmt: skip
        assert child.stdout is not None
        assert child.stdout.readline() == b"logged\n"
        maps = Path(f"/proc/{child.pid}/maps").read_text()
        (session,) = sessions(Home(disk / "home"))
        (run,) = session.runs.values()
        seen = [points(read_records(path)) for path in run.metrics.values()]
        child.send_signal(signal.SIGKILL)
        child.communicate()
        assert ".curve" not in maps
        for scale, curve, path in zip((1, 2), seen, run.metrics.values(), strict=True):
            assert [(step, value * scale) for step, _, value in curve] == [(i, i) for i in range(3000)]
            assert points(read_records(path)) == curve


def test_a_full_copy_on_write_disk_does_not_end_the_process(tmp_path: Path) -> None:
    script = (
        "import os, sys\nfrom pathlib import Path\nfrom runlore.curve_writer import curve_writer\n"
        "disk = Path(sys.argv[1])\nwriters = [curve_writer(disk / f'{n}.curve') for n in range(20)]\n"
        "for writer in writers: writer.append(0, 1.0, 2.0)\n"
        "os.sync()\n"
        "try:\n    with open(disk / 'fill', 'wb') as file:\n        while True: file.write(bytes(1 << 20))\n"
        "except OSError: os.sync()\n"
        "done = 0\n"
        "for writer in writers:\n"
        "    try:\n"
        "        for step in range(1, 200): writer.append(step, 1.0, 2.0); done += 1\n"
        "    except OSError: break\n"
        "print(done)\n"
    )
    with mounted("btrfs", tmp_path) as disk:
        ran = subprocess.run([sys.executable, "-c", script, str(disk)], capture_output=True, text=True, check=True)
        recorded = sum(len(points(read_records(disk / f"{n}.curve"))) for n in range(20))
        assert recorded == 20 + int(ran.stdout) < 20 * 200


def test_a_system_that_maps_no_more_files_gets_plain_writes(run_script: Callable[..., str], home: Home) -> None:
    printed = run_script(
        "import resource, runlore\n"
        "run = runlore.start_run('crowded')\nrun.log(first=1.0)\n"
        "size = int(open('/proc/self/statm').read().split()[0]) * 4096\n"
        "resource.setrlimit(resource.RLIMIT_AS, (size, size))\n"
        "for number in range(40): run.log({f'm{number}': 1.0})\n"
        "print(open('/proc/self/maps').read().count('.curve'))\n"
    )
    assert 1 <= int(printed) < 41  # nothing else was printed: nobody was warned
    (run,) = next(iter(sessions(home))).runs.values()
    assert len(run.metrics) == 41
    assert all(len(points(read_records(path))) == 1 for path in run.metrics.values())


def test_both_writers_go_on_where_one_stopped(tmp_path: Path) -> None:
    for make in (CurveWriter, PlainCurveWriter):
        path = tmp_path / f"{make.__name__}.curve"
        for begin in (0, 500, 1000):
            writer = make(path, continues=begin > 0)
            for step in range(begin, begin + 500):
                writer.append(step, 1.0, step / 2)
            writer.close()
            with pytest.raises(ValueError, match=r"closed|released"):
                writer.append(0, 1.0, 1.0)
        assert points(read_records(path)) == [(step, 1.0, step / 2) for step in range(1500)]
