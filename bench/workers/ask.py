"""Questions through `answerable.ask` beside a bare GROUP BY in one warm process.

python ask.py FILE REPETITIONS QUESTIONS

QUESTIONS is {name: [method, words]} as JSON. Prints {"seconds": {name: [...], "bare": [...]},
"answers": {name: [...]}}.
"""

import json
import sys
import time
from collections.abc import Callable
from typing import Any

from bare import count

import answerable


def row(estimate: Any) -> dict[str, Any]:
    """What the comparison with others needs of an estimate."""
    low, high = estimate.at(0.95) if estimate.curve else (None, None)
    return {
        "name": estimate.name, "of": dict(estimate.of), "against": dict(estimate.against or {}),
        "value": estimate.value, "n": estimate.n, "events": estimate.events,
        "low": low, "high": high, "how": estimate.interval,
    }  # fmt: skip


def timed(act: Callable[[], object], kept: list[float]) -> None:
    began = time.perf_counter()
    act()
    kept.append(time.perf_counter() - began)


def main() -> None:
    file, repetitions, questions = sys.argv[1], int(sys.argv[2]), json.loads(sys.argv[3])
    acts: dict[str, Callable[[], object]] = {"bare": lambda: count(file)}
    answers = {}
    for name, (method, words) in questions.items():
        acts[name] = lambda method=method, words=words: answerable.ask(method, file, **words)
        answers[name] = [row(finding.estimate) for finding in acts[name]().findings]
    count(file)
    seconds: dict[str, list[float]] = {name: [] for name in acts}
    for _ in range(repetitions):
        for name, act in acts.items():
            timed(act, seconds[name])
    print(json.dumps({"seconds": seconds, "answers": answers}))


if __name__ == "__main__":
    main()
