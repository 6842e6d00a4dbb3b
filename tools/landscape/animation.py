"""The trajectory of a training as a film: at every checkpoint its profiles as shares of their max - min, of which T and RI
are made, and where it is on the curve of RI.

A GIF is made by Pillow, which matplotlib brings, an MP4 by ffmpeg where it is installed.
"""

import io
import os
import shutil
import subprocess
import tempfile

import numpy as np

from . import style
from .output import MARK, check_target, write_bytes
from .plots.profiles import draw_lines, label_steps, quartiles
from .plots.view import View
from .reader import LandscapeError, attribute

SUFFIXES = (".gif", ".mp4")


def read(file, loss):
    """(results, steps (P), profiles (K,M,P) of the checkpoints, each in shares of its max - min); None while not all are
    there."""
    results = file.results(f"trajectory/{loss}")
    if results is None or f"path/{loss}/loss" not in file:
        return None
    with file.reading():
        losses, _, n, _ = file.block(f"path/{loss}")
        if len(losses) < n:
            return None
        losses = losses.reshape(len(results["epoch"]), int(attribute(file.h5[f"path/{loss}"], "directions")), -1)
        with np.errstate(all="ignore"):
            low, high = losses.min(axis=2, keepdims=True), losses.max(axis=2, keepdims=True)
            shares = np.where(high > low, (losses - low) / (high - low), np.nan)
        return results, np.asarray(file[f"path/{loss}/steps"], dtype=float), shares


def frame(view, series, c, n_frames):
    """The Figure at checkpoint c of n_frames; of a training with fewer, its last one."""
    figure = style.new_figure(view.options.width, view.options.height or 2.4 * len(series) + 0.45)
    cells = figure.subplots(len(series), 2, squeeze=False, gridspec_kw={"width_ratios": (3, 2)})
    for (fan, curve), one in zip(cells, series):
        results, steps, shares = one.data
        k = min(c, len(shares) - 1)
        shown = shares[k][np.isfinite(shares[k]).all(axis=1)]
        if len(shown):
            draw_lines(fan, steps, shown, one.colour, f"path/{one.loss}/loss")
            fan.plot(steps, quartiles(shown)[1], color="black")
        fan.set_ylim(-0.03, 1.03)
        fan.set_xlim(steps[0], steps[-1])
        label_steps(fan)
        fan.set_ylabel("share of max $-$ min")
        fan.set_title(f"{one.title}, epoch {results['epoch'][k]}")
        epoch, index = np.asarray(results["epoch"], dtype=float), np.asarray(results["index"], dtype=float)
        curve.plot(epoch, index, color=one.colour)
        curve.plot(epoch[k : k + 1], index[k : k + 1], "o", color="black", markersize=5)
        curve.set_ylim(0, 1.15 * np.nanmax(index) if np.isfinite(index).any() and np.nanmax(index) > 0 else 1)
        curve.set_xlabel("epoch (and iterations after it)")
        curve.set_ylabel("roughness index RI")
    view.title(figure)
    return figure


def images(file, options):
    """The frames as arrays (height, width, 3) of bytes, their sides even, as films want them."""
    view = View([file], options)
    series = view.series(read, "trajectory")
    n_frames = max(len(one.data[2]) for one in series)
    made = []
    for c in range(n_frames):
        with view.style():
            figure = frame(view, series, c, n_frames)
            figure.set_dpi(options.dpi)
            figure.canvas.draw()
        image = np.asarray(figure.canvas.buffer_rgba())[..., :3]
        made.append(image[: image.shape[0] // 2 * 2, : image.shape[1] // 2 * 2].copy())
    return made


def gif(made, fps):
    try:
        from PIL import Image
    except ImportError as error:
        raise LandscapeError("A .gif needs the Python module 'PIL': pip install pillow.") from error
    pages = [Image.fromarray(image).quantize(64, dither=Image.Dither.NONE) for image in made]
    out = io.BytesIO()
    duration = [1000 // fps] * (len(pages) - 1) + [2000]  # it rests at the end
    pages[0].save(
        out, "gif", save_all=True, append_images=pages[1:], duration=duration, loop=0, comment=MARK.encode()
    )
    return out.getvalue()


def mp4(made, fps):
    program = shutil.which("ffmpeg")
    if program is None:
        raise LandscapeError("A .mp4 needs the program ffmpeg, which is not installed: choose .gif.")
    height, width, _ = made[0].shape
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "film.mp4")
        command = [program, "-loglevel", "error", "-f", "rawvideo", "-pix_fmt", "rgb24", "-s", f"{width}x{height}", "-r", f"{fps}",
                   "-i", "-", "-pix_fmt", "yuv420p", "-metadata", f"comment={MARK}", path]  # fmt: skip
        run = subprocess.run(command, input=b"".join(image.tobytes() for image in made), capture_output=True)
        if run.returncode != 0:
            said = " ".join(run.stderr.decode("utf-8", "replace").split())
            raise LandscapeError(f"ffmpeg has made no film ({said[-200:]}).")
        with open(path, "rb") as file:
            return file.read()


def write(file, path, options, fps=4):
    """Writes the film of a trajectory's File whole or not at all; returns the number of frames."""
    check_target(path, [file.path])
    if "trajectory" not in file:
        raise LandscapeError(f"'{file.path}' holds no trajectory: landscape_mpi trajectory makes one.")
    made = images(file, options)
    write_bytes(path, (mp4 if path.lower().endswith(".mp4") else gif)(made, fps), [file.path])
    return len(made)
