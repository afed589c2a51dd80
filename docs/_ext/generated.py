"""Parts of the pages that are made from the code when the documentation is built, so that they cannot go stale.

A page asks for one with the directive `generated`, which takes the name of a function below, and its arguments:

    ```{generated} check membership
    ```

Each function returns Markdown, which is read as if it stood in the page.
"""

from __future__ import annotations

import base64
import inspect
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import MISSING, Field, fields
from html import escape
from pathlib import Path
from typing import Any, Final, get_args

from click.testing import CliRunner
from docutils import nodes
from docutils.statemachine import StringList
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

from cohortprop import checks, cli, simulation, zoo
from cohortprop.profiles import PROFILES
from cohortprop.pytest_plugin.options import OPTIONS, Option
from cohortprop.reach import SITUATIONS
from cohortprop.reports.diagram import as_svg, diagram_of_history
from cohortprop.reports.words import step_in_words
from cohortprop.script import Script
from cohortprop.sender import QUESTIONS, Dialect, Question
from cohortprop.settings import Settings
from cohortprop.simulation import CohortSeed, History, Scenario
from cohortprop.simulation.canonical import CANONICAL
from cohortprop.simulation.steps import STEPS, ExpireSnapshot, Join, Leave, LoseLastAck, Sync
from cohortprop.trial import TrialKit, open_kit, run

DOCS: Final = Path(__file__).parents[1]
UNPROMISED: Final = {
    "a ghost": Scenario(
        (CohortSeed("7", "VIPs", ("bob",)),),
        (Sync("7"), Join("7", ("ann",)), LoseLastAck("7"), Leave("7", ("ann",)), Sync("7")),
    ),
    "a member who is missed": Scenario(
        (CohortSeed("7", "VIPs", ("ann", "bob")),),
        (Sync("7"), Leave("7", ("ann",)), LoseLastAck("7"), Join("7", ("ann",)), Sync("7")),
    ),
    "a ghost by time alone": Scenario(
        (CohortSeed("7", "VIPs", ("ann", "bob")),),
        (Sync("7"), ExpireSnapshot("7", leaves=("ann",))),
        Dialect.pin({"full_sync": "add_members"}),
    ),
}
"""Where source and receiver come apart and nobody is to blame."""
WAY_HOME: Final = ("one more sync", "a full sync, three days later", "a sync by `members`, whatever the dialect")
"""The stages with which every trial ends."""


# The model


def dialect(which: str) -> str:
    """The questions that are drawn by default (`open`), or the others (`hostile`)."""
    chosen = {name: each for name, each in QUESTIONS.items() if each.open == (which == "open")}
    return _definitions((f"`{name}`", _about(question)) for name, question in chosen.items())


def _about(question: Question) -> str:
    readings = [f"- `{name}`: {meaning}" for name, meaning in question.readings.items()]
    return "\n".join([f"{question.text.rstrip(',')} …", *readings, "", f"Source: {question.source}."])


def profiles() -> str:
    """The profiles, each in a line."""
    return _definitions((f"`{name}`", f"{_sentence(each.summary)}") for name, each in PROFILES.items())


# The checks


def check(name: str) -> str:
    """A check: what it demands, why, what it needs, and its causes with their mends."""
    found = checks.all_checks()[name]
    needs = checks.needs_in_words(found) or "nothing but the app"
    about = f"{found.summary} {found.why} Needs {needs}. It can fail from the profile `{found.profile}` on."
    causes = (
        (f"`{cause.name}`{' (advice)' * (cause.severity == 'advice')}", f"{cause.title} *To mend it:* {cause.mend}")
        for cause in found.causes
    )
    return f"{about}\n\n{_definitions(causes)}"


def checks_by_profile() -> str:
    """The checks, with the profiles in which each can fail, the severities of its causes, and what it needs."""
    heads = ["check", *PROFILES, "what must hold", "needs"]
    return _table(heads, (_row_of(each) for each in checks.BUILT_IN))


def _row_of(each: checks.Check) -> list[str]:
    """A check in the table: from its profile on, how severe what it finds can be."""
    begins = list(PROFILES).index(each.profile)
    named = {cause.severity for cause in each.causes if cause is not checks.UNCLASSIFIED}
    severities = " + ".join(severity for severity in ("bug", "advice") if severity in named)
    cells = [severities if place >= begins else "-" for place in range(len(PROFILES))]
    return [f"[{each.name}](checks/{each.name}.md)", *cells, each.summary, checks.needs_in_words(each) or "the app"]


def events() -> str:
    """The events of a history, with their fields."""
    kinds = get_args(simulation.Event)
    return _definitions(
        (_call(kind.__name__, list(inspect.signature(kind).parameters)), _first(kind)) for kind in kinds
    )


def _arguments(kind: type) -> list[str]:
    return [*inspect.signature(kind).parameters]


def receivers(kind: str) -> str:
    """The receivers of the zoo of one kind."""
    return _definitions(
        (f"`{each.name}`", " ".join([_sentence(each.summary), *map(_must_be_found, each.bugs)]))
        for each in zoo.entries()
        if each.kind == kind
    )


def _must_be_found(bug: tuple[str, str]) -> str:
    return f"→ *{bug[0]} / {bug[1]}*"


# The trial


def steps() -> str:
    """The steps of a scenario, with their fields."""
    return _definitions(
        (_call(name, [_with_default(each) for each in fields(kind)]), _all_of(kind)) for name, kind in STEPS.items()
    )


def canonical() -> str:
    """The names of the canonical scenarios."""
    return ", ".join(f"`{name}`" for name in CANONICAL)


def diagrams() -> str:
    """Each canonical scenario, run on a correct receiver: its steps in words, and its sequence diagram."""
    with open_kit(zoo.asks_for_a_token, ()) as kit:
        return "\n\n".join(_drawn(kit, name, scenario) for name, scenario in CANONICAL.items())


def _drawn(kit: TrialKit, name: str, scenario: Scenario) -> str:
    picture = _picture(run(kit, scenario).history, name, scenario)
    steps = "".join(f"<li>{escape(step_in_words(step))}</li>" for step in scenario.steps)
    return f"<details><summary><code>{name}</code></summary><ol>{steps}</ol>{picture}</details>"


def _picture(history: History, name: str, scenario: Scenario) -> str:
    picture = as_svg(diagram_of_history(history, name, scenario.started_at))
    data = base64.b64encode(picture.encode()).decode()
    return f'<img alt="sequence diagram of {name}" src="data:image/svg+xml;base64,{data}">'


def unpromised() -> str:
    """What the protocol cannot promise, played to a correct receiver: who is where after each step, and a diagram."""
    with open_kit(zoo.applies_each_page, checks.BUILT_IN) as kit:
        return "\n\n".join(_told(kit, name, scenario) for name, scenario in UNPROMISED.items())


def _told(kit: TrialKit, name: str, scenario: Scenario) -> str:
    outcome = run(kit, scenario)
    assert outcome.violation is None, "a correct receiver is not accused"
    table = _table(["", "in the source", "held by the receiver"], _standings(scenario, outcome.history))
    picture = _picture(outcome.history, name, scenario)
    return f"**{name[:1].upper()}{name[1:]}**\n\n{table}\n\n<details><summary>Its diagram</summary>{picture}</details>"


def _standings(scenario: Scenario, history: History) -> Iterator[list[str]]:
    """After each step, and on the way home, which ends every trial: who is in the cohort, and who is held."""
    (cohort,) = scenario.cohorts
    source, held, step = set(cohort.members), frozenset[str](), ""
    for event in history:
        if isinstance(event, simulation.Stepped | simulation.PhaseBegan):
            if step:
                yield [step, *map(_names, (source, held))]
            stepped = isinstance(event, simulation.Stepped)
            step = step_in_words(event.step) if stepped else f"*{WAY_HOME[event.stage - 1]}*"
        elif isinstance(event, simulation.Changed):
            source = source.union(event.joined).difference(event.left)
        elif isinstance(event, simulation.Probed) and event.held is not None:
            held = event.held.get(cohort.id, frozenset())
    yield [step, *map(_names, (source, held))]


def _names(users: Iterable[str]) -> str:
    return ", ".join(sorted(users)) or "nobody"


def situations() -> str:
    """The situations that a run counts."""
    return _table(["situation", "met when"], ([f"`{name}`", words] for name, words in SITUATIONS.items()))


def script() -> str:
    """What can be said in a script, method by method."""
    shown = [(name, each) for name, each in vars(Script).items() if not name.startswith("_")]
    return _definitions((_as_called(name, each), _described(each)) for name, each in shown)


def _as_called(name: str, member: object) -> str:
    if isinstance(member, property):
        return f"`{name}`"
    assert callable(member)
    parameters = [
        each.replace(annotation=each.empty)
        for each in inspect.signature(member).parameters.values()
        if each.name != "self"
    ]
    return f"`{name}{inspect.Signature(parameters)}`"


def _described(member: object) -> str:
    arguments = [f"- `{name}`: {text}" for name, text in _arguments(member).items()]
    return "\n".join([_all_of(member), *([""] * bool(arguments)), *arguments])


# What can be said to a run


def help_of(command: str = "") -> str:
    """What `cohortprop COMMAND --help` prints."""
    arguments = [*command.split(), "--help"]
    said = CliRunner(env={"COLUMNS": "80"}).invoke(cli.main, arguments, terminal_width=80)
    assert said.exit_code == 0, said.output
    return f"```console\n$ cohortprop {' '.join(arguments)}\n{said.output.rstrip()}\n```"


def settings() -> str:
    """The keys of the table in pyproject.toml."""
    meanings = _arguments(Settings)
    return _definitions((_key(each), _sentence(meanings[each.name])) for each in fields(Settings))


def _key(part: Field[Any]) -> str:
    default = f" (default `{_in_toml(part.default)}`)" if part.default is not None else ""
    return f"`{part.name.replace('_', '-')}`{default}"


def pytest_options() -> str:
    """The options of the pytest plugin."""
    return _definitions((_option(each), _sentence(each.help)) for each in OPTIONS)


def _option(option: Option) -> str:
    flag = f"--cohortprop-{option.name}"
    return f"`{flag}`, `--cohortprop-no-{option.name}`" if option.kind == "flag" else f"`{flag} {option.metavar}`"


# The measures


def measures(name: str) -> str:
    """The tables of a measuring script, as far as they have been kept."""
    kept = DOCS / f"measures-{name}.md"
    if not kept.exists():
        return f"Not kept here; `nox -s {name}` measures it."
    _title, _, body = kept.read_text("utf-8").strip().partition("\n")
    return re.sub(r"^#+ (.*)$", r"**\1**", body, flags=re.MULTILINE)


# How Markdown is written


def _table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [heads, ["---"] * len(heads), *([cell.replace("|", "\\|") for cell in row] for row in rows)]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def _definitions(pairs: Iterable[tuple[str, str]]) -> str:
    return "\n\n".join(f"{term}\n: {_indented(text)}" for term, text in pairs)


def _indented(text: str) -> str:
    return text.replace("\n", "\n  ").replace("\n  \n", "\n\n")


def _sentence(words: str) -> str:
    return f"{words[:1].upper()}{words[1:].rstrip('.')}."


def _call(name: str, parts: Iterable[str]) -> str:
    return f"`{name}({', '.join(parts)})`"


def _with_default(part: Field[Any]) -> str:
    return part.name if part.default is MISSING else f"{part.name}={part.default!r}"


def _in_toml(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return "[]" if value == () else repr(value).replace("'", '"')


# How docstrings are read


def _first(thing: object) -> str:
    """The first paragraph of a docstring."""
    return _paragraphs(thing)[0]


def _all_of(thing: object) -> str:
    """The paragraphs of a docstring."""
    return "\n\n".join(_paragraphs(thing))


def _paragraphs(thing: object) -> list[str]:
    text = re.split(r"\n(?:Args|Raises|Example):\n", inspect.cleandoc(thing.__doc__ or ""))[0]
    return [" ".join(part.split()) for part in text.split("\n\n")]


def _arguments(thing: object) -> dict[str, str]:
    """What a docstring says about each argument."""
    section = inspect.cleandoc(thing.__doc__ or "").partition("\nArgs:\n")[2].partition("\n\n")[0]
    found = re.findall(r"^    [*]*(\w+): (.*(?:\n     +.*)*)", section, flags=re.MULTILINE)
    return {name: " ".join(text.split()) for name, text in found}


PARTS: Final[dict[str, Callable[..., str]]] = {
    "dialect": dialect,
    "profiles": profiles,
    "check": check,
    "checks": checks_by_profile,
    "events": events,
    "receivers": receivers,
    "steps": steps,
    "canonical": canonical,
    "diagrams": diagrams,
    "unpromised": unpromised,
    "situations": situations,
    "script": script,
    "help": help_of,
    "settings": settings,
    "pytest-options": pytest_options,
    "measures": measures,
}


class Generated(SphinxDirective):
    """The directive."""

    required_arguments = 1
    optional_arguments = 1

    def run(self) -> list[nodes.Node]:
        """Make the part, and have it read in place."""
        name, *arguments = self.arguments
        node = nodes.container()
        self.state.nested_parse(StringList(PARTS[name](*arguments).splitlines(), f"generated {name}"), 0, node)
        return node.children


def setup(app: Sphinx) -> dict[str, bool]:
    """Make the directive known."""
    app.add_directive("generated", Generated)
    return {"parallel_read_safe": True}
