"""How often a job opens its output, counted by the kernel (inotify): once for reading and once for writing per phase."""

import ctypes
import os
import select
import struct
import threading
import unittest

from system import SystemTest, main

IN_ACCESS, IN_MODIFY, IN_CLOSE, IN_OPEN = 0x1, 0x2, 0x18, 0x20
SHORT = ("--epochs=0", "--lbfgs-iterations=0", "--directions=5", "--grid=-1:1:11", "--bootstrap=50")


class Opens(threading.Thread):
    """Counts the opens of a file's name in a folder; other events keep equal ones from being merged."""

    def __init__(self, folder, name):
        super().__init__(daemon=True)
        self.name_of_file, self.count, self.done = name.encode(), 0, threading.Event()
        libc = ctypes.CDLL(None, use_errno=True)
        self.queue = libc.inotify_init()
        watch = libc.inotify_add_watch(
            self.queue, os.fsencode(folder), IN_ACCESS | IN_MODIFY | IN_CLOSE | IN_OPEN
        )
        if self.queue < 0 or watch < 0:
            raise unittest.SkipTest("no inotify")

    def run(self):
        while True:
            if not select.select([self.queue], [], [], 0.2)[0]:
                if self.done.is_set():
                    return
                continue
            data = os.read(self.queue, 1 << 16)
            while data:
                _, mask, _, length = struct.unpack_from("iIII", data)
                name = data[16 : 16 + length].rstrip(b"\0")
                self.count += bool(mask & IN_OPEN) and name == self.name_of_file
                data = data[16 + length :]


class OutputOpens(SystemTest):
    def opens(self, *arguments):
        counter = Opens(self.folder, "a.h5")
        counter.start()
        self.run_program(*SHORT, "--output=a.h5", *arguments)
        counter.done.set()
        counter.join()
        return counter.count

    def test_a_job_opens_its_output_a_few_times(self):
        """Before the rows, with the rows, after them; a look at the seal and one by HDF5 each time."""
        first = self.opens()
        self.assertTrue(2 <= first <= 8, first)
        again = self.opens("--resume")
        self.assertTrue(6 <= again <= 12, again)


if __name__ == "__main__":
    main()
