"""Ask one question of one file, without a case: what `answerable ask` does, for notebooks and scripts."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from answerable.case.pipeline import Files, answer, files_of, make_question, results
from answerable.core.engine import EngineName, open_engine
from answerable.core.method import find_method
from answerable.core.result import Result

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered(Result):
    """A result that shows itself: as text, in a notebook, as a table, as a chart."""

    def __str__(self) -> str:
        return "\n".join(f"[{finding.verdict}] {finding.statement}" for finding in self.findings)

    def _repr_html_(self) -> str:
        from answerable.report.notebook import result_html

        return result_html(self)

    def frame(self) -> pd.DataFrame:
        """The findings as a pandas table, one row each. Needs pandas."""
        from answerable.report.notebook import result_frame

        return result_frame(self)

    def chart(self) -> Any:
        """The estimates with their intervals as an Altair chart."""
        from answerable.report.charts import interval_chart

        return interval_chart(self.findings)


def ask(
    method: str,
    files: Files = (),
    *,
    engine: EngineName = "duckdb",
    engine_options: Mapping[str, Any] | None = None,
    **words: Any,
) -> Answered:
    """Ask evidence one question.

    Args:
        method: name of the method, as "decisions.disparity".
        files: the evidence: a file, or several in the order of the tables that the method reads, or by their names.
        engine: what runs the expressions; "spark" uses an existing session or makes one from engine_options.
        engine_options: settings of the engine.
        words: the mapping of the file's columns, the method's parameters and the rules of judging, in the words of the
            command line: decided="score_text=Medium,High", groups=["race"], person="id".

    Returns:
        The findings with coverage and accounts; it shows itself in a notebook.

    Raises:
        AnswerableError: whatever has to be mended first; the message says how.
    """
    exhibits = files_of(find_method(method), files)
    question = make_question(method, words, there=exhibits)
    running = open_engine(engine, engine_options)
    try:
        answered, accounts = answer(question, exhibits, running)
    finally:
        running.close()
    result = results([answered], [accounts], [command(method, list(dict.fromkeys(exhibits.values())), words)])[0]
    return Answered(**{name: getattr(result, name) for name in Result.__dataclass_fields__})


def command(method: str, files: Sequence[Path], words: Mapping[str, Any]) -> str:
    """The command that asks the same on the command line, with the files by their names."""
    parts = ["answerable", "ask", method, *(file.name for file in files)]
    for word, value in words.items():
        if value is None or value is False:
            continue
        option = f"--{word.replace('_', '-')}"
        value = Path(value).name if word.endswith("_file") else value
        parts += [option] if value is True else [piece for text in _texts(value) for piece in (option, text)]
    return shlex.join(parts)


def _texts(value: Any) -> Sequence[str]:
    if isinstance(value, Mapping):
        return [f"{name}={item}" for name, item in value.items()]
    if isinstance(value, (list, tuple)):
        return [str(item) for item in value]
    return [str(value)]
