"""Writing a file whole or not at all: into a temporary beside it, then renamed. Only what these tools drew is replaced."""

import contextlib
import mmap
import os
import tempfile

from .reader import LandscapeError

# Stands in every file that these tools write, by which they know their own.
OWN = b"drawn by landscape_mpi's "
MARK = OWN.decode() + "landscape tools"


def is_own(path):
    """Does a regular file hold the mark?"""
    if not os.path.isfile(path) or os.path.getsize(path) == 0:
        return False
    with open(path, "rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
        return content.find(OWN) >= 0


def check_target(path, sources):
    """Refuses to write over an input, a folder, a device or what somebody else made."""
    for source in sources:
        if os.path.exists(path) and os.path.exists(source) and os.path.samefile(path, source):
            raise LandscapeError(f"'{source}' would be replaced by what is made of it: choose another -o.")
    if not os.path.lexists(path):
        return
    try:
        own = is_own(path)
    except OSError as error:
        raise LandscapeError(f"'{path}' exists and cannot be looked into ({error.strerror}).") from error
    if not own:
        raise LandscapeError(f"'{path}' exists and was not made by this tool: remove it or choose another -o.")


def write_bytes(path, content, sources=()):
    """Into a temporary beside `path` that takes its place at the end, if nothing went wrong."""
    check_target(path, sources)
    target = os.path.realpath(path)
    temporary = None
    try:
        try:
            handle, temporary = tempfile.mkstemp(prefix=".landscape-", dir=os.path.dirname(target))
            with os.fdopen(handle, "wb") as file:
                file.write(content)
            mask = os.umask(0)
            os.umask(mask)
            os.chmod(temporary, 0o666 & ~mask)  # as if it had been opened, not made for this user alone
            os.replace(temporary, target)
        except BaseException:
            if temporary is not None:
                with contextlib.suppress(OSError):
                    os.unlink(temporary)
            raise
    except OSError as error:
        reason = error.strerror or " ".join(str(error).split())
        raise LandscapeError(f"'{path}' cannot be written ({reason}).") from error
