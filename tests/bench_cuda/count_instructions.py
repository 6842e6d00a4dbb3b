#!/usr/bin/env python3
"""Counts the double-precision instructions of every tensor-core kernel in its machine code, and compares them with a table.

    count_instructions.py BUILD_DIR/compile_commands.json [--arch sm_90] [--table FILE] [--write]

Per kernel: DMMA (matrix products), DP (DFMA, DADD, DMUL, DSETP, DMNMX), all instructions. Both kinds share one pipe on Hopper, so their
numbers are what a tile costs; a change of the source that raises them is seen without a GPU. Reads the objects that the build left;
needs cuobjdump (of the CUDA toolkit, or `pip install nvidia-cuda-cuobjdump`).
Exit codes: 0 as in the table, 1 more instructions than there, 77 cannot be counted here.
"""

import argparse
import collections
import json
import os
import re
import shlex
import shutil
import subprocess
import sys

from check_registers import demangle, shorten

FILES = ("tile_galerkin.cu", "tile_ritz.cu", "wide_galerkin.cu", "wide_ritz.cu")
DP = ("DFMA", "DADD", "DMUL", "DSETP", "DMNMX")
SLACK = 1.02  # of a compiler's mood; a lost fusion or a spilled constant costs more


def skip(why):
    print(f"skipped: {why}")
    sys.exit(77)


def find_cuobjdump(nvcc):
    beside = os.path.join(os.path.dirname(os.path.realpath(nvcc)), "cuobjdump")
    for place in (os.environ.get("CUOBJDUMP"), shutil.which("cuobjdump"), beside):
        if place and os.access(place, os.X_OK):
            return place
    try:
        import nvidia

        for folder in nvidia.__path__:
            for root, _, names in os.walk(folder):
                if "cuobjdump" in names:
                    return os.path.join(root, "cuobjdump")
    except ImportError:
        pass
    return None


def compiler_version(nvcc):
    text = subprocess.run([nvcc, "--version"], capture_output=True, text=True, check=True).stdout
    return re.search(r"release ([0-9.]+)", text).group(1)


def count(cuobjdump, path, arch):
    """{mangled kernel: (dmma, dp, all)}"""
    done = subprocess.run([cuobjdump, "-sass", "-arch", arch, path], capture_output=True, text=True)
    if done.returncode != 0:
        skip(f"{cuobjdump} cannot read {path}: {done.stderr.strip()}")
    found, kernel = collections.OrderedDict(), None
    for line in done.stdout.splitlines():
        if "Function :" in line:
            kernel = line.split("Function :")[1].strip()
            found[kernel] = [0, 0, 0]
            continue
        match = re.search(r"/\*[0-9a-f]{4,6}\*/\s+(?:@!?U?P\w+ )?([A-Z0-9_]+)", line)
        if match and kernel:
            word = match.group(1)
            found[kernel][0] += word == "DMMA"
            found[kernel][1] += word in DP
            found[kernel][2] += word != "NOP"
    return found


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("commands", help="compile_commands.json of a build with CUDA")
    parser.add_argument("--arch", default="sm_90")
    parser.add_argument(
        "--table", default=os.path.join(os.path.dirname(os.path.abspath(__file__)), "instructions.txt")
    )
    parser.add_argument("--write", action="store_true", help="write the table instead of comparing with it")
    options = parser.parse_args()

    with open(options.commands) as file:
        entries = [(entry, shlex.split(entry["command"])) for entry in json.load(file)]
    compiled = {}  # by nvcc; the tests compile the same files as C++
    for entry, command in entries:
        nvccs = [word for word in command if os.path.basename(word) == "nvcc"]
        if nvccs and os.path.basename(entry["file"]) in FILES:
            nvcc = nvccs[0]
            compiled[os.path.basename(entry["file"])] = os.path.join(
                entry["directory"], command[command.index("-o") + 1]
            )
    if set(compiled) != set(FILES):
        skip("built without a CUDA compiler")
    version = compiler_version(nvcc)
    cuobjdump = find_cuobjdump(nvcc)
    if cuobjdump is None:
        skip("no cuobjdump: it is in the CUDA toolkit, or `pip install nvidia-cuda-cuobjdump`")
    rows = {}
    for name in FILES:
        counts = count(cuobjdump, compiled[name], options.arch)
        for kernel, numbers in zip(demangle(list(counts)), counts.values()):
            rows[f"{name[:-3]}: {shorten(kernel)}"] = numbers

    head = f"# {options.arch}, nvcc {version}: DMMA, DP, all instructions of every kernel, by count_instructions.py --write\n"
    if options.write:
        with open(options.table, "w") as file:
            file.write(head)
            file.writelines(f"{a:6} {b:6} {c:6}  {name}\n" for name, (a, b, c) in rows.items())
        return 0
    with open(options.table) as file:
        lines = file.read().splitlines()
    if lines[0] != head.strip():
        skip(
            f"the table is of another compiler or architecture ({lines[0][2:].split(':')[0]}), here nvcc {version}"
        )
    table = {}
    for line in lines[1:]:
        *numbers, name = line.split(maxsplit=3)
        table[name] = [int(number) for number in numbers]
    bad = [f"{name} is not in the table" for name in rows if name not in table]
    bad += [f"{name} is not built any more" for name in table if name not in rows]
    for name in rows:
        for what, now, before in zip(("DMMA", "DP", "instructions"), rows[name], table.get(name, rows[name])):
            if now > before * SLACK:
                bad.append(f"{name}: {now} {what}, {before} in the table")
    print("\n".join(bad) if bad else f"{len(rows)} kernels have no more instructions than in the table")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
