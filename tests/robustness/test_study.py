"""Studies of some size: ranks that wait, one that is slowed down, and the published one of 40 000 epochs."""

import os
import re
import signal
import sys
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "app"))
import h5py
from system import SystemTest, children, main

# 200 trainings of some hundredths of a second, on one thread each.
MANY = ["study", "--vary=width=2,4 train-seed=1:50", "--epochs=6000", "--directions=20", "--bootstrap=200"]
MANY += ["--threads=1"]
LEAST_RITZ = -2.4674012  # the least energy, -pi^2 / 4, at the digits of a sound training


class Study(SystemTest):
    def busy_seconds(self, name, ranks=1):
        """Spent on rows by all ranks together."""
        with h5py.File(self.path(name)) as file:
            return ranks * sum(float(file[f"trainings/{loss}/evaluation_seconds"][()][0]) for loss in file["trainings"])

    def test_two_ranks_lose_less_than_a_tenth_to_waiting(self):
        said = self.run_program(*MANY, "--output=a.h5", ranks=2, timeout=600).stdout
        wall = float(re.search(r"Evaluated   200 trainings in ([\d.]+) s", said)[1])
        lost = 1.0 - self.busy_seconds("a.h5", 2) / (2.0 * wall)
        print(f"200 trainings on 2 ranks: {wall:.1f} s, {100 * lost:.1f} % not spent on them")
        self.assertLess(lost, 0.1)

    def test_a_rank_slowed_four_times_costs_less_than_a_fifth(self):
        """One of two ranks is stopped for three quarters of the time; the ideal is what 1.25 ranks would take."""
        self.run_program(*MANY, "--output=a.h5", ranks=2, timeout=600)
        ideal = self.busy_seconds("a.h5", 2) / 1.25
        for slowed in (0, 1):
            process = self.start_program(*MANY, f"--output={slowed}.h5", ranks=2)
            self.wait_for(lambda: len(children(process.pid)) == 2, process)
            pid = sorted(children(process.pid))[slowed]  # mpirun starts them in order
            self.wait_for(lambda name=f"{slowed}.h5": os.path.exists(self.path(name)), process)
            done = threading.Event()

            def slow_down():
                while not done.is_set():
                    try:
                        os.kill(pid, signal.SIGSTOP)
                        time.sleep(0.06)
                        os.kill(pid, signal.SIGCONT)
                    except ProcessLookupError:
                        return
                    time.sleep(0.02)

            thread = threading.Thread(target=slow_down)
            start = time.time()
            thread.start()
            process.communicate(timeout=600)
            wall = time.time() - start
            done.set()
            thread.join()
            self.assertEqual(process.returncode, 0)
            lost = 1.0 - ideal / wall
            print(f"rank {slowed} slowed four times: {wall:.1f} s, ideally {ideal:.1f} s, {100 * lost:.1f} % lost")
            self.assertLess(lost, 0.2)

    def test_40_000_epochs_fall_below_the_least_energy_with_the_slip_alone(self):
        case = ["study", "--vary=train-seed=1:20", "--directions=5", "--bootstrap=50", "--threads=1"]
        lowest, said = {}, {}
        for preset in ("long-as-published", "long-corrected"):
            said[preset] = self.run_program(
                *case, f"--preset={preset}", f"--output={preset}.h5", ranks=2, timeout=600
            ).stdout
            with h5py.File(self.path(f"{preset}.h5")) as file:
                found = file["study/ritz"]
                lowest[preset] = min(found["lowest_training_loss"][()].min(), found["training_loss"][()].min())
                self.assertEqual(len(found["loss"]), 20)
        print(lowest)
        self.assertLess(lowest["long-as-published"], -2.48)
        warning = r"Warning: \d+ of 20 Ritz trainings \(!\) have a loss below the least"
        self.assertRegex(said["long-as-published"], warning)
        self.assertGreater(lowest["long-corrected"], LEAST_RITZ)
        self.assertNotIn("Warning", said["long-corrected"])


if __name__ == "__main__":
    main()
