"""The presets of the dispute in their reduced size end within five minutes, with the same bits on any number of ranks."""

import os
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "app"))
from system import SOURCE, SystemTest, main


class Dispute(SystemTest):
    def test_each_preset_answers_within_five_minutes(self):
        reduced = os.path.join(SOURCE, "jobs", "dispute-quick.cfg")
        for preset in ("dispute-1d", "dispute-1d-near", "dispute-2d", "dispute-ball"):
            vary = ["--vary=activation=swish,tanh seed=1:12"] if preset == "dispute-ball" else []
            case = ["--preset", preset, "--config", reduced, *vary]
            start = time.monotonic()
            said = self.run_program(*case, f"--output={preset}.h5", ranks=2, timeout=600).stdout
            seconds = time.monotonic() - start
            print(f"{preset}: {seconds:.1f} s")
            print(said[said.index("Is Ritz rougher") :])
            self.assertLess(seconds, 300, preset)
        self.run_program("--preset", "dispute-quick", "--output=1.h5", timeout=600)
        self.run_program("--preset", "dispute-quick", "--output=3.h5", ranks=3, timeout=600)
        self.assert_same_files("1.h5", "3.h5")


if __name__ == "__main__":
    main()
