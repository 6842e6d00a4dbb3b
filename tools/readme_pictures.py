#!/usr/bin/env python3
"""Makes the README's pictures in tools/pictures: runs the program for what they show (a minute), then draws it.

tools/readme_pictures.py [build/release/landscape_mpi]
"""

import io
import subprocess
import sys
import tempfile
from pathlib import Path

import landscape
from landscape import output, style
from PIL import Image, PngImagePlugin  # matplotlib brings it

ROOT = Path(__file__).resolve().parent.parent
# picture: (arguments of the program, which picture, its options)
PICTURES = {
    "roughness": ([], "roughness", {}),
    "regimes": (
        ["study", "--vary", "width=2:6 frequency=1,2,3 train-seed=1:5", "--losses=galerkin", "--epochs=3000",
         "--lbfgs-iterations=100", "--eigenvalues", "--directions=30", "--bootstrap=100"],
        "regimes",
        {},
    ),
}  # fmt: skip


def main():
    program = sys.argv[1] if len(sys.argv) > 1 else ROOT / "build" / "release" / "landscape_mpi"
    with tempfile.TemporaryDirectory() as folder:
        for name, (arguments, what, options) in PICTURES.items():
            file = Path(folder) / f"{name}.h5"
            subprocess.run(
                [program, *arguments, "--quiet", f"--output={file}"], check=True, stdout=subprocess.DEVNULL
            )
            target = ROOT / "tools" / "pictures" / f"{name}.png"
            save_small(landscape.plot(file, what, **options), target)
            print(f"{target}: {target.stat().st_size} bytes")


def save_small(figure, path):
    """With 64 colours: a third of the bytes, of which the repository keeps every version."""
    drawn, small, about = io.BytesIO(), io.BytesIO(), PngImagePlugin.PngInfo()
    with style.context():
        figure.savefig(drawn, format="png", dpi=100)
    about.add_text("Software", output.MARK)
    Image.open(drawn).convert("RGB").quantize(64, dither=Image.Dither.NONE).save(
        small, "png", optimize=True, pnginfo=about
    )
    output.write_bytes(str(path), small.getvalue())


if __name__ == "__main__":
    main()
