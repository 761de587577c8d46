"""Draw calls and print those that break a rule: ``python -m tests.properties.doors COUNT [SEED]``."""

import os
import sys
import tempfile

from tests.properties.doors.judge import drawn

folder = tempfile.TemporaryDirectory()  # for the files that good calls write
os.chdir(folder.name)
broken = 0
for call in drawn(int(sys.argv[1]), seed=int(sys.argv[2]) if sys.argv[2:] else 0):
    why = call.fault()
    if why is not None:
        broken += 1
        print(f"{call}: {why}", flush=True)
sys.exit(bool(broken))
