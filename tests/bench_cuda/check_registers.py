#!/usr/bin/env python3
"""Compiles every kernel file again with ptxas' report and prints registers, stack and spills per kernel and architecture.

    check_registers.py BUILD_DIR/compile_commands.json [--jobs N] [--also sm_100,sm_120]

--also compiles for these architectures too, from the PTX that the program carries for GPUs newer than itself. Exit code 1 where a kernel
spills. Needs nvcc, no GPU, and about five minutes of one core; the build itself only says that a kernel spills (-warn-spills).
"""

import argparse
import concurrent.futures
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import time


def demangle(names):
    tool = shutil.which("c++filt")
    if tool is None or not names:
        return names
    done = subprocess.run([tool], input="\n".join(names), capture_output=True, text=True, check=True)
    return done.stdout.splitlines()


def shorten(name):
    name = re.sub(r"\((anonymous namespace|unnamed namespace)\)::", "", name)
    name = re.sub(
        r"landscape::(cuda::)?|math::|portable::|\((?:landscape::)?(?:Activation|LossKind|bool|int)\)", "", name
    )
    name = re.sub(r"\((Activation|LossKind)\)", "", name)
    depth, cut = 0, len(name)
    for i, c in enumerate(name):  # the argument list begins at the first parenthesis outside template brackets
        depth += (c == "<") - (c == ">")
        if c == "(" and depth == 0:
            cut = i
            break
    return name[:cut].replace("void ", "", 1).strip()


def report(entry, also):
    """[(file, architecture, mangled kernel, registers, stack bytes, spilled bytes)], seconds"""
    command = shlex.split(entry["command"])
    at = command.index("-o")
    command[at + 1] = os.devnull
    command = [word for word in command if word not in ("-Xptxas=-warn-spills", "-Werror=all-warnings")] + [
        "-Xptxas",
        "-v",
    ]
    command += [f"--generate-code=arch=compute_90,code={architecture}" for architecture in also]
    start = time.monotonic()
    done = subprocess.run(command, cwd=entry["directory"], capture_output=True, text=True)
    seconds = time.monotonic() - start
    if done.returncode != 0:
        sys.exit(f"{entry['file']} does not compile:\n{done.stderr}")
    rows, kernel, stack, spill = [], None, 0, 0
    for line in done.stderr.splitlines():
        if found := re.search(r"Compiling entry function '(\S+)' for '(\S+)'", line):
            kernel = found.groups()
        elif found := re.search(r"(\d+) bytes stack frame, (\d+) bytes spill stores, (\d+) bytes spill loads", line):
            stack, spill = int(found[1]), max(int(found[2]), int(found[3]))
        elif (found := re.search(r"Used (\d+) registers", line)) and kernel:
            rows.append((os.path.basename(entry["file"]), kernel[1], kernel[0], int(found[1]), stack, spill))
            kernel, stack, spill = None, 0, 0
    return rows, seconds


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("commands")
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--also", type=lambda text: text.split(","), default=[], metavar="ARCHITECTURES")
    options = parser.parse_args()
    with open(options.commands) as file:
        entries = [e for e in json.load(file) if e["file"].endswith(".cu") and "nvcc" in e["command"]]
    if not entries:
        sys.exit(f"{options.commands} compiles no CUDA: configure with -DLANDSCAPE_CUDA=ON")
    with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
        results = list(pool.map(lambda entry: report(entry, options.also), entries))
    rows = sorted(row for found, _ in results for row in found)
    names = demangle([row[2] for row in rows])
    print(f"{'file':<20} {'arch':<6} {'regs':>4} {'stack':>6} {'spill':>6}  kernel")
    spills = 0
    for row, name in zip(rows, names):
        spills += row[5] > 0
        print(
            f"{row[0]:<20} {row[1]:<6} {row[3]:>4} {row[4]:>6} {row[5]:>6}  {shorten(name)}{'   SPILLS' if row[5] else ''}"
        )
    print(
        "\nseconds to compile, all architectures: "
        + ", ".join(f"{os.path.basename(e['file'])} {seconds:.0f}" for e, (_, seconds) in zip(entries, results))
        + f"; together {sum(seconds for _, seconds in results):.0f}"
    )
    if not rows:
        sys.exit("ptxas reported nothing")
    if spills:
        sys.exit(f"{spills} kernels spill")
    print(f"{len(rows)} kernels, no spills")


if __name__ == "__main__":
    main()
