"""First instructions of a worker of the ledger: its parent's pipe, and an end when the pipe ends.

The runner starts this file by its path, so that nothing is imported before a thread listens. The
parent alone holds the other end of the standard input: when the parent closes it or dies, even by
SIGKILL, the read ends and with it this process.
"""

import json
import os
import queue
import signal
import sys
import threading


def _listen(lines: "queue.SimpleQueue[bytes]") -> None:
    for line in sys.stdin.buffer:
        lines.put(line)
    os._exit(1)


def main() -> None:
    """Listen, take over the parent's search path, and work."""
    lines: queue.SimpleQueue[bytes] = queue.SimpleQueue()
    threading.Thread(target=_listen, args=(lines,), daemon=True).start()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # a Ctrl-C is the parent's to answer
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # what libraries print goes to the log, between no two answers
    sys.path[:] = json.loads(lines.get())

    from simtheory.validation.ledger.worker import work

    work(lines.get, answers)


if __name__ == "__main__":
    main()
