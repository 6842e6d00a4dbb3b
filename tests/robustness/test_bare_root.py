"""A fresh machine: a minimal Debian root without compiler, MPI, ssh and /sys, in which a copy of the tree is all there is.

As root, with debootstrap; its mirror is the one that this machine's own package manager uses. Everything lies in a
temporary folder and runs in namespaces of its own, so that nothing is left behind, mounted or running.
"""

import atexit
import os
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

SOURCE = os.environ.get("LANDSCAPE_SOURCE_DIR", os.path.join(os.path.dirname(__file__), "..", ".."))
JOB = "--directions 6 --epochs 300 --lbfgs-iterations 0 --grid=-1:1:9 --bootstrap 100"
# What is mounted or running in them ends with their first process.
NAMESPACES = ["unshare", "--mount", "--pid", "--fork", "--kill-child"]
# /proc and /dev/shm as every container has them; nothing is mounted on /sys.
ENTER = """mount -t proc proc "$1/proc" && mount -t tmpfs tmpfs "$1/dev/shm" &&
exec chroot "$1" /usr/bin/env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root bash -c "$2" """
# apt believes that this is there, so that Open MPI comes without ssh.
NO_SSH = """Package: openssh-client
Status: install ok installed
Maintainer: nobody <nobody@localhost>
Architecture: {}
Version: 1:99
Description: not there

"""


def first_line(*command):
    try:
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.partition("\n")[0]
    except (OSError, subprocess.CalledProcessError):
        return ""


def release_and_mirror():
    """("bookworm", its address), or () where this is no Debian."""
    with open("/etc/os-release") as file:
        found = re.search(r"^VERSION_CODENAME=(\w+)", file.read(), re.M)
    if not found or not shutil.which("apt-get"):
        return ()
    mirror = first_line("apt-get", "indextargets", "--format", "$(REPO_URI)", "Created-By: Packages",
                        f"Codename: {found[1]}", "Component: main", "Origin: Debian")  # fmt: skip
    return (found[1], mirror) if mirror else ()


class BareRoot(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        if os.geteuid() != 0:
            raise unittest.SkipTest("only root can make a root")
        missing = [name for name in ("debootstrap", "unshare", "chroot") if not shutil.which(name)]
        if missing:
            raise unittest.SkipTest(f"missing here: {', '.join(missing)}")
        if subprocess.run([*NAMESPACES, "true"], capture_output=True).returncode != 0:
            raise unittest.SkipTest("no namespaces may be made here")
        found = release_and_mirror()
        if not found:
            raise unittest.SkipTest("apt knows no Debian archive here")
        release, mirror = found
        cls.folder = tempfile.mkdtemp(prefix="landscape-root-")
        atexit.register(shutil.rmtree, cls.folder, ignore_errors=True)  # also after Ctrl-C
        cls.root = os.path.join(cls.folder, "root")
        made = subprocess.run(
            [*NAMESPACES, "debootstrap", "--variant=minbase", release, cls.root, mirror], capture_output=True, text=True
        )
        if made.returncode != 0:
            raise unittest.SkipTest(f"debootstrap fails here: {made.stdout.splitlines()[-1:]}")
        for name in ("resolv.conf", "hosts"):
            shutil.copyfile(os.path.join("/etc", name), cls.inside("etc", name))
        with open(cls.inside("var/lib/dpkg/status"), "a") as file:
            file.write(NO_SSH.format(first_line("dpkg", "--print-architecture")))
        # Containers have it; whoever installs daemons meets it.
        with open(cls.inside("usr/sbin/policy-rc.d"), "w") as file:
            os.fchmod(file.fileno(), 0o755)
            file.write("#!/bin/sh\nexit 101\n")
        shutil.copytree(SOURCE, cls.inside("tree"), symlinks=True, ignore=shutil.ignore_patterns("build", ".git", "__pycache__", "*.h5*"))
        cls.first = cls.run_inside(f"tools/run.sh {JOB}", timeout=3000)

    @classmethod
    def inside(cls, *names):
        return os.path.join(cls.root, *names)

    @classmethod
    def run_inside(cls, command, timeout=300, sys_at=None):
        """Runs bash -c in the tree; nothing that it started outlives it. Shown, because it is all that is left of it."""
        with_sys = "" if sys_at is None else f'mount --rbind "{sys_at}" "$1/sys" && '
        enter = f'mount --rbind "$1" "$1" && {with_sys}{ENTER}'
        process = subprocess.run(
            [*NAMESPACES, "sh", "-c", enter, "sh", cls.root, f"cd /tree; {command}"],
            capture_output=True, encoding="utf-8", errors="replace", stdin=subprocess.DEVNULL, timeout=timeout,
        )  # fmt: skip
        print(f"$ {command}\n{process.stdout}{process.stderr}-> {process.returncode}", flush=True)
        return process

    def assert_one_sentence(self, process, code, pattern):
        self.assertEqual((process.returncode, process.stdout), (code, ""))
        self.assertRegex(process.stderr, rf"^landscape_mpi: {pattern}.*\.\n$")
        self.assertEqual(process.stderr.count("\n"), 1)

    def test_0_the_first_run_installs_builds_and_reports(self):
        self.assertEqual(self.first.returncode, 0)
        self.assertEqual(os.listdir(self.inside("sys")), [])
        self.assertFalse(any(os.path.exists(self.inside("usr/bin", name)) for name in ("ssh", "rsh")))
        self.assertIn("2 ranks", self.first.stdout.splitlines()[0])
        self.assertRegex(self.first.stdout, r"\ndirections used +6 of 6 +6 of 6\n")
        said = self.first.stderr.splitlines()
        self.assertRegex(said[0], r"^landscape_mpi: installing .*log: build/log/setup\.log")
        self.assertRegex(said[1], r"^landscape_mpi: building release for the first time.*log: build/log/release\.log")
        for line in said[2:]:
            self.assertRegex(line, r"^landscape_mpi: release, built \d+ of \d+$")

    def test_1_the_second_run_says_nothing_beside_its_report(self):
        process = self.run_inside(f"tools/run.sh {JOB} --overwrite")
        self.assertEqual((process.returncode, process.stderr), (0, ""))

    def test_2_a_wrong_option_is_told_once(self):
        self.assert_one_sentence(self.run_inside("tools/run.sh --nonsense"), 2, "Option '--nonsense' is unknown")
        process = self.run_inside("tools/run.sh --output=/nowhere/x.h5")
        self.assert_one_sentence(process, 2, "The folder of --output '/nowhere/x.h5'")

    def test_3_a_wrong_number_of_ranks_is_told_once(self):
        for ranks in ("-1", "0", "abc", "1.5", "2 3"):
            process = self.run_inside(f"LANDSCAPE_RANKS='{ranks}' tools/run.sh {JOB}")
            self.assert_one_sentence(process, 2, f"LANDSCAPE_RANKS is '{ranks}'")

    def test_4_the_program_alone_needs_no_ssh(self):
        process = self.run_inside(f"build/release/landscape_mpi {JOB} --output=alone.h5 --overwrite")
        self.assertEqual((process.returncode, process.stderr), (0, ""))

    def kill_a_rank(self, start):
        """Starts a long training in the background and kills -9 one of its ranks."""
        return self.run_inside(
            f"rm -f killed.h5*; {start} --epochs 100000000 --output killed.h5 >out & job=$!; "
            "for ((i = 0; i < 600; ++i)); do grep -qs Training out && break; sleep 0.1; done; "
            'for name in /proc/[0-9]*/comm; do [[ $(<"$name") == landscape_mpi ]] && rank=${name//[^0-9]/}; done; '
            "kill -KILL $rank; wait $job"
        )

    def test_5_a_killed_rank_is_told(self):
        process = self.kill_a_rank("tools/run.sh")
        self.assertEqual(process.returncode, 137)
        self.assertRegex(process.stderr, r"rank \d with PID \d+ on\s+node \S+ exited on signal 9 \(Killed\)")
        launch = ". jobs/launch.sh; LANDSCAPE_LAUNCHER=mpirun SLURM_NTASKS=2 launch build/release/landscape_mpi"
        allow = "OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1 OMPI_MCA_rmaps_base_oversubscribe=1"
        process = self.kill_a_rank(f"export {allow}; {launch}")
        self.assertEqual(process.returncode, 137)
        self.assertRegex(process.stderr, r"\nlandscape_mpi: a rank was ended by SIGKILL, most likely .*memory.*--resume\.\n$")

    def test_6_too_few_slots_are_told(self):
        allow = "OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1"
        process = self.run_inside(
            f"export {allow}; . jobs/launch.sh; LANDSCAPE_LAUNCHER=mpirun SLURM_NTASKS=999 launch build/release/landscape_mpi"
        )
        self.assertEqual(process.returncode, 1)
        self.assertIn("not enough slots available", process.stderr)

    def test_7_the_test_script_builds_and_runs_tests(self):
        process = self.run_inside("tools/test.sh -R '^(failing_job|python.scripts|jobs|Config)'", timeout=3000)
        self.assertEqual(process.returncode, 0)
        self.assertIn("100% tests passed", process.stdout)
        self.assertRegex(process.stderr, r"^landscape_mpi: building release \(log: build/log/release\.log\)\n")

    def test_8_the_job_scripts_pass_on_a_slurm_of_their_own(self):
        process = self.run_inside("tests/slurm/run.sh", timeout=1500, sys_at="/sys")  # slurmd asks for control groups
        if process.returncode == 77:
            self.skipTest(process.stdout.splitlines()[-1])
        self.assertEqual(process.returncode, 0)
        self.assertRegex(process.stdout, r"\n\d+ passed, 0 failed\n$")

    def test_9_the_remaining_scripts_run(self):
        process = self.run_inside("tools/setup.sh")
        self.assertEqual((process.returncode, process.stderr), (0, ""))
        process = self.run_inside("tests/bench_cuda/run_on_gpu.sh build/release")
        self.assertEqual(process.returncode, 77, "there is no GPU in this root")
        self.assertIn("skipped", process.stderr)


if __name__ == "__main__":
    sys.stdout.reconfigure(line_buffering=True)
    unittest.main(verbosity=2)
