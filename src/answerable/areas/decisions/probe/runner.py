"""The run of a probe: every call of the plan answered once, at the plan's pace, and taken up again where it stopped."""

from __future__ import annotations

import threading
import time
from collections import Counter, deque
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from answerable import __version__
from answerable.areas.decisions.probe.plan import Pace, Plan, digest_of, read_plan
from answerable.areas.decisions.probe.responses import Read, Unreadable
from answerable.areas.decisions.probe.schedule import Call, schedule
from answerable.areas.decisions.probe.targets import CallFailed, Send
from answerable.areas.decisions.probe.transcript import Transcript, header_of, now
from answerable.errors import AnswerableError

Progress = Callable[[int, int, str], None]
_IN_A_ROW = 20
"""So many calls may fail one after the other before the probe stops: the target is not there."""
_LONGEST_WAIT = 60.0


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What a run came to.

    Args:
        path: the transcript.
        calls: calls of the plan. answered: those answered, in all runs together.
        attempts: attempts of all runs together.
        failed: calls without an answer, each with its last error.
        pairs: pairs of the plan, repeats counted. complete: those all of whose members are answered.
        torn: half lines that were set aside when the transcript was taken up.
    """

    path: Path
    calls: int
    answered: int
    attempts: int
    failed: dict[str, str] = field(default_factory=dict)
    pairs: int = 0
    complete: int = 0
    torn: int = 0

    def text(self) -> str:
        """The outcome in plain words."""
        lines = [
            f"{self.answered:,} of {self.calls:,} calls answered in {self.attempts:,} attempts; "
            f"{self.complete:,} of {self.pairs:,} pairs complete."
        ]
        if self.torn:
            lines.append("A line that a killed run left half-written was set aside in the transcript.")
        if self.failed:
            commonest = Counter(self.failed.values()).most_common(3)
            lines.append(
                f"{len(self.failed):,} calls failed ({'; '.join(f'{count:,}: {why}' for why, count in commonest)}). "
                "The same command asks them again."
            )
        return "\n".join(lines)


def run_probe(plan_file: Path, transcript_file: Path, *, progress: Progress | None = None) -> Outcome:
    """Make every call of a plan that has no answer yet, and write each attempt into the transcript.

    Args:
        plan_file: probe.toml.
        transcript_file: JSON lines; begun where there is none, taken up where there is one of the same plan.
        progress: told how many calls are answered, of how many.

    Raises:
        AnswerableError: the plan is not as it must be, the transcript is of another plan, or the target does not
            answer; what was answered is kept.
        KeyboardInterrupt: it was stopped; what was answered is kept.
    """
    plan = read_plan(plan_file)
    calls = schedule(plan)
    send = plan.target.open()
    header = header_of(
        plan.asked,
        plan.digest,
        digest_of([[call.key, call.prompt] for call in calls]),
        len(calls),
        reference=plan.design.reference,
        favourable=plan.design.favourable,
        decides=plan.response.decides,
        measures=plan.response.number is not None,
    )
    transcript = Transcript(transcript_file, header)
    try:
        transcript.write({"kind": "run", "time": now(), "version": __version__, "pace": asdict(plan.pace)})
        run = _Run(plan, calls, transcript, send)
        run.all(progress or (lambda _done, _total, _what: None))
        return run.outcome()
    finally:
        transcript.close()


class _Run:
    """A run under way: workers take calls from one queue until it is empty or the run is stopped."""

    def __init__(self, plan: Plan, calls: list[Call], transcript: Transcript, send: Send) -> None:
        self._plan, self._calls, self._transcript, self._send = plan, calls, transcript, send
        self._queue = deque((order, call) for order, call in enumerate(calls, 1) if call.key not in transcript.answered)
        self._stop = threading.Event()
        self._limit = _Limit(plan.pace, self._stop)
        self._failed: dict[str, str] = {}
        self._error: BaseException | None = None
        self._in_a_row, self._begun_with = 0, len(transcript.answered)

    def all(self, progress: Progress) -> None:
        """Work the queue off. A first Ctrl-C lets the calls under way end; a second one does not."""
        workers = [threading.Thread(target=self._work, daemon=True) for _ in range(self._plan.pace.concurrency)]
        for worker in workers:
            worker.start()
        try:
            self._watch(workers, progress, "asking")
        except KeyboardInterrupt:
            self._stop.set()
            self._watch(workers, progress, "stopping: waiting for the calls under way")
            raise
        if self._error is not None:
            raise self._error

    def outcome(self) -> Outcome:
        """What the run came to."""
        answered = self._transcript.answered
        whole = Counter((call.pair, call.repeat) for call in self._calls)
        there = Counter((call.pair, call.repeat) for call in self._calls if call.key in answered)
        return Outcome(
            path=self._transcript.path,
            calls=len(self._calls),
            answered=len(answered),
            attempts=self._transcript.attempts.total(),
            failed=self._failed,
            pairs=len(whole),
            complete=sum(there[pair] == members for pair, members in whole.items()),
            torn=self._transcript.torn,
        )

    def _watch(self, workers: list[threading.Thread], progress: Progress, what: str) -> None:
        while any(worker.is_alive() for worker in workers):
            progress(len(self._transcript.answered), len(self._calls), what)
            next(worker for worker in [*workers] if worker.is_alive() or worker is workers[-1]).join(0.1)
        progress(len(self._transcript.answered), len(self._calls), what)

    def _work(self) -> None:
        try:
            while not self._stop.is_set():
                try:
                    order, call = self._queue.popleft()
                except IndexError:
                    return
                self._answer(order, call)
        except BaseException as error:
            self._error = self._error or error
            self._stop.set()

    def _answer(self, order: int, call: Call) -> None:
        """Make one call until it is answered or its retries are used up."""
        pace = self._plan.pace
        for attempt in range(pace.retries + 1):
            if not self._limit.wait():
                return
            failure = self._attempt(order, call)
            if failure is None:
                self._in_a_row = 0
                return
            if failure.final and len(self._transcript.answered) == self._begun_with:
                raise AnswerableError(f"The target cannot be asked: {failure.problem}. Mend the plan or the target.")
            if attempt < pace.retries:
                self._stop.wait(min(max(pace.wait * 2**attempt, failure.wait), _LONGEST_WAIT))
        self._failed[call.key] = failure.problem if failure else ""
        self._in_a_row += 1
        if self._in_a_row >= _IN_A_ROW:
            raise AnswerableError(
                f"{_IN_A_ROW} calls failed one after the other; the last: {self._failed[call.key]}. What was answered "
                f"is kept in {self._transcript.path.name}; the same command goes on from there."
            )

    def _attempt(self, order: int, call: Call) -> CallFailed | None:
        """One attempt, written down whatever comes of it; what failed, or None."""
        started, response, read, failure = now(), None, Read(), None
        try:
            response = self._send(call.prompt, self._plan.pace.timeout)
            read = self._plan.response.read(response)
        except CallFailed as error:
            response, failure = error.response, error
        except Unreadable as error:
            failure = CallFailed(str(error))
        entry: dict[str, Any] = {"kind": "call", "order": order, "call": call.key}
        entry |= {name: value for name, value in asdict(call).items() if name != "prompt"}
        entry |= {
            "attempt": self._transcript.attempts[call.key] + 1,
            "started": started,
            "ended": now(),
            "prompt": call.prompt,
            "response": response,
            "decided": read.decided,
            "number": read.number,
            "error": failure.problem if failure else None,
        }
        self._transcript.write(entry)
        return failure


class _Limit:
    """At most so many calls begin in a second, whichever worker makes them."""

    def __init__(self, pace: Pace, stop: threading.Event) -> None:
        self._gap, self._stop = 1 / pace.calls_per_second, stop
        self._guard, self._next = threading.Lock(), 0.0

    def wait(self) -> bool:
        """Wait for one's turn; says whether to go on."""
        with self._guard:
            turn = max(self._next, time.monotonic())
            self._next = turn + self._gap
        self._stop.wait(max(0.0, turn - time.monotonic()))
        return not self._stop.is_set()


def preview(plan_file: Path, most: int = 3) -> str:
    """What a plan would send: the number of calls, how long they take at least, and the first prompts."""
    plan = read_plan(plan_file)
    calls = schedule(plan)
    pairs = {(call.pair, call.repeat): call.control for call in calls}
    seconds = len(calls) / plan.pace.calls_per_second
    least = f"{seconds:,.0f} seconds" if seconds < 120 else f"{seconds / 60:,.0f} minutes"
    lines = [
        plan.design.title,
        f"{len(calls):,} calls: {sum(not control for control in pairs.values()):,} matched pairs and "
        f"{sum(pairs.values()):,} control pairs in {len(plan.templates):,} templates; groups: "
        f"{', '.join(plan.variants)} (reference: {plan.design.reference}).",
        f"At {plan.pace.calls_per_second:g} calls per second at least {least}. Nothing was sent.",
    ]
    for order, call in enumerate(calls[:most], 1):
        lines += ["", f"[{order}] template {call.template}, {call.variant}, {call.name}:", call.prompt]
    return "\n".join(lines)
