"""The shell scripts set up nothing that is there, name what is missing, and pass options and exit codes through.

Each test copies tools/ into a folder with a space in its name and makes a PATH of stand-ins for mpirun, cmake, ctest
and apt-get, which write down how they were called.
"""

import glob
import os
import re
import shutil
import stat
import subprocess
import tempfile
import unittest

ROOT = os.path.realpath(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", ".."))
PLAIN = (
    "bash",
    "cat",
    "cut",
    "dirname",
    "env",
    "grep",
    "head",
    "mkdir",
    "nproc",
    "rm",
    "sed",
    "sleep",
    "tail",
    "tr",
)


class ScriptTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = folder.name
        self.tree, self.bin = os.path.join(folder.name, "a tree"), os.path.join(folder.name, "bin")
        self.log = os.path.join(folder.name, "calls")
        for name in ("tools", "jobs"):
            shutil.copytree(os.path.join(ROOT, name), os.path.join(self.tree, name))
        os.mkdir(self.bin)
        for name in PLAIN:
            os.symlink(shutil.which(name), os.path.join(self.bin, name))

    def stand_in(self, name, body=""):
        path = os.path.join(self.bin, name)
        with open(path, "w") as file:
            file.write(f'#!/bin/bash\n{{ printf "%s" "{name}"; printf " [%s]" "$@"; echo; }} >>"$CALLS"\n{body}\n')
        os.chmod(path, os.stat(path).st_mode | stat.S_IXUSR)

    def tools_of_a_complete_machine(self):
        for name in ("c++", "ninja", "mpicxx", "mpirun", "h5pcc", "h5dump"):
            self.stand_in(name, "exit 0")
        self.stand_in("python3", "exit 0")
        # cmake --preset makes the build folder, cmake --build the program
        program = "build/release/landscape_mpi"
        program = f'mkdir -p build/release && echo "#!/bin/bash" >{program} && chmod +x {program}'
        self.stand_in(
            "cmake",
            '[[ $1 == --version ]] && echo "cmake version 3.25.1"\n'
            '[[ $1 == --preset ]] && mkdir -p "build/$2" && touch "build/$2/build.ninja"\n'
            f"[[ $1 == --build ]] && {program}\nexit 0",
        )
        os.symlink(shutil.which("chmod"), os.path.join(self.bin, "chmod"))
        os.symlink(shutil.which("touch"), os.path.join(self.bin, "touch"))
        headers = os.path.join(self.folder, "module", "include")
        libraries = os.path.join(self.folder, "module", "lib64")
        os.makedirs(libraries)
        for name in ("boost/program_options.hpp", "fmt/format.h", "nlohmann/json.hpp", "Random123/philox.h", "lbfgs.h",
                     "gtest/gtest.h"):  # fmt: skip
            os.makedirs(os.path.dirname(os.path.join(headers, name)), exist_ok=True)
            open(os.path.join(headers, name), "w").close()
        for name in ("boost_program_options", "fmt", "lbfgs", "gtest"):
            open(os.path.join(libraries, f"lib{name}.so"), "w").close()

    def run_script(self, script, *options, cwd=None, **environment):
        command = [os.path.join(self.bin, "bash"), os.path.join(self.tree, "tools", script), *options]
        environment = {
            "PATH": self.bin,
            "CALLS": self.log,
            "MODULE_ROOT": os.path.join(self.folder, "module"),
            **environment,
        }
        return subprocess.run(
            command, cwd=cwd, env=environment, capture_output=True, text=True, stdin=subprocess.DEVNULL
        )

    def calls(self, name):
        """The arguments of every call of a stand-in."""
        if not os.path.exists(self.log):
            return []
        with open(self.log) as file:
            return [line[len(name) + 1 :].rstrip("\n") for line in file if line.startswith(name + " ")]


class Syntax(unittest.TestCase):
    def test_every_script_parses(self):
        scripts = [path for pattern in ("tools/*.sh", "jobs/*.sh", "jobs/*.sbatch", ".ci/run")
                   for path in glob.glob(os.path.join(ROOT, pattern))]  # fmt: skip
        self.assertGreaterEqual(len(scripts), 7)
        for path in scripts:
            result = subprocess.run(["bash", "-n", path], capture_output=True, text=True)
            self.assertEqual((result.returncode, result.stderr), (0, ""), path)

    def test_scripts_that_are_called_are_executable(self):
        for name in ("tools/run.sh", "tools/test.sh", "tools/setup.sh", ".ci/run", "tools/landscape-plot", "tools/landscape-export",
                     "tools/import_checkpoint.py"):  # fmt: skip
            self.assertTrue(os.access(os.path.join(ROOT, name), os.X_OK), name)


class SetUp(ScriptTest):
    def test_missing_packages_are_named_and_nothing_goes_on(self):
        for script in ("setup.sh", "run.sh", "test.sh"):
            result = self.run_script(script)
            self.assertEqual((result.returncode, result.stdout), (1, ""), result.stderr)
            for word in ("build-essential", "cmake", "libopenmpi-dev", "apt-get install", "module"):
                self.assertIn(word, result.stderr)
        self.assertFalse(os.path.exists(os.path.join(self.tree, "build")))

    def test_complete_machine_with_modules_installs_nothing(self):
        self.tools_of_a_complete_machine()
        self.stand_in("apt-get", "exit 1")
        result = self.run_script("setup.sh")
        self.assertEqual((result.returncode, result.stderr), (0, ""))
        self.assertIn("nothing is missing", result.stdout)
        self.assertEqual(self.calls("apt-get"), [])

    def with_package_manager(self, apt):
        self.stand_in("apt-get", apt)
        if os.geteuid() != 0:
            self.stand_in("sudo", '[[ $1 == -n ]] && shift\n"$@"')

    def test_old_cmake_is_missing(self):
        self.tools_of_a_complete_machine()
        self.stand_in("cmake", 'echo "cmake version 3.24.9"')
        result = self.run_script("setup.sh")
        self.assertEqual(result.returncode, 1)
        self.assertIn("CMake 3.25", result.stderr)
        self.assertNotIn("libfmt-dev", result.stderr)

    def test_only_what_is_missing_is_installed_once(self):
        self.tools_of_a_complete_machine()
        os.unlink(os.path.join(self.bin, "mpicxx"))
        os.unlink(os.path.join(self.bin, "h5dump"))
        made = " && ".join(f'cp "{self.bin}/ninja" "{self.bin}/{name}"' for name in ("mpicxx", "h5dump"))
        os.symlink(shutil.which("cp"), os.path.join(self.bin, "cp"))
        self.with_package_manager(made)
        self.assertEqual(self.run_script("setup.sh", "run").returncode, 0)
        (call,) = self.calls("apt-get")
        for word in (
            "[install]",
            "[libopenmpi-dev]",
            "[openmpi-bin]",
            "[hdf5-tools]",
        ):  # the tests' needs come along
            self.assertIn(word, call)
        self.assertNotIn("fmt", call)
        self.assertEqual(self.run_script("setup.sh").returncode, 0)
        self.assertEqual(len(self.calls("apt-get")), 1)

    def test_package_lists_are_fetched_at_most_once(self):
        self.with_package_manager('echo "E: Unable to locate package cmake" >&2\nexit 100')
        result = self.run_script("setup.sh")
        self.assertEqual(result.returncode, 1)
        self.assertEqual(["[update]" in call for call in self.calls("apt-get")], [False, True, False])
        self.assertIn("Unable to locate package cmake", result.stderr)
        self.assertIn("build-essential", result.stderr)

    def test_unknown_word_is_refused(self):
        self.assertEqual(self.run_script("setup.sh", "everything").returncode, 2)


class Run(ScriptTest):
    def setUp(self):
        super().setUp()
        self.tools_of_a_complete_machine()
        self.elsewhere = os.path.join(self.folder, "else where")
        os.mkdir(self.elsewhere)
        self.stand_in(
            "mpirun", '[[ $1 == --version ]] && { echo "mpirun (Open MPI) 4.1.4"; exit; }\npwd >>"$CALLS"\nexit 75'
        )

    def test_options_folder_and_exit_code_pass_through(self):
        result = self.run_script("run.sh", "--output", "my file.h5", "--grid=-1:1:21", "", "*", cwd=self.elsewhere)
        self.assertEqual(result.returncode, 75, result.stderr)
        self.assertEqual(result.stdout, "")
        self.assertRegex(result.stderr, r"\Alandscape_mpi: building release for the first time.*\n\Z")
        call = self.calls("mpirun")[-1]
        self.assertTrue(call.startswith("[-np] [2] "), call)
        self.assertTrue(
            call.endswith("/build/release/landscape_mpi] [--output] [my file.h5] [--grid=-1:1:21] [] [*]"), call
        )
        with open(self.log) as file:
            self.assertEqual(os.path.realpath(file.read().splitlines()[-1]), os.path.realpath(self.elsewhere))

    def test_number_of_ranks(self):
        self.run_script("run.sh", LANDSCAPE_RANKS="5")
        self.assertIn("[-np] [5]", self.calls("mpirun")[-1])
        self.stand_in("nvidia-smi", 'printf "GPU %d: X\\n" 0 1 2 3')
        self.run_script("run.sh")
        self.assertIn("[-np] [4]", self.calls("mpirun")[-1])

    def test_wrong_number_of_ranks_is_one_sentence_before_anything_is_built(self):
        for ranks in ("-1", "0", "abc", "1.5", "2 3", "\n"):
            result = self.run_script("run.sh", LANDSCAPE_RANKS=ranks)
            self.assertEqual((result.returncode, result.stdout), (2, ""))
            self.assertRegex(result.stderr, rf"\Alandscape_mpi: LANDSCAPE_RANKS is '{ranks}', .*: give 1 or more\.\n\Z")
        self.assertEqual(self.calls("cmake"), [])

    def test_mpirun_may_say_why_a_job_ended(self):
        self.run_script("run.sh")
        self.assertFalse(re.search(r"\[-*(q|quiet)\]", self.calls("mpirun")[-1]))

    def test_mpirun_does_without_ssh_only_where_there_is_none(self):
        said = '[[ $1 == --version ]] && { echo "mpirun (Open MPI) 4.1.4"; exit; }\n'
        self.stand_in("mpirun", said + 'echo "agent: ${OMPI_MCA_plm_rsh_agent-not set}"')
        self.assertEqual(self.run_script("run.sh").stdout, "agent: \n")
        self.assertEqual(self.run_script("run.sh", OMPI_MCA_plm_rsh_agent="/my/ssh").stdout, "agent: /my/ssh\n")
        self.stand_in("ssh")
        self.assertEqual(self.run_script("run.sh").stdout, "agent: not set\n")

    def test_mpirun_keeps_to_the_store_beside_which_it_ends(self):
        said = '[[ $1 == --version ]] && { echo "mpirun (Open MPI) 4.1.4"; exit; }\n'
        self.stand_in("mpirun", said + 'echo "store: ${PMIX_MCA_gds-not set}"')
        self.assertEqual(self.run_script("run.sh").stdout, "store: hash\n")
        self.assertEqual(self.run_script("run.sh", PMIX_MCA_gds="ds21").stdout, "store: ds21\n")

    def test_first_build_is_announced_and_its_progress_told(self):
        program = "build/release/landscape_mpi"
        self.stand_in(
            "cmake",
            '[[ $1 == --version ]] && echo "cmake version 3.25.1"\n'
            '[[ $1 == --preset ]] && mkdir -p "build/$2" && touch "build/$2/build.ninja"\n'
            '[[ $1 == --build ]] && for n in 1 2 3 4; do echo "[$n/4] Building CXX object $n.o"; sleep 1; done\n'
            f'[[ $1 == --build ]] && echo "[4/4] Linking" && echo "#!/bin/bash" >{program} && chmod +x {program}\nexit 0',
        )
        result = self.run_script("run.sh", LANDSCAPE_PROGRESS_SECONDS="1")
        said = result.stderr.splitlines()
        self.assertRegex(said[0], r"^landscape_mpi: building release for the first time, .*log: build/log/release\.log")
        self.assertGreaterEqual(len(said), 2)
        for line in said[1:]:
            self.assertRegex(line, r"^landscape_mpi: release, built [1-4] of 4$")
        self.assertEqual(result.stdout, "")

    def test_later_build_is_announced_and_an_idle_one_is_silent(self):
        self.run_script("run.sh")
        with open(os.path.join(self.tree, "build", "release", "CMakeCache.txt"), "w") as file:
            file.write(f"CMAKE_HOME_DIRECTORY:INTERNAL={os.path.realpath(self.tree)}\n")
        self.assertEqual(self.run_script("run.sh").stderr, "")
        for step in ("[1/2] Building CXX object a.o", "[ 50%] Building CXX object a.o"):
            body = '[[ $1 == --version ]] && { echo "cmake version 3.25.1"; exit; }\n'
            self.stand_in("cmake", body + f'echo "{step}"; sleep 2.5')
            said = self.run_script("run.sh").stderr
            self.assertEqual(said, "landscape_mpi: building release (log: build/log/release.log)\n")

    def test_failed_build_shows_the_error_and_names_the_log(self):
        body = '[[ $1 == --version ]] && { echo "cmake version 3.25.1"; exit; }\n[[ $1 == --preset ]] && exit\n'
        self.stand_in("cmake", body + 'echo "a.cpp:1: error: no such thing"; exit 2')
        result = self.run_script("run.sh")
        self.assertEqual(result.returncode, 1)
        self.assertIn("no such thing", result.stderr)
        self.assertIn("build/log/release.log", result.stderr)
        self.assertEqual(len(self.calls("mpirun")), 0)

    def test_second_run_only_builds(self):
        self.run_script("run.sh")
        with open(os.path.join(self.tree, "build", "release", "CMakeCache.txt"), "w") as file:
            file.write(f"CMAKE_HOME_DIRECTORY:INTERNAL={os.path.realpath(self.tree)}\n")
        before = len(self.calls("cmake"))
        self.run_script("run.sh")
        later = [call for call in self.calls("cmake")[before:] if call != "[--version]"]
        self.assertEqual(len(later), 1)
        self.assertIn("[--build] [--preset] [release]", later[0])

    def test_moved_tree_is_configured_afresh(self):
        self.run_script("run.sh")
        with open(os.path.join(self.tree, "build", "release", "CMakeCache.txt"), "w") as file:
            file.write("CMAKE_HOME_DIRECTORY:INTERNAL=/the/old/place\n")
        self.run_script("run.sh")
        self.assertTrue(any("[--fresh]" in call for call in self.calls("cmake")))


class Test(ScriptTest):
    def setUp(self):
        super().setUp()
        self.tools_of_a_complete_machine()
        self.stand_in("ctest", 'echo "100% tests passed"')

    def test_everything_in_release_by_default(self):
        self.assertEqual(self.run_script("test.sh").returncode, 0)
        self.assertEqual(self.calls("ctest"), ["[--preset] [release]"])
        self.assertFalse(any("WERROR" in call for call in self.calls("cmake")))

    def test_presets_and_options_of_ctest(self):
        self.run_script("test.sh", "--preset", "asan", "-R", "a b")
        self.assertEqual(self.calls("ctest"), ["[--preset] [asan] [-R] [a b]"])
        self.run_script("test.sh", "--all")
        self.assertEqual([call.split()[1] for call in self.calls("ctest")[1:]], ["[release]", "[asan]", "[ubsan]"])

    def test_warnings_are_errors_in_continuous_integration(self):
        self.run_script("test.sh", CI="true")
        self.assertTrue(any("[-DLANDSCAPE_WERROR=ON]" in call for call in self.calls("cmake")))

    def test_failing_tests_stop_with_the_code_of_ctest(self):
        self.stand_in("ctest", "exit 8")
        self.assertEqual(self.run_script("test.sh", "--all").returncode, 8)
        self.assertEqual(len(self.calls("ctest")), 1)


class Jobs(ScriptTest):
    """The scripts of jobs/ outside of Slurm, with stand-ins for the program, srun and mpirun."""

    def setUp(self):
        super().setUp()
        self.stand_in("landscape_mpi")
        self.stand_in("srun", "exit 1")
        self.stand_in("mpirun", 'while [[ $1 != *landscape_mpi ]]; do shift; done\n"$@"')

    def run_job(self, name, *arguments, **environment):
        path = os.path.join(self.tree, "jobs", name)
        return self.run_script(path, *arguments, cwd=self.folder, LANDSCAPE_PROGRAM="landscape_mpi", **environment)

    def test_array_index_counts_the_values_from_one(self):
        for index, value in (("1", "swish"), ("2", "tanh"), ("3", "sin")):
            result = self.run_job("array-sweep.sbatch", "activation=swish,tanh,sin", SLURM_ARRAY_TASK_ID=index)
            self.assertEqual((result.returncode, result.stderr), (0, ""))
            self.assertIn(f"[--activation={value}] [--output=sweep-activation-{value}.h5]", self.calls("landscape_mpi")[-1])
        self.run_job("array-sweep.sbatch", SLURM_ARRAY_TASK_ID="0")  # a seed, not a place in a list
        self.assertIn("[--seed=0]", self.calls("landscape_mpi")[-1])

    def test_array_index_outside_the_list_is_one_sentence_and_runs_nothing(self):
        for index, values in (("0", "swish,tanh,sin"), ("4", "swish,tanh,sin"), ("2", "swish,,sin"), ("1", "")):
            result = self.run_job("array-sweep.sbatch", f"activation={values}", SLURM_ARRAY_TASK_ID=index)
            self.assertEqual((result.returncode, result.stdout), (2, ""), index)
            self.assertRegex(result.stderr, r"\A(Task \d has no value in )?activation=.*\.\n\Z")
        self.assertEqual(self.calls("landscape_mpi"), [])

    def test_killed_rank_is_told_with_the_remedy(self):
        for signal, pattern in (("KILL", "memory.*--resume"), ("SEGV", "--resume")):
            self.stand_in("mpirun", f"kill -{signal} $$")
            result = self.run_job("cpu-only.sbatch")
            self.assertGreater(result.returncode, 128)
            self.assertRegex(result.stderr, rf"landscape_mpi: a rank was ended by SIG{signal}.*{pattern}\.\n\Z")

    def test_mpirun_keeps_to_the_store_beside_which_it_ends(self):
        self.stand_in("mpirun", 'echo "store: ${PMIX_MCA_gds-not set}"')
        self.assertEqual(self.run_job("cpu-only.sbatch").stdout, "store: hash\n")

    def test_the_codes_of_the_program_are_left_as_they_are(self):
        for code in (0, 1, 2, 75, 243):
            self.stand_in("mpirun", f"exit {code}")
            result = self.run_job("cpu-only.sbatch")
            self.assertEqual((result.returncode, result.stderr), (code, ""))
            self.assertFalse(re.search(r"\[-*(q|quiet)\]", self.calls("mpirun")[-1]))


if __name__ == "__main__":
    unittest.main()
