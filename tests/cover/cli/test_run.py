"""`cohortprop run`: what it finds, says, saves and exits with."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from cohortprop import __version__
from tests.cover.cli.conftest import Run, environment

GHOST = "membership-ghost-after-full-sync"
QUICK = ("--trials", "0", "--seed", "7")
"""The canonical scenarios only."""

Write = Callable[[str], str]


def saved_names(folder: Path, *more: str) -> list[str]:
    return sorted(each.name[:-14] for each in folder.joinpath(".cohortprop", "findings", *more).glob("*.json"))


def test_a_faulty_receiver_of_the_zoo(cohortprop: Run, folder: Path) -> None:
    said = cohortprop("run", "cohortprop.zoo:merges_full_sync", *QUICK)
    assert said.code == 1
    assert said.err == ""
    first, *_ = said.out.splitlines()
    assert first == f"cohortprop {__version__}: cohortprop.zoo:merges_full_sync, profile realistic, seed 7"
    assert "BUG membership / ghost-after-full-sync" in said.out
    assert "What happened" in said.out
    assert "1 bug found in cohortprop.zoo:merges_full_sync" in said.out
    assert saved_names(folder) == [GHOST]
    path = next(folder.glob(f".cohortprop/findings/{GHOST}-*.json")).relative_to(folder)
    assert f"To replay   cohortprop replay {path}\n" in said.out
    assert said.out.splitlines()[-1] == (
        "To repeat   cohortprop run cohortprop.zoo:merges_full_sync --seed 7 --trials 0"
    )


def test_a_correct_receiver_of_the_zoo(cohortprop: Run, folder: Path) -> None:
    said = cohortprop("run", "cohortprop.zoo:stages_full_syncs", "--trials", "3", "--seed", "7")
    assert (said.code, said.err) == (0, "")
    assert "No bug found in cohortprop.zoo:stages_full_syncs" in said.out
    assert "BUG" not in said.out
    assert saved_names(folder) == []


def test_a_flask_app_written_by_a_user(cohortprop: Run, shop: str) -> None:
    right = cohortprop("run", f"{shop}:receiver", *QUICK)
    assert (right.code, right.err) == (0, "")
    assert re.search(r"^Not run +arrivals: needs arrivals", right.out, re.MULTILINE)
    wrong = cohortprop("run", f"{shop}:merging", *QUICK)
    assert (wrong.code, wrong.err) == (1, "")
    assert "BUG membership / ghost-after-full-sync" in wrong.out
    # What it prints is held with its log, and shown once, with the finding.
    assert right.out.count("printed by the app") == 0
    assert wrong.out.count("PRINTED stdout: printed by the app") == 1


def test_a_bare_app_runs_the_checks_that_need_no_probe(cohortprop: Run, shop: str) -> None:
    said = cohortprop("run", f"{shop}:app", "--path", "/hook", *QUICK)
    assert said.code == 0
    assert re.search(r"^Not run +membership: needs members", said.out, re.MULTILINE)
    assert re.search(r"^Checks +acceptance, envelope", said.out, re.MULTILINE)


def test_a_bare_app_with_its_probe_and_reset_named_beside_it(cohortprop: Run, shop: str) -> None:
    options = ("--path", "/hook", "--members", f"{shop}:members_of_app", "--reset", f"{shop}:empty_app")
    said = cohortprop("run", f"{shop}:app", *options, *QUICK)
    assert said.code == 0
    assert re.search(r"^Checks +membership, acceptance, envelope", said.out, re.MULTILINE)


@pytest.mark.parametrize(
    ("name", "said"),
    [
        (
            "shared",
            (
                "the receiver is not empty at the start of a trial: members('1001') already yields ['A', 'C', 'E', "
                "'F']; build a fresh app in the factory, or give Receiver(reset=...)"
            ),
        ),
        (
            "no_such_name",
            ("{0} has no 'no_such_name'; it has app, create_app, empty_app, members_of_app, merging, receiver"),
        ),
    ],
)
def test_what_is_wrong_with_the_target_is_one_line(name: str, said: str, cohortprop: Run, shop: str) -> None:
    answer = cohortprop("run", f"{shop}:{name}", *QUICK)
    assert (answer.code, answer.err) == (2, f"cohortprop: error: {said.format(shop)}\n")


PROBES = """
from cohortprop import Receiver, zoo

calls = 0


def with_(**others):
    good = zoo.applies_each_page()
    return Receiver(good.app, **{"members": good.members, **others})


def fails_once(cohort):
    global calls
    calls += 1
    if calls == 600:
        raise OSError("disk full")
    return ()


def raising(): return with_(members=lambda cohort: {}[cohort])
def none(): return with_(members=lambda cohort: None)
def text(): return with_(members=lambda cohort: "ann")
def odd(): return with_(arrivals=lambda: ["ann"])
def reset(): return with_(reset=lambda: 1 / 0)
def restart(): return with_(restart=lambda: 1 / 0)
def restart_app(): return with_(restart=lambda: "app")
def drain(): return with_(drain=lambda: 1 / 0)
def dependency(): return with_(dependency=lambda: None)
"""

ZERO = "ZeroDivisionError: division by zero ({0}.py, line "


@pytest.mark.parametrize(
    ("name", "said"),
    [
        (
            "raising",
            (
                "Receiver(members=...) failed: KeyError: '1001' ({0}.py, line 19); a cohort that it does not know "
                "has no members"
            ),
        ),
        (
            "none",
            (
                "Receiver(members=...) returned None for cohort '1001': expected the ids, an empty list if it does "
                "not know the cohort"
            ),
        ),
        (
            "text",
            (
                "Receiver(members=...) returned 'ann' for cohort '1001': expected the ids, an empty list if it does "
                "not know the cohort"
            ),
        ),
        ("odd", "Receiver(arrivals=...): expected pairs of cohort id and id, got ['ann']"),
        ("reset", f"Receiver(reset=...) failed: {ZERO}23)"),
        ("restart", f"Receiver(restart=...) failed: {ZERO}24)"),
        ("restart_app", "Receiver(restart=...) returned 'app': expected the new app, or None"),
        ("drain", f"Receiver(drain=...) failed: {ZERO}26)"),
    ],
)
def test_what_is_wrong_with_a_probe_is_one_line(name: str, said: str, cohortprop: Run, module: Write) -> None:
    written = module(PROBES)
    answer = cohortprop("run", f"{written}:{name}", *QUICK)
    assert (answer.code, answer.err) == (2, f"cohortprop: error: {said.format(written)}\n")


def test_a_dependency_that_is_no_context_manager(cohortprop: Run, module: Write) -> None:
    options = ("--no-canonical", "--trials", "50", "--seed", "1")
    answer = cohortprop("run", f"{module(PROBES)}:dependency", *options)
    assert answer.code == 2
    assert re.fullmatch(
        r"cohortprop: error: Receiver\(dependency=...\) failed: TypeError: '.*NoneType' object does not support the "
        r"context manager protocol\n",
        answer.err,
    )


def test_a_probe_that_fails_once_in_the_search_is_told_as_it_is(cohortprop: Run, module: Write) -> None:
    written = module(PROBES + "\ndef once(): return with_(members=fails_once)\n")
    answer = cohortprop("run", f"{written}:once", "--no-canonical", "--without", "membership", "--check", "envelope",
                        "--seed", "1")  # fmt: skip
    assert (
        answer.err == f"cohortprop: error: Receiver(members=...) failed: OSError: disk full ({written}.py, line 15)\n"
    )
    assert answer.code == 2


def test_a_check_that_does_not_exist(cohortprop: Run, shop: str) -> None:
    answer = cohortprop("run", f"{shop}:receiver", "--check", "memership")
    assert answer.code == 2
    assert answer.err.startswith("cohortprop: error: no check is called 'memership'; there are membership, arrivals, ")


def test_a_reading_that_does_not_exist(cohortprop: Run) -> None:
    answer = cohortprop("run", "x:y", "--dialect", "full_sync=removes")
    assert (answer.code, answer.err) == (
        2,
        "cohortprop: error: full_sync='removes': choose one of members, add_members\n",
    )


def test_no_check_that_could_run(cohortprop: Run, shop: str) -> None:
    answer = cohortprop("run", f"{shop}:app", "--check", "membership")
    assert (answer.code, answer.err) == (
        2,
        "cohortprop: error: no check can be run: membership needs Receiver(members=...)\n",
    )
    answer = cohortprop("run", f"{shop}:app", "--check", "envelope", "--without", "envelope")
    assert (answer.code, answer.err) == (2, "cohortprop: error: no check is left to be run\n")


def test_the_seed_is_drawn_and_printed_and_the_same_one_draws_the_same(cohortprop: Run) -> None:
    options = ("run", "cohortprop.zoo:casts_ids", "--no-canonical", "--no-save", "--trials", "9", "--seconds", "60")
    first = cohortprop(*options)
    seed = re.search(r"seed (\d+)", first.out)
    assert seed is not None
    assert (
        f"To repeat   cohortprop run cohortprop.zoo:casts_ids --seed {seed[1]} --no-canonical --trials 9 --seconds 60"
        in first.out
    )
    again = cohortprop(*options, "--seed", seed[1])
    done = r"^Done.*$"
    assert re.findall(done, first.out, re.MULTILINE) == re.findall(done, again.out, re.MULTILINE)
    other = cohortprop(*options, "--seed", str(int(seed[1]) + 1))
    assert re.findall(done, first.out, re.MULTILINE) != re.findall(done, other.out, re.MULTILINE)


def test_what_has_to_be_typed_again_has_the_options_but_no_secrets(cohortprop: Run, shop: str) -> None:
    options = ("--auth", "ann:geheim", "--header", "X-Key: geheim", "--path", "/hook", "--no-canonical", "--check",
               "envelope", "--no-save", "--profile", "hostile", "--trials", "1", "--seed", "1")  # fmt: skip
    said = cohortprop("run", f"{shop}:receiver", *options)
    last = said.out.splitlines()[-1]
    assert last == (
        f"To repeat   cohortprop run {shop}:receiver --seed 1 --auth 'ann:…' --header 'X-Key:…' --path /hook "
        "--no-canonical --check envelope --profile hostile --trials 1"
    )
    assert "geheim" not in said.out


def test_saved_findings_come_first_and_are_told_again(cohortprop: Run, folder: Path, shop: str) -> None:
    cohortprop("run", f"{shop}:merging", *QUICK)
    said = cohortprop("run", f"{shop}:merging", "--no-canonical", "--trials", "0")
    assert said.code == 1
    assert said.out.count("BUG membership / ghost-after-full-sync") == 1
    assert "(a saved finding)" in said.out
    assert "Accepted" not in said.out
    assert saved_names(folder) == [GHOST]


def test_what_is_fixed_is_put_aside(cohortprop: Run, folder: Path, shop: str) -> None:
    cohortprop("run", f"{shop}:merging", *QUICK)
    file = folder / f"{shop}.py"
    file.write_text(file.read_text("utf-8").replace("return receiver(merges=True)", "return receiver()"), "utf-8")
    left = cohortprop("run", f"{shop}:receiver", "--no-canonical", "--trials", "0")
    assert "fixed" not in left.out  # it was found in another target
    from importlib import import_module, reload

    reload(import_module(shop))
    kept = cohortprop("run", f"{shop}:merging", "--no-canonical", "--trials", "0", "--no-save")
    assert "fixed: membership/ghost-after-full-sync, .cohortprop/findings/membership-" in kept.out
    assert saved_names(folder) == [GHOST]
    said = cohortprop("run", f"{shop}:merging", "--no-canonical", "--trials", "0")
    assert said.code == 0
    line = next(line for line in said.out.splitlines() if line.startswith("fixed: "))
    assert re.fullmatch(
        rf"fixed: membership/ghost-after-full-sync, \.cohortprop/findings/{GHOST}-\w{{8}}\.json, "
        rf"now \.cohortprop/findings/fixed/{GHOST}-\w{{8}}\.json",
        line,
    )
    assert saved_names(folder) == []
    assert saved_names(folder, "fixed") == [GHOST]


def test_what_fails_otherwise_becomes_a_finding_of_its_own(cohortprop: Run, folder: Path) -> None:
    cohortprop("run", "cohortprop.zoo:merges_full_sync", *QUICK)
    path = next(folder.glob(".cohortprop/findings/*.json"))
    data = json.loads(path.read_text("utf-8")) | {"target": "cohortprop.zoo:answers_plain_ok"}
    path.write_text(json.dumps(data), "utf-8")
    said = cohortprop("run", "cohortprop.zoo:answers_plain_ok", "--no-canonical", "--trials", "0")
    assert said.code == 1
    assert "fails otherwise: membership/ghost-after-full-sync, .cohortprop/findings/membership-" in said.out
    assert "BUG envelope / no-envelope" in said.out
    assert saved_names(folder) == ["envelope-no-envelope"]
    assert saved_names(folder, "fixed") == [GHOST]


def test_saved_findings_that_cannot_be_judged_are_left_where_they_are(cohortprop: Run, folder: Path, shop: str) -> None:
    cohortprop("run", f"{shop}:merging", *QUICK)
    (folder / ".cohortprop/findings/a.json").write_text("{", "utf-8")
    said = cohortprop("run", f"{shop}:merging", "--no-canonical", "--trials", "0", "--check", "envelope")
    assert said.code == 0
    skipped = [line for line in said.out.splitlines() if line.startswith("skipped: ")]
    assert skipped[0].startswith("skipped: .cohortprop/findings/a.json: is not JSON: ")
    assert skipped[1].endswith(".json: the check 'membership' is not run")
    assert saved_names(folder) == ["", GHOST]


def test_nothing_is_written_when_nothing_is_to_be_saved(cohortprop: Run, folder: Path) -> None:
    before = os.environ.get("HYPOTHESIS_STORAGE_DIRECTORY")
    said = cohortprop("run", "cohortprop.zoo:merges_full_sync", "--no-save", "--trials", "2")
    assert said.code == 1
    assert "To replay" not in said.out
    assert list(folder.iterdir()) == []
    assert os.environ.get("HYPOTHESIS_STORAGE_DIRECTORY") == before


def test_all_that_a_run_leaves_behind_is_in_one_folder(folder: Path) -> None:
    # In a process of its own: in this one, Hypothesis may have written all that it ever will.
    line = [sys.executable, "-m", "cohortprop", "run", "cohortprop.zoo:merges_full_sync", "--trials", "2"]
    options = ["--findings", "out/found", "--no-canonical"]
    subprocess.run([*line, *options], capture_output=True, check=False, env=environment())
    assert [each.name for each in folder.iterdir()] == ["out"]
    assert [each.name[:-14] for each in folder.glob("out/found/*.json")] == [GHOST]


def test_of_several_saved_under_one_cause_one_is_told(cohortprop: Run, folder: Path) -> None:
    cohortprop("run", "cohortprop.zoo:merges_full_sync", *QUICK)
    path = next(folder.glob(".cohortprop/findings/*.json"))
    data = json.loads(path.read_text("utf-8"))
    data["scenario"]["start"] = "2027-01-05T09:00:00+00:00"
    (path.parent / "other.json").write_text(json.dumps(data), "utf-8")
    said = cohortprop("run", "cohortprop.zoo:merges_full_sync", "--json", *QUICK)
    data = json.loads(said.out)
    assert [each["verdict"] for each in data["saved"]] == ["still fails", "still fails"]
    assert len(data["findings"]) == 1


def test_the_first_finding_only(cohortprop: Run) -> None:
    every = cohortprop("run", "cohortprop.zoo:four_bugs", "--no-save", *QUICK)
    first = cohortprop("run", "cohortprop.zoo:four_bugs", "--no-save", "--first", *QUICK)
    assert (every.code, first.code) == (1, 1)
    assert first.out.count("\nBUG ") == 1
    assert every.out.count("\nBUG ") >= 4
    assert "1 bug found" in first.out
    assert "stopped at the first finding" in first.out
    cohortprop("run", "cohortprop.zoo:four_bugs", *QUICK)
    known = cohortprop("run", "cohortprop.zoo:four_bugs", "--first", *QUICK)
    assert known.out.count("\nBUG ") == 1
    assert "(a saved finding)" in known.out


def test_a_baseline_is_written_and_then_accepted(cohortprop: Run, folder: Path) -> None:
    run = ("run", "cohortprop.zoo:four_bugs", "--no-save", *QUICK, "--baseline", "known.json")
    missing = cohortprop(*run)
    assert (missing.code, missing.err) == (
        2,
        "cohortprop: error: known.json: cannot be read: No such file or directory\n",
    )
    written = cohortprop(*run, "--write-baseline")
    assert written.code == 0
    assert re.search(r"^accepted from now on: \d findings, in known\.json$", written.out, re.MULTILINE)
    accepted = cohortprop(*run)
    assert accepted.code == 0
    assert "BUG" not in accepted.out
    assert "Accepted" in accepted.out
    data = json.loads((folder / "known.json").read_text("utf-8"))
    ghost = {"check": "membership", "cause": "ghost-after-full-sync"}
    assert ghost in [{name: each[name] for name in ghost} for each in data["accepted"]]
    stale = {"check": "membership", "cause": "keyed-by-name", "title": ""}
    data["accepted"] = [*(each for each in data["accepted"] if each["cause"] != "ghost-after-full-sync"), stale]
    (folder / "known.json").write_text(json.dumps(data), "utf-8")
    new = cohortprop(*run)
    assert new.code == 1
    assert new.out.count("\nBUG ") == 1
    assert "accepted, but not met in this run: membership/keyed-by-name, in known.json" in new.out


def test_advice_fails_a_run_only_when_it_is_to(cohortprop: Run) -> None:
    run = ("run", "cohortprop.zoo:answers_created", "--no-save", *QUICK)
    told = cohortprop(*run)
    assert told.code == 0
    assert "envelope / unusual-success-status" in told.out
    assert cohortprop(*run, "--fail-on-advice").code == 1


def test_quiet_prints_names_and_the_verdict(cohortprop: Run, shop: str) -> None:
    said = cohortprop("run", f"{shop}:merging", "--quiet", *QUICK)
    assert said.code == 1
    assert said.out.startswith("BUG membership / ghost-after-full-sync: A full sync is merged into what is held")
    assert "What happened" not in said.out
    assert f"1 bug found in {shop}:merging" in said.out
    assert len(said.out.splitlines()) <= 5 + said.out.count("not run: ")
    right = cohortprop("run", f"{shop}:receiver", "--quiet", *QUICK)
    assert [line.partition(":")[0] for line in right.out.splitlines()[1:]] == ["not run"] * said.out.count("not run: ")


def test_json_is_all_that_is_printed(cohortprop: Run, shop: str) -> None:
    cohortprop("run", f"{shop}:merging", *QUICK)
    said = cohortprop("run", f"{shop}:merging", "--json", *QUICK)
    assert (said.code, said.err) == (1, "")
    data = json.loads(said.out)
    assert data["target"] == f"{shop}:merging"
    assert data["seed"] == 7
    assert [(each["check"], each["cause"]) for each in data["findings"]] == [("membership", "ghost-after-full-sync")]
    assert [each["verdict"] for each in data["saved"]] == ["still fails"]
    assert data["saved"][0]["file"].startswith(".cohortprop/findings/membership-")


def test_what_a_module_prints_does_not_spoil_the_json(cohortprop: Run, module: Write) -> None:
    written = module("print('imported')\nfrom cohortprop.zoo import applies_each_page as receiver")
    said = cohortprop("run", f"{written}:receiver", "--json", *QUICK)
    assert json.loads(said.out)["findings"] == []
    assert said.err == "imported\n"


def test_what_cannot_be_saved_is_told_all_the_same(cohortprop: Run, folder: Path) -> None:
    (folder / "file").write_text("", "utf-8")
    said = cohortprop("run", "cohortprop.zoo:merges_full_sync", "--findings", "file/found", *QUICK)
    assert said.code == 1
    assert "BUG membership / ghost-after-full-sync" in said.out
    assert re.search(r"^Not saved   file/found/membership-.*\.json: cannot be written: ", said.out, re.MULTILINE)
    assert "To replay" not in said.out


def test_what_cannot_be_put_aside_stays_and_is_told(cohortprop: Run, folder: Path, shop: str) -> None:
    cohortprop("run", f"{shop}:merging", *QUICK)
    path = next(folder.glob(".cohortprop/findings/*.json"))
    data = json.loads(path.read_text("utf-8")) | {"target": f"{shop}:receiver"}
    path.write_text(json.dumps(data), "utf-8")
    (path.parent / "fixed").write_text("in the way", "utf-8")
    said = cohortprop("run", f"{shop}:receiver", *QUICK)
    assert said.code == 0
    line = next(line for line in said.out.splitlines() if line.startswith("fixed: "))
    assert re.search(r"\.json, but .*\.json: cannot be moved to \.cohortprop/findings/fixed: File exists$", line)
    assert path.exists()


def test_what_the_baseline_accepts_is_no_news_from_a_saved_finding_either(cohortprop: Run, folder: Path) -> None:
    cohortprop("run", "cohortprop.zoo:merges_full_sync", *QUICK)
    path = next(folder.glob(".cohortprop/findings/*.json"))
    data = json.loads(path.read_text("utf-8")) | {"target": "cohortprop.zoo:answers_plain_ok"}
    path.write_text(json.dumps(data), "utf-8")
    run = ("run", "cohortprop.zoo:answers_plain_ok", "--no-canonical", "--trials", "5", "--baseline", "known.json")
    assert cohortprop(*run, "--findings", "elsewhere", "--write-baseline").code == 0
    said = cohortprop(*run)
    assert said.code == 0
    assert "fixed: membership/ghost-after-full-sync" in said.out


@pytest.mark.parametrize(
    ("answer", "hint"),
    [
        ("404", "404: is the path '/' right? --path or Receiver(path=...) says another"),
        ("405", "405: is the path '/' right, and does it take POST? --path or Receiver(path=...) says another"),
        ("401", "401: are the credentials right? See --auth and --header, or Receiver(auth=..., headers=...)"),
        ("403", "403: are the credentials right (--auth, --header), and is the view exempt from CSRF protection?"),
        ("400", "400: does the app accept the host in http://localhost? Receiver(base_url=...) says another"),
        ("308", "308, a redirect: does the path '/' lack a slash at its end, or the URL http://localhost/ an s?"),
    ],
)
def test_when_every_delivery_is_turned_away_there_is_a_hint(
    answer: str, hint: str, cohortprop: Run, module: Write
) -> None:
    written = module(f'''
        def app(environ, start_response):
            start_response("{answer} Turned away", [])
            return [b""]
    ''')
    said = cohortprop("run", f"{written}:app", "--no-save", *QUICK)
    assert said.code == 1
    assert f"Hint        every delivery is answered {hint}\n" in said.out


NO_HINT = {
    "takes_others": """
        import json

        def app(environ, start_response):
            body = json.load(environ["wsgi.input"])
            if not body["parameters"]["members"]:
                start_response("404 Not Found", [])
                return [b"nobody"]
            start_response("206 Taken", [])
            return [b"done"]
    """,
    "answers_itself": """
        import json

        def app(environ, start_response):
            body = json.load(environ["wsgi.input"])
            start_response("404 Not Found", [("Content-Type", "application/json")])
            error = {"message": "no such cohort", "code": 404}
            return [json.dumps({"action": body["action"], "status": "failure", "error": error}).encode()]
    """,
}


@pytest.mark.parametrize("name", NO_HINT)
def test_there_is_no_hint_when_the_app_itself_decides(name: str, cohortprop: Run, module: Write) -> None:
    said = cohortprop("run", f"{module(NO_HINT[name])}:app", "--no-save", *QUICK)
    assert said.code == 1
    assert "BUG acceptance" in said.out
    assert "Hint" not in said.out


def test_the_table_of_pyproject_says_the_same_as_options(cohortprop: Run, folder: Path, shop: str) -> None:
    (folder / "pyproject.toml").write_text(
        f'[tool.cohortprop]\ntarget = "{shop}:merging"\ntrials = 0\nseed = 3\nquiet = true\nfindings = "known"\n'
        'check = ["envelope"]\n',
        "utf-8",
    )
    said = cohortprop("run")
    assert (said.code, said.out.count("\n")) == (0, 1)
    assert said.out.startswith(f"No bug found in {shop}:merging")
    said = cohortprop("run", "--check", "membership", "--no-quiet")
    assert said.code == 1
    assert f"{shop}:merging, profile realistic, seed 3" in said.out
    assert list(folder.glob("known/membership-*.json"))


def test_a_mistake_in_pyproject_is_one_line(cohortprop: Run, folder: Path) -> None:
    (folder / "pyproject.toml").write_text("[tool.cohortprop]\ntrails = 0\n", "utf-8")
    said = cohortprop("run", "x:y")
    assert (said.code, said.out) == (2, "")
    where = f"{folder / 'pyproject.toml'}: [tool.cohortprop]"
    assert said.err == f"cohortprop: error: {where} has no key 'trails'; did you mean 'trials'?\n"
