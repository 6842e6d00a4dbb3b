"""What the whole-program tests share: running landscape_mpi alone or under mpirun, and comparing output files bit by bit."""

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import unittest

os.environ.setdefault("HDF5_USE_FILE_LOCKING", "FALSE")
import h5py
import numpy as np

PROGRAM = os.environ.get("LANDSCAPE_PROGRAM", "landscape_mpi")
SOURCE = os.environ.get("LANDSCAPE_SOURCE_DIR", os.path.join(os.path.dirname(__file__), "..", ".."))
REFERENCE = os.environ.get("LANDSCAPE_REFERENCE_DIR", "")
REFERENCE_LOSS = os.environ.get("LANDSCAPE_REFERENCE_LOSS", "reference_loss")
# What reference_loss prints of a minimizer, by its attributes, and what the program says that they err by.
MEASURES = ("final_loss", "relative_l2_error", "relative_h1_error")
UNCERTAINTIES = ("final_loss_error", "relative_l2_uncertainty", "relative_h1_uncertainty")

# A training of a tenth of a second and few profiles: for tests that are about something else.
QUICK = ["--epochs=300", "--lbfgs-iterations=0", "--directions=6", "--grid=-1:1:9", "--bootstrap=100"]
# Seconds of evaluation on one core, in many rounds; the number of directions is the test's.
MANY_ROUNDS = [
    "--dimension=3",
    "--width=10",
    "--epochs=5",
    "--lbfgs-iterations=0",
    "--train-quadrature=sobol:64",
    "--quadrature=sobol:4000",
    "--grid=-1:1:11",
    "--bootstrap=50",
    "--round-seconds=0.05",
]
# What two equal calculations may differ in.
TIMES = {"created", "training_seconds", "evaluation_seconds", "crc32c"}  # the last of results with a time among them
TIMES |= {"goal"}  # of the job that laid the file out


class SystemTest(unittest.TestCase):
    """Every test works in an empty folder of its own."""

    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="landscape-")
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)

    def path(self, name):
        return os.path.join(self.folder, name)

    def command(self, arguments, ranks=None):
        start = [] if ranks is None else ["mpirun", "-np", str(ranks), "--bind-to", "none", "--quiet"]
        return [*start, PROGRAM, *arguments]

    def run_program(self, *arguments, ranks=None, code=0, timeout=120, env=None):
        """Runs to the end, expects the exit code; returns the finished process with its text."""
        command = self.command(arguments, ranks)
        process = subprocess.Popen(
            command,
            cwd=self.folder,
            env={**os.environ, **(env or {})},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        stdout, stderr = self.output_of(process, timeout)
        what = f"{' '.join(arguments)}\nstdout: {stdout}\nstderr: {stderr}"
        self.assertEqual(process.returncode, code, what)
        return subprocess.CompletedProcess(command, process.returncode, stdout, stderr)

    def output_of(self, process, timeout):
        """What the program printed by its end; where that does not come in time, the failure shows where it hangs."""
        try:
            return process.communicate(timeout=timeout)
        except subprocess.TimeoutExpired:
            where = stacks(process.pid)
            self.kill_group(process)
            self.fail(f"{' '.join(process.args)}\nstill running after {timeout:.0f} s:\n{where}")

    def run_ranks(self, arguments, ranks, env=None, program=None):
        """Under mpirun: every rank's own exit code (mpirun would pass on only one of them), and the finished process."""
        wrapper = '"$@"; echo $? > rc.$OMPI_COMM_WORLD_RANK; exit 0'
        command = self.command([], ranks)[:-1] + ["sh", "-c", wrapper, "sh", program or PROGRAM, *arguments]
        process = subprocess.run(
            command, cwd=self.folder, env={**os.environ, **(env or {})}, capture_output=True, text=True, timeout=120
        )
        codes = []
        for rank in range(ranks):
            with open(self.path(f"rc.{rank}")) as file:
                codes.append(int(file.read()))
            os.remove(self.path(f"rc.{rank}"))
        return codes, process

    def start_program(self, *arguments, ranks=None, command=None, env=None):
        """Starts in a process group of its own. command: what to start instead of the program or mpirun."""
        process = subprocess.Popen(
            command or self.command(arguments, ranks),
            cwd=self.folder,
            env={**os.environ, **(env or {})},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        self.addCleanup(self.kill_group, process)
        return process

    def kill_group(self, process):
        """Kills -9 the started program and, under mpirun, every one of its ranks."""
        ranks = []
        if process.poll() is None:  # else its number may belong to a stranger by now
            ranks = children(process.pid)
            for pid in [process.pid, *ranks]:
                try:
                    os.kill(pid, signal.SIGKILL)
                except ProcessLookupError:
                    pass
        process.communicate()
        deadline = time.time() + 10
        while any(os.path.exists(f"/proc/{pid}") for pid in ranks) and time.time() < deadline:
            time.sleep(0.01)

    def wait_for(self, condition, process, seconds=60):
        deadline = time.time() + seconds
        while not condition():
            self.assertIsNone(process.poll(), "the program ended before it should have")
            self.assertLess(time.time(), deadline, "the program took too long")
            time.sleep(0.01)

    def assert_same_files(self, a, b, allowed=frozenset(TIMES)):
        differences = [name for name in differing(self.path(a), self.path(b)) if last_part(name) not in allowed]
        self.assertEqual(differences, [], f"{a} and {b}")


def children(pid):
    """Process ids of the direct children."""
    found = []
    for task in os.listdir(f"/proc/{pid}/task") if os.path.exists(f"/proc/{pid}/task") else []:
        try:
            with open(f"/proc/{pid}/task/{task}/children") as file:
                found += [int(word) for word in file.read().split()]
        except OSError:
            pass
    return found


def name_of(pid):
    """Of the program that the process runs; empty where it is gone."""
    try:
        with open(f"/proc/{pid}/comm") as file:
            return file.read().strip()
    except OSError:
        return ""


def stacks(pid):
    """Where a process and its children are: every thread by gdb where there is one, else what the kernel tells."""
    found = []
    for each in [pid, *children(pid)]:
        try:
            with open(f"/proc/{each}/cmdline") as file:
                found.append(f"--- {each}: {file.read().replace(chr(0), ' ')}")
            for name in ("status", "wchan", "stack"):
                with open(f"/proc/{each}/{name}") as file:
                    lines = file.read().splitlines()
                found += [line for line in lines if name != "status" or line.startswith(("State", "SigBlk", "SigPnd"))]
        except OSError as error:
            found.append(str(error))
        if shutil.which("gdb"):
            command = ["gdb", "-p", str(each), "-batch", "-nx", "-ex", "thread apply all backtrace"]
            try:
                process = subprocess.run(command, capture_output=True, text=True, errors="replace", timeout=60)
                found += [line for line in process.stdout.splitlines() if line.startswith(("Thread", "#"))]
            except subprocess.TimeoutExpired:
                found.append("gdb does not come to an end")
    return "\n".join(found)


def contents(path):
    """{'group/dataset' or 'group attribute': bytes with type and shape} of a whole file."""
    found = {}

    def visit(name, node):
        for key, value in node.attrs.items():
            value = np.asarray(value)
            found[f"{name} {key}"] = (
                str(value.dtype),
                value.shape,
                value.tobytes() if value.dtype != object else str(value),
            )
        if isinstance(node, h5py.Dataset):
            found[name] = (str(node.dtype), node.shape, np.asarray(node[()]).tobytes())

    with h5py.File(path, "r") as file:
        visit("/", file)
        file.visititems(visit)
    return found


def last_part(name):
    """Of a name in contents(): the attribute's or the dataset's."""
    return name.replace(" ", "/").rsplit("/", 1)[-1]


def differing(a, b):
    first, second = contents(a), contents(b)
    return sorted(name for name in first.keys() | second.keys() if first.get(name) != second.get(name))


def n_complete(path):
    """Losses marked as complete, 0 while the file cannot be read."""
    try:
        with h5py.File(path, "r") as file:
            return sum(int(np.count_nonzero(group["complete"][()])) for group in file["profiles"].values())
    except (OSError, KeyError):
        return 0


def result_states(path):
    """{group: state} of every group that holds results."""
    found = {}
    with h5py.File(path, "r") as file:
        file.visititems(lambda name, node: found.update({name: node["state"][()]} if "results" in node.attrs else {}))
    return {name: text(state) for name, state in found.items()}


def results(group):
    """{name: value} of a result group: numbers, arrays and texts."""
    names = [text(name) for name in group.attrs["results"]]
    return {name: group[name].asstr()[()] if group[name].dtype.kind in "SO" else group[name][()] for name in names}


def checksum_of_results(group):
    """As the description of the group's crc32c says."""
    crc = 0xFFFFFFFF
    for value in results(group).values():
        for byte in value.encode() if isinstance(value, str) else value.tobytes():
            crc ^= byte
            for _ in range(8):
                crc = (crc >> 1) ^ (0x82F63B78 if crc & 1 else 0)
    return crc ^ 0xFFFFFFFF


def text(value):
    """An attribute's text, stored with a fixed or a variable length."""
    return value.decode() if isinstance(value, bytes) else str(value)


def state_dict(group):
    """{name: tensor} of a minimizer group, in PyTorch's order."""

    def place(name):
        layer, kind = name.split(".")
        return {"layer_in": 0, "layer_out": np.inf}[layer] if "_" in layer else int(layer[5:]), kind == "bias"

    return {name: group["parameters"][name][()] for name in sorted(group["parameters"], key=place)}


def theta_of(group):
    """The parameters of a minimizer group as one vector."""
    return np.concatenate([tensor.ravel() for tensor in state_dict(group).values()])


def reference_numbers(words, theta):
    """[(value, standard error)] by the long-double evaluation of the parameters theta on points of its own."""
    process = subprocess.run([REFERENCE_LOSS, *map(str, words)], input=" ".join(map(repr, theta)), capture_output=True,
                             text=True, check=True)  # fmt: skip
    return [tuple(map(float, line.split())) for line in process.stdout.splitlines()]


def reference_of(minimizer, theta, problem, loss, points, *beta):
    """[(value, standard error)] of a minimizer's MEASURES."""
    words = [text(minimizer["network"]), text(minimizer["activation"]), minimizer["dimension"], minimizer["width"],
             minimizer["blocks"], problem, loss, points, *beta]  # fmt: skip
    return reference_numbers(words, theta.tolist())


def index_of(t):
    return np.std(t, ddof=1) / np.mean(t)


def total_variation(steps, values):
    return np.abs(np.diff(values, axis=1)).sum(axis=1) / np.ptp(values, axis=1) / (steps[-1] - steps[0])


def write_safetensors(path, tensors, metadata):
    """A state dict as another program saves it."""
    header, data = {"__metadata__": metadata}, b""
    for name, tensor in tensors.items():
        end = len(data) + tensor.nbytes
        header[name] = {"dtype": "F64", "shape": tensor.shape, "data_offsets": [len(data), end]}
        data += tensor.tobytes()
    head = json.dumps(header).encode()
    with open(path, "wb") as file:
        file.write(len(head).to_bytes(8, "little") + head + data)


def table_of(report):
    """The report from its table on."""
    lines = report.splitlines()
    starts = [i for i, line in enumerate(lines) if "Deep Ritz" in line or "Deep Galerkin" in line]
    return "\n".join(lines[starts[0] :]) if starts else ""


def main():
    sys.stdout.reconfigure(line_buffering=True)
    unittest.main(verbosity=2)
