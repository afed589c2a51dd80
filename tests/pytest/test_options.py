"""What the plugin is told, where, and what counts more."""

from __future__ import annotations

from dataclasses import fields

import pytest
from hypothesis import settings

import cohortprop.pytest_plugin
from cohortprop.pytest_plugin.options import OPTIONS, Asked, asked_of
from cohortprop.settings import Settings
from tests.pytest.conftest import INSTALLED, Project, failures
from tests.pytest.counts import ITEMS

TARGET = ("--cohortprop", "cohortprop.zoo:applies_each_page")


def asked(project: Project, *arguments: str) -> Asked:
    """What is in force for a command line in a project."""
    if not INSTALLED:
        project.pytester.plugins = [cohortprop.pytest_plugin]
    return asked_of(project.pytester.parseconfig("-p", "no:randomly", *arguments))


def test_the_defaults(project: Project) -> None:
    found = asked(project)
    assert found.settings == Settings()
    assert (found.targets, found.trials, found.findings) == ((), None, None)


def test_whoever_decides_the_draws_is_in_the_header(project: Project) -> None:
    target = "cohortprop: cohortprop.zoo:applies_each_page: profile realistic, "
    assert asked(project, *TARGET, "--cohortprop-seed=5").header == target + "seed 5"
    theirs = asked(project, *TARGET, "--hypothesis-seed=6")
    assert (theirs.header, theirs.seed) == (target + "seed 6 (--hypothesis-seed)", None)
    both = asked(project, *TARGET, "--cohortprop-seed=5", "--hypothesis-seed=6")
    assert (both.header, both.seed) == (target + "seed 5", 5)
    settings.register_profile("drawn", settings(), derandomize=False)
    settings.load_profile("drawn")
    drawn = asked(project, *TARGET)
    assert drawn.header == target + f"seed {drawn.seed}"
    settings.register_profile("the same", settings(), derandomize=True)
    settings.load_profile("the same")
    same = asked(project, *TARGET)
    assert (same.header, same.seed) == (target + "derandomized by Hypothesis' profile", None)


def test_every_option_but_that_for_hypothesis_is_a_field_of_the_settings() -> None:
    assert {option.key for option in OPTIONS} - {"database"} <= {field.name for field in fields(Settings)}


@pytest.mark.parametrize(
    ("name", "typed", "value"),
    [
        ("profile", ["documented"], "documented"),
        ("seed", ["12"], 12),
        ("check", ["membership", "arrivals"], ("membership", "arrivals")),
        ("without", ["envelope"], ("envelope",)),
        ("dialect", ["full_sync=members"], ("full_sync=members",)),
        ("path", ["/hook"], "/hook"),
        ("auth", ["me:secret"], "me:secret"),
        ("header", ["X-A: 1", "X-B: 2"], ("X-A: 1", "X-B: 2")),
        ("members", ["shop:members"], "shop:members"),
        ("reset", ["shop:reset"], "shop:reset"),
        ("clock", ["none"], "none"),
        ("time-limit", ["2.5"], 2.5),
        ("baseline", ["accepted.json"], "accepted.json"),
        ("canonical", None, True),
        ("no-canonical", None, False),
        ("strict-replays", None, True),
        ("no-strict-replays", None, False),
        ("fail-on-advice", None, True),
        ("no-fail-on-advice", None, False),
    ],
)
def test_the_command_line(project: Project, name: str, typed: list[str] | None, value: object) -> None:
    flag = f"--cohortprop-{name}"
    arguments = [flag] if typed is None else [f"{flag}={each}" for each in typed]
    field = name.removeprefix("no-").replace("-", "_")
    assert getattr(asked(project, *arguments).settings, field) == value


@pytest.mark.parametrize(
    ("key", "written", "value"),
    [
        ("profile", "hostile", "hostile"),
        ("seed", "0", 0),
        ("without", "\n    envelope\n    arrivals", ("envelope", "arrivals")),
        ("header", "\n    X-A: 1\n    X-B: two words", ("X-A: 1", "X-B: two words")),
        ("time_limit", "3", 3.0),
        ("canonical", "false", False),
        ("fail_on_advice", "yes", True),
    ],
)
def test_the_ini_file(project: Project, key: str, written: str, value: object) -> None:
    project.pytester.makeini(f"[pytest]\ncohortprop_{key} = {written}")
    assert getattr(asked(project).settings, key) == value


def test_what_counts_more(project: Project) -> None:
    project.pytester.makepyprojecttoml(
        """
        [tool.cohortprop]
        profile = "hostile"
        without = ["envelope", "arrivals"]
        canonical = false
        trials = 5
        """
    )
    assert asked(project).settings.profile == "hostile"
    assert asked(project).settings.canonical is False
    assert asked(project).trials is None  # that of the table is for `cohortprop run`
    project.pytester.makeini("[pytest]\ncohortprop_profile = documented\ncohortprop_without = acceptance")
    assert asked(project).settings.profile == "documented"
    assert asked(project).settings.without == ("acceptance",)
    assert asked(project, "--cohortprop-profile=realistic").settings.profile == "realistic"
    assert asked(project, "--cohortprop-without=membership").settings.without == ("membership",)
    assert asked(project, "--cohortprop-canonical").settings.canonical is True


def test_paths_of_a_file_count_from_its_folder(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    project.pytester.makeini("[pytest]\ncohortprop_findings = kept")
    inside = project.pytester.mkdir("inside")
    monkeypatch.chdir(inside)
    assert str(asked(project).findings) == "../kept"
    assert str(asked(project, "--cohortprop-findings=kept").findings) == "kept"


@pytest.mark.parametrize(
    ("arguments", "ini", "message"),
    [
        (
            ["--cohortprop-profile=hostil"],
            "",
            "cohortprop: profile: choose one of documented, realistic, hostile, not 'hostil'",
        ),
        (["--cohortprop-seed=x"], "", "cohortprop: --cohortprop-seed: expected a whole number, got 'x'"),
        ([], "cohortprop_seed = x", "cohortprop: cohortprop_seed: expected a whole number, got 'x'"),
        (
            ["--cohortprop-html"],
            "",
            "cohortprop: html: pages stand beside saved findings; say where, with --cohortprop-findings DIR",
        ),
        (["--cohortprop-trials=-1"], "", "cohortprop: trials: expected 0 or more, got -1"),
        (["--cohortprop-time-limit=0"], "", "cohortprop: time-limit: expected more than 0 seconds, got 0.0"),
        (["--cohortprop-dialect=full_sync"], "", "cohortprop: *full_sync*"),
    ],
)
def test_what_cannot_be_used_is_wrong_usage_in_one_line(
    project: Project, arguments: list[str], ini: str, message: str
) -> None:
    project.pytester.makeini(f"[pytest]\n{ini}")
    result = project.run(*arguments)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines([f"ERROR: {message}"])
    assert len([line for line in result.errlines if line.strip()]) == 1


@pytest.mark.parametrize(
    ("argument", "message"),
    [
        ("--cohortprop-check=memberships", "no check is called 'memberships'; there are membership, *"),
        ("--cohortprop-baseline=none.json", "none.json: cannot be read: No such file or directory"),
    ],
)
def test_what_turns_out_to_be_wrong_on_collection_is_told_once(project: Project, argument: str, message: str) -> None:
    result = project.run(*TARGET, argument)
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines([message])


def test_the_receiver_is_reached_and_looked_into_as_asked(project: Project) -> None:
    project.write(
        shop="""
        import json

        members = {}

        def app(environ, start_response):
            given = (environ["PATH_INFO"], environ.get("HTTP_X_KEY"), "HTTP_AUTHORIZATION" in environ)
            if given != ("/hook", "k", True):
                start_response("404 Not Found", [])
                return [b"nowhere"]
            message = json.loads(environ["wsgi.input"].read())
            ids = {member["mixpanel_distinct_id"] for member in message["parameters"]["members"]}
            held = members.setdefault(message["parameters"]["mixpanel_cohort_id"], set())
            held |= ids  # whatever the action
            start_response("200 OK", [("Content-Type", "application/json")])
            return [json.dumps({"action": message["action"], "status": "success"}).encode()]

        def held(cohort):
            return members.get(cohort, ())
        """
    )
    arguments = ("--cohortprop=shop:app", "--cohortprop-trials=0", "-k", "a-plain-diff", "-rfE")
    (message,) = failures(project.run(*arguments)).values()
    assert message.startswith("Failed: acceptance/")
    reached = (*arguments, "--cohortprop-path=/hook", "--cohortprop-header=X-Key: k", "--cohortprop-auth=me:s")
    project.run(*reached).assert_outcomes(passed=1, deselected=ITEMS - 2)
    probed = (*reached, "--cohortprop-members=shop:held", "--cohortprop-reset=shop:members.clear")
    (message,) = failures(project.run(*probed)).values()
    assert message.startswith("Failed: membership/remove-i")
    project.run(*probed, "--cohortprop-without=membership").assert_outcomes(passed=1, deselected=ITEMS - 2)


def test_readings_can_be_pinned(project: Project) -> None:
    arguments = (*TARGET, "--cohortprop-trials=0", "-k", "two-pages")
    project.write(
        conftest="""
        import pytest
        from cohortprop.simulation import World

        @pytest.fixture(autouse=True)
        def spy(monkeypatch):
            original = World.__init__
            def init(self, receiver, transport, scenario, *others):
                print("full syncs by", scenario.dialect.full_sync)
                original(self, receiver, transport, scenario, *others)
            monkeypatch.setattr(World, "__init__", init)
        """
    )
    project.run(*arguments, "-s").stdout.fnmatch_lines(["*full syncs by members"])
    project.run(*arguments, "-s", "--cohortprop-dialect=full_sync=add_members").stdout.fnmatch_lines(
        ["*full syncs by add_members"]
    )


def test_findings_are_saved_when_asked(project: Project) -> None:
    target = ("--cohortprop=cohortprop.zoo:merges_full_sync", "--cohortprop-trials=0", "-k", "four-days-down]")
    project.run(*target)
    assert not (project.path / ".cohortprop").exists()
    result = project.run(*target, "--cohortprop-findings=kept")
    (kept,) = (project.path / "kept").iterdir()
    assert kept.name.startswith("membership-ghost-after-full-sync-")
    assert f"Saved as kept/{kept.name}" in result.outlines
    result = project.run(*target, "--cohortprop-findings=kept", "--cohortprop-html")
    page = kept.with_suffix(".html")
    assert f"To read: kept/{page.name}" in result.outlines
    assert "ghost-after-full-sync" in page.read_text("utf-8")


def test_what_is_accepted_fails_no_test(project: Project) -> None:
    from cohortprop.findings import save_baseline

    save_baseline(project.path / "accepted.json", [("membership", "ghost-after-full-sync")])
    target = (
        "--cohortprop=cohortprop.zoo:merges_full_sync",
        "--cohortprop-trials=4",
        "-k",
        "search or four-days-down]",
    )
    project.run(*target, "--cohortprop-seed=1").assert_outcomes(failed=2, deselected=ITEMS - 2)
    project.run(*target, "--cohortprop-baseline=accepted.json").assert_outcomes(passed=2, deselected=ITEMS - 2)


def test_without_the_canonical_scenarios_there_is_the_search(project: Project) -> None:
    result = project.run(*TARGET, "--cohortprop-no-canonical", "--collect-only", "-q")
    assert "1 test collected" in result.stdout.str()
    result = project.run(*TARGET, "--cohortprop-trials=0", "--collect-only", "-q")
    assert f"{ITEMS - 1} tests collected" in result.stdout.str()


def test_advice_is_told_at_the_end_and_fails_only_when_asked_to(project: Project) -> None:
    target = (
        "--cohortprop=cohortprop.zoo:answers_created",
        "--cohortprop-trials=1",
        "-k",
        "search or plain or two-pages",
    )
    result = project.run(*target)
    result.assert_outcomes(passed=3, deselected=ITEMS - 3)
    result.stdout.fnmatch_lines(["*= cohortprop advice =*", "envelope/unusual-success-status: * (2 tests)"])
    assert result.stdout.str().count("unusual-success-status") == 1
    project.run(*target, "--cohortprop-fail-on-advice").assert_outcomes(failed=3, deselected=ITEMS - 3)
