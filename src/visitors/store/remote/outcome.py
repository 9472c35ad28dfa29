"""Finding out whether a transaction was committed if the response was lost."""

from __future__ import annotations

import time
from contextlib import suppress

from visitors.errors import StoreProblem
from visitors.store.database import Commit
from visitors.store.remote.connection import AnswerLost, StreamOver
from visitors.store.remote.stream import StepFailed, Stream
from visitors.store.servers import Server

_LEAST = 10.0
"""The least time to keep asking, in seconds: a server may be restarting."""

_PAUSE = 0.3


def was_committed(server: Server, last: Commit, timeout: float) -> bool:
    """Return whether the transaction was committed. The question is asked under the write lock, so the transaction is
    no longer in progress. Raises StoreProblem if the server cannot be asked.
    """
    deadline = time.monotonic() + max(timeout, _LEAST)
    while True:
        stream = Stream(server)
        stream.waits(max(deadline - time.monotonic(), 1.0), in_transaction=True)
        try:
            found = stream.pipeline([("BEGIN IMMEDIATE", ()), last.proof], ends=True)
        except (AnswerLost, StreamOver, StepFailed, StoreProblem) as error:
            if time.monotonic() > deadline:
                raise StoreProblem(
                    f"the connection to {server.name} was lost while committing {last.name}, and the server cannot be"
                    " asked whether it was committed: the outcome is unknown",
                    code="outcome_unknown",
                    hint=f"once the server is reachable again, find out with: visitors {last.find}",
                ) from error
            time.sleep(_PAUSE)
        else:
            return bool(found[-1].fetchall())
        finally:
            with suppress(OSError):
                stream.leave()
