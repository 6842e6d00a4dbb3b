"""The table of the released code's slips in README.md: each one alone, all together, none.

    tests/app/published_table.py [--directions 1000] [--program build/release/landscape_mpi]

For both of the authors' printed runs (published_roughness.json beside the source tree, in ../shared/reference) the
profiles around their own minimizer are evaluated under each setting; the p-value is of a two-sample Kolmogorov-Smirnov
test of T against the 100 printed values. Two more radii are shown: the quadrature's slip matters most at 0.00025, and
at 0.02 arange gains a point. Takes about half a minute per 1 000 directions.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

SOURCE = Path(os.environ.get("LANDSCAPE_SOURCE_DIR", Path(__file__).resolve().parents[2]))
REFERENCE = Path(os.environ.get("LANDSCAPE_REFERENCE_DIR") or SOURCE.parent / "shared" / "reference")
PROGRAM = os.environ.get("LANDSCAPE_PROGRAM", str(SOURCE / "build" / "release" / "landscape_mpi"))

CORRECTED = {"quadrature": "simpson:100", "grid-rule": "even", "bias": "zero"}
AS_PUBLISHED = {"quadrature": "simpson-as-published:100", "grid-rule": "arange", "bias": "copy"}

FURTHER_RADII = (0.00025, 0.02)


def settings():
    """{name: options}: all slips, each alone, none."""
    rows = {"all slips": AS_PUBLISHED}
    for name in AS_PUBLISHED:
        rows[f"{name} {AS_PUBLISHED[name]} alone"] = {**CORRECTED, name: AS_PUBLISHED[name]}
    return {**rows, "none": CORRECTED}


def published_cases():
    cases = json.loads((REFERENCE / "published_roughness.json").read_text())
    return list(cases.values()) if isinstance(cases, dict) else cases


def total_variation(case, options, directions, program=PROGRAM, launcher=()):
    """T of the usable profiles around the case's minimizer, imported and evaluated by the project's own commands."""
    import h5py
    import numpy as np

    with tempfile.TemporaryDirectory() as folder:
        minimizer, output = Path(folder) / "minimizer.safetensors", Path(folder) / "profiles.h5"
        subprocess.run(
            [
                sys.executable,
                SOURCE / "tools" / "import_checkpoint.py",
                REFERENCE / "minimizers" / case["minimizer"],
                "-o",
                minimizer,
                # x (1 - x) is this program's factor, too; other networks were trained with x (x - 1)
                *([] if "boundary" in case or "dimension" in case else ["--negate-output"]),
                "--network",
                case["network"],
                "--activation",
                "swish",
            ],
            check=True,
            capture_output=True,
        )
        radius, points = case["radius"], case["intervals"] + 1
        subprocess.run(
            [
                *launcher,
                program,
                "--quiet",
                "--output",
                output,
                f"--minimizer-{case['loss']}",
                minimizer,
                "--losses",
                case["loss"],
                "--network",
                case["network"],
                f"--grid=-{radius}:{radius}:{points}",
                "--directions",
                str(directions),
                "--norm",
                "filter",
                *(f"--{name}={value}" for name, value in options.items()),
            ],
            check=True,
            capture_output=True,
        )
        with h5py.File(output) as file:
            t = file[f"profiles/{case['loss']}/total_variation"][:]
            return t[np.isfinite(t)]


def main():
    import numpy as np
    from scipy.stats import ks_2samp

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--directions", type=int, default=1000)
    parser.add_argument("--program", default=PROGRAM)
    arguments = parser.parse_args()
    cases = published_cases()
    printed = {case["radius"]: np.array(case["normalized_total_variation"]) for case in cases}
    for radius in FURTHER_RADII:
        cases.append({**cases[0], "radius": radius})
    cases.sort(key=lambda case: case["radius"])

    def cell(t, theirs=None):
        text = f"{t.std(ddof=1) / t.mean():.3f} / {t.mean():.4g}"
        return text if theirs is None else f"{text} ({ks_2samp(t, theirs).pvalue:.2g})"

    print("| RI / mean T (p) at l = | " + " | ".join(f"{case['radius']:g}" for case in cases) + " |")
    print("|---" * (1 + len(cases)) + "|")
    print(
        "| printed by the authors | "
        + " | ".join(cell(printed[r]) if (r := case["radius"]) in printed else "" for case in cases)
        + " |"
    )
    for name, options in settings().items():
        cells = [
            cell(total_variation(case, options, arguments.directions, arguments.program), printed.get(case["radius"]))
            for case in cases
        ]
        print(f"| {name} | " + " | ".join(cells) + " |", flush=True)


if __name__ == "__main__":
    main()
