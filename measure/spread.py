"""Spreading work over processes that share nothing, and tables to print what came of it."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from typing import TypeVar

from cohortprop.campaign.workers import end_with_parent

__all__ = ["markdown_table", "spread"]

Job = TypeVar("Job")
Result = TypeVar("Result")


def spread(work: Callable[[Job], Result], jobs: Iterable[Job], workers: int = 1) -> Iterator[Result]:
    """Do each job, in so many processes, and yield the results in the order of the jobs.

    Processes are spawned, not forked: each loads the package afresh, as a user's run does. With one worker, everything
    happens in this process, where a debugger sees it.

    Args:
        work: a function of a module, so that it can be named in another process.
        jobs: what to do; plain data.
        workers: processes.

    Example:
        >>> list(spread(str.upper, ["ann", "bob"]))
        ['ANN', 'BOB']
    """
    if workers == 1:
        yield from map(work, jobs)
        return
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(workers, mp_context=context, initializer=end_with_parent) as executor:
        try:
            yield from executor.map(work, jobs)
        finally:
            executor.shutdown(cancel_futures=True)


def markdown_table(heads: Sequence[str], rows: Iterable[Sequence[str]], numbers: str = "") -> str:
    """A table that reads well as plain text and as Markdown.

    Args:
        heads: titles of the columns.
        rows: a cell for each column.
        numbers: for each column `l` or `r`: where its cells are set; all left when it is not given.

    Example:
        >>> print(markdown_table(["who", "mails"], [["ann", "1"], ["bob", "20"]], "lr"))
        | who | mails |
        | --- | ----: |
        | ann |     1 |
        | bob |    20 |
    """
    sides = numbers or "l" * len(heads)
    lines = [list(heads), *map(list, rows)]
    widths = [max(3, *(len(line[column]) for line in lines)) for column in range(len(heads))]
    rule = ["-" * (width - 1) + ("-" if side == "l" else ":") for width, side in zip(widths, sides, strict=True)]
    lines.insert(1, rule)
    return "\n".join(
        "| "
        + " | ".join(
            cell.ljust(width) if side == "l" else cell.rjust(width)
            for cell, width, side in zip(line, widths, sides, strict=True)
        )
        + " |"
        for line in lines
    )
