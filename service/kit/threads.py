"""How soon a thread that has something to do is let in while another one computes.

Python runs one thread at a time. Whoever waits asks for its turn when nobody has let go for an
interval, 5 ms by default. A thread that writes down a version lets go every half a millisecond by
itself, to hash a chunk, and goes on long before whoever waits is awake on a busy machine: each time
the interval begins anew, and nobody asks. So beside a solve of 10,000 people a ping waited for a
quarter of a second. Whoever asks in less time than a chunk takes is let in.
"""

import sys
from typing import Final

_SECONDS: Final = 0.0002


def let_threads_in_soon() -> None:
    """For the whole process: whoever starts one decides it, and nothing that is imported."""
    sys.setswitchinterval(_SECONDS)
