"""The command lines landscape-plot and landscape-export. Exit codes: 0 done, 1 a file cannot be used or written, 2 wrong
options. An error is one sentence on standard error.
"""

import argparse
import contextlib
import os
import sys
import warnings

import numpy as np

from .reader import DAMAGE, File, LandscapeError

PLOT_EXAMPLES = """examples:
  landscape-plot landscape.h5                                  what the file's command is about, as landscape.pdf
  landscape-plot landscape.h5 --what solution -o u.png         one picture; --list names those that the file has
  landscape-plot a.h5 b.h5 --what histogram --normalise        two files on common bins
  landscape-plot plane.h5 --what 3d --log --size column        for a paper's column
  landscape-plot landscape.h5 --report landscape.html          everything on one page"""

EXPORT_EXAMPLES = """formats:
  vti             planes (else profiles over step and direction) for ParaView, and .vtp of a training's path
  csv             a table for each result that has columns; --table NAME writes one of them to the named file
  npz             loss, coordinates, x and y of every plane, as Landscaper reads them; else all arrays by name
  safetensors, pt a minimizer, bit for bit: landscape_mpi --minimizer reads the former, torch.load the latter
  losslandscape   HDF5 as tomgoldstein/loss-landscape reads it, losses shifted above zero (attribute offset)"""


def files_of(paths, stack):
    return [stack.enter_context(File(path)) for path in paths]


def guarded(name, action):
    """Runs it; every error is one sentence."""
    code = 0
    try:
        with warnings.catch_warnings():
            if not sys.warnoptions:  # what numpy or matplotlib would have its callers change
                warnings.simplefilter("ignore")
            action()
        sys.stdout.flush()
    except LandscapeError as error:
        code = complain(name, error)
    except KeyboardInterrupt:
        code = complain(name, "stopped.", 130)
    except BrokenPipeError:  # `| head` has seen enough
        silence(sys.stdout)
    except OSError as error:
        silence(sys.stdout)
        code = complain(name, f"something cannot be read or written ({error.strerror or error}).")
    except DAMAGE as error:  # a damaged file can break anything
        text = " ".join(str(error).split()) or type(error).__name__
        if os.environ.get("LANDSCAPE_TRACEBACK"):
            raise
        code = complain(name, f"the file cannot be read to its end ({text}).")
    return code


def complain(name, sentence, code=1):
    with contextlib.suppress(OSError):
        print(f"{name}: {sentence}", file=sys.stderr)
    return code


def silence(stream):
    """So that the interpreter's own flush at the end has nowhere to fail."""
    with contextlib.suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


# ---- landscape-plot
def plot_parser():
    from . import plots

    listing = "\n".join(f"  {line.name:<12} {line.text}{' *' if line.several else ''}" for line in plots.TABLE)
    parser = argparse.ArgumentParser(
        prog="landscape-plot",
        description="Draws what an output file of landscape_mpi holds, also while the job still runs.",
        epilog=f"pictures (* several files can be overlaid):\n{listing}\n\n{PLOT_EXAMPLES}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add("file", metavar="FILE", nargs="+", help="output file of landscape_mpi; several are overlaid")
    add(
        "--what",
        metavar="NAMES",
        default="",
        help="of the pictures below, with commas between; all (default: by the file's command)",
    )
    add("-o", "--output", help="picture to write: .pdf, .png or .svg (default: FILE's name with .pdf)")
    add("--list", action="store_true", help="name the pictures that the file has something for")
    add("--report", metavar="PAGE", help="write one page, .html, of everything that the file holds")
    add(
        "--animate",
        metavar="FILM",
        help="of a trajectory: write its checkpoints as a film, .gif, or .mp4 by ffmpeg",
    )
    add("--fps", type=int, default=4, help="of the film [4]")
    add("--loss", default="", help="ritz, galerkin or both with a comma between (default: all in the file)")
    add("--log", action="store_true", help="logarithmic axis of losses, above their least value, or of counts")
    add(
        "--normalise",
        action="store_true",
        help="profiles as shares of max - min, histograms as shares of the directions",
    )
    add("--factors", default="", metavar="X,Y", help="regimes: the two varied options that span the map")
    add("--labels", default="", metavar="A,B", help="of several files in the legend (default: their names)")
    add("--size", default="page", help="column (3.4 inches), page (7), or inches as 5 or 5x4")
    add("--font-size", type=float, default=8.0, metavar="PT", help="of the text [8]")
    add("--font", default="DejaVu Sans", metavar="NAME", help="an installed font [DejaVu Sans]")
    add("--dpi", type=int, default=300, help="of a .png [300]")
    add("--no-title", action="store_true", help="leave equation and network to the caption")
    return parser


def plot(argv=None):
    """landscape-plot; returns the exit code."""
    parser = plot_parser()
    given = parser.parse_args(argv)
    from . import style
    from .options import defaults
    from .plots import NAMES

    wanted = [name for name in given.what.split(",") if name]
    if any(name not in NAMES for name in wanted if name != "all"):
        parser.error(f"--what {given.what}: choose from {', '.join(NAMES)}, or all")
    suffix = os.path.splitext(given.output)[1].lower() if given.output else ".pdf"
    if suffix not in style.FORMATS:
        parser.error(f"-o {given.output}: the name must end in .pdf, .png or .svg")
    if given.report and not given.report.lower().endswith((".html", ".htm")):
        parser.error(f"--report {given.report}: the name must end in .html")
    if given.animate and not given.animate.lower().endswith((".gif", ".mp4")):
        parser.error(f"--animate {given.animate}: the name must end in .gif or .mp4")
    if not 1 <= given.fps <= 50:
        parser.error(f"--fps {given.fps}: choose 1 to 50")
    if not 20 <= given.dpi <= 2400:
        parser.error(f"--dpi {given.dpi}: choose 20 to 2400")
    try:
        names = ("loss", "log", "normalise", "factors", "labels", "size", "font_size", "font", "dpi")
        options = defaults(**{name: getattr(given, name) for name in names}, title=not given.no_title)
        style.check_font(options.font)
    except LandscapeError as error:
        parser.error(str(error))
    return guarded("landscape-plot", lambda: plot_files(given, wanted, options))


def plot_files(given, wanted, options):
    from . import animation, page, plots, style

    with contextlib.ExitStack() as stack:
        files = files_of(given.file, stack)
        if given.list:
            for file in files:
                print(f"{file.path}: {', '.join(plots.available(file)) or 'nothing yet'}")
            return
        if given.report:
            if len(files) > 1:
                raise LandscapeError("--report is of one file: give one.")
            notes = page.write(files[0], given.report, options)
            print(f"{given.report}: {files[0].command}, {files[0].state}")
            tell(notes)
        if given.animate:
            if len(files) > 1:
                raise LandscapeError("--animate is of one file: give one.")
            n = animation.write(files[0], given.animate, at_most(options, 150), given.fps)
            print(f"{given.animate}: {n} checkpoints of {files[0].command}")
        if (given.report or given.animate) and not (wanted or given.output):
            return
        names = wanted or [plots.suggested(files[0])]
        if "all" in names:
            names = [n for n in plots.available(files[0]) if len(files) == 1 or plots.line_of(n).several]
        notes, drawn = [], []
        for name in names:  # all of them before the first is written
            output = output_of(given, files[0], name, named=bool(wanted), alone=len(names) == 1)
            drawn.append((output, plots.draw(name, files, options, notes), summary(name, files, options)))
        for output, figure, lines in drawn:
            style.save(figure, output, options, [file.path for file in files])
            for line in lines:
                print(f"{output}: {line}")
        tell(notes)


def at_most(options, dpi):
    """The options with a film's resolution."""
    return type(options)(**{**vars(options), "dpi": min(options.dpi, dpi)})


def tell(notes):
    for note in dict.fromkeys(notes):
        print(f"landscape-plot: {note}", file=sys.stderr)


def output_of(given, file, name, named, alone):
    """-o, or the file's name in the working folder; with the picture's name where there may be several."""
    if given.output and alone:
        return given.output
    stem, suffix = os.path.splitext(given.output) if given.output else (file.label, ".pdf")
    return f"{stem}-{name}{suffix}" if named else stem + suffix


def summary(name, files, options):
    """What the picture shows, in numbers."""
    from .plots.view import describe_count, describe_index

    lines = []
    for file in files:
        prefix = f"{file.label}, " if len(files) > 1 else ""
        if name in ("roughness", "profiles", "histogram"):
            for loss in file.losses:
                profiles = file.profiles(loss) if not options.loss or loss in options.loss else None
                if profiles is not None:
                    index = describe_index(profiles) if f"roughness/{loss}" in file else "many grids in one"
                    lines.append(f"{prefix}{loss}, {describe_count(profiles)}, {index}")
        elif name in ("surface", "contour", "heat", "3d"):
            for one in file.surfaces:
                surface = file.surface(one) if not options.loss or one.split("_")[0] in options.loss else None
                if surface is not None:
                    low, high = np.nanmin(surface.losses), np.nanmax(surface.losses)
                    lines.append(
                        f"{prefix}{surface.title}, {surface.n_complete} of {surface.n_points} points, "
                        f"lowest {low:.8g}, highest {high:.8g}"
                    )
        else:
            lines.append(f"{prefix}{name} of {file.command}, {file.state}")
    return lines


# ---- landscape-export
def export(argv=None):
    """landscape-export; returns the exit code."""
    from . import export as writers

    parser = argparse.ArgumentParser(
        prog="landscape-export",
        description="Writes an output file of landscape_mpi for other programs.",
        epilog=EXPORT_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("file", metavar="FILE", help="output file of landscape_mpi")
    parser.add_argument("--format", required=True, choices=tuple(writers.FORMATS))
    parser.add_argument(
        "-o", "--output", help="file to write; of several its name gets theirs (default: FILE's name)"
    )
    parser.add_argument("--table", help="csv: one of the tables; --list names them")
    parser.add_argument("--minimizer", metavar="NAME", help="safetensors, pt: which one (default: the only one)")
    parser.add_argument("--loss", default="", help="ritz, galerkin or both with a comma between (default: all)")
    parser.add_argument("--list", action="store_true", help="name the tables of the file and write nothing")
    given = parser.parse_args(argv)
    if given.minimizer and given.format not in writers.NETWORKS:
        parser.error(f"--minimizer belongs to the formats {' and '.join(writers.NETWORKS)}, not to {given.format}")
    losses = [loss for loss in given.loss.split(",") if loss]
    return guarded("landscape-export", lambda: export_file(given, losses, writers))


def export_file(given, losses, writers):
    with File(given.file) as file:
        if given.list:
            from .columns import tables

            for name, table in tables(file).items():
                print(f"{name}: {', '.join(table.columns)}")
            return
        suffix = writers.FORMATS[given.format][1]
        output = given.output or file.label + (suffix if suffix != ".h5" else "-losslandscape.h5")
        if given.format in writers.NETWORKS:
            minimizer = writers.chosen_minimizer(file, losses, given.minimizer)
            writers.export(file, given.format, output, losses, minimizer=given.minimizer)
            print(f"{output}: {minimizer.name}, {minimizer.describe()}; of this class:")
            print(writers.state_dict.class_of(minimizer))
            return
        for written in writers.export(file, given.format, output, losses, given.table):
            print(f"{written}: {given.format} of {file.command}")
