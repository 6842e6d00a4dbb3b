"""Starts a command where its modules are there; else says in one sentence which is missing and how to get it."""

import atexit
import importlib
import logging
import os
import shutil
import signal
import sys

MODULES = {"plot": ("numpy", "h5py", "matplotlib"), "export": ("numpy", "h5py")}
DEBIAN = "/usr/bin/python3"


def run(name):
    """The exit code of landscape-<name>."""
    os.environ["MPLBACKEND"] = "Agg"  # no display, and no backend that a user's settings ask for
    logging.getLogger("matplotlib").setLevel(
        logging.ERROR
    )  # what a user's matplotlibrc has wrong is not this tool's
    for module in MODULES[name]:
        try:
            importlib.import_module(module)
        except Exception as error:  # a module can be there and broken in any way
            try_debian()
            debian = " ".join(f"python3-{one}" for one in MODULES[name])
            what = "is missing" if isinstance(error, ModuleNotFoundError) else f"does not work ({error})"
            print(
                f"landscape-{name}: the Python module '{getattr(error, 'name', None) or module}' {what}; install it with "
                f"'pip install {' '.join(MODULES[name])}' or 'apt-get install {debian}'.",
                file=sys.stderr,
            )
            return 1
    return in_a_child(name)


def in_a_child(name):
    """HDF5 itself may crash over a damaged file: then this process is left to say so."""
    from . import cli

    if not hasattr(os, "fork"):
        return getattr(cli, name)()
    sys.stdout.flush()
    child = os.fork()
    if child == 0:
        return getattr(cli, name)()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):  # the child's to answer
        signal.signal(number, lambda number, _: os.kill(child, number))
    status = os.waitpid(child, 0)[1]
    if os.WIFEXITED(status):
        atexit.unregister(shutil.rmtree)  # of matplotlib's temporary folder, which the child has removed
        return os.WEXITSTATUS(status)
    number = os.WTERMSIG(status)
    if number in (signal.SIGSEGV, signal.SIGBUS, signal.SIGABRT, signal.SIGFPE, signal.SIGILL):
        print(f"landscape-{name}: the file is damaged in a way that HDF5 does not survive.", file=sys.stderr)
        return 1
    return 128 + number


def try_debian():
    """apt installs for the system's python3; another one may stand before it on PATH: start again with that one."""
    package = os.path.dirname(os.path.abspath(__file__))
    script = os.path.realpath(sys.argv[0])
    if "LANDSCAPE_PYTHON_TRIED" in os.environ or not os.access(DEBIAN, os.X_OK):
        return
    os.environ["LANDSCAPE_PYTHON_TRIED"] = "1"
    if os.path.dirname(script) == os.path.dirname(package):  # tools/landscape-plot, not one that pip has made
        os.execv(DEBIAN, [DEBIAN, script, *sys.argv[1:]])
    if script == os.path.join(package, "__main__.py"):
        os.environ["PYTHONPATH"] = os.pathsep.join(
            part for part in (os.path.dirname(package), os.environ.get("PYTHONPATH", "")) if part
        )
        os.execv(DEBIAN, [DEBIAN, "-m", "landscape", *sys.argv[1:]])


def run_plot():
    """What pip makes landscape-plot of."""
    return run("plot")


def run_export():
    return run("export")
