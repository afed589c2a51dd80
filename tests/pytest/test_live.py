"""A URL, and a server that is started, behind the fixture `cohort_receiver`."""

from __future__ import annotations

import sys

import pytest

from tests.cover.transport.servers import PROGRAM, serving
from tests.pytest.conftest import Project

FEW = ("--cohortprop-trials=0", "--cohortprop-check=membership")
THREE = "two-pages or four-days-down-by-adds or a-plain-diff"


@pytest.mark.parametrize("merges", [False, True])
def test_a_url(merges: bool, project: Project) -> None:
    with serving() as server:
        server.merges = merges
        project.write(
            test_hook=f"""
            import pytest
            from cohortprop import Receiver
            from cohortprop.pytest_plugin import CohortSyncTests

            @pytest.fixture
            def cohort_receiver():
                return Receiver("{server.origin}/hook", members="GET /members/{{cohort_id}}#/ids")

            class TestWebhook(CohortSyncTests):
                pass

            def test_by_hand(cohort_sync):
                cohort_sync.join("ann")
                cohort_sync.sync()
                assert cohort_sync.members() == {{"ann"}}
            """
        )
        result = project.run(*FEW, "-k", f"{THREE} or by_hand")
    result.assert_outcomes(passed=3 if merges else 4, failed=1 if merges else 0)


def test_a_server_that_is_started(project: Project) -> None:
    command = [sys.executable, str(PROGRAM)]
    project.write(
        test_hook=f"""
        import pytest
        from cohortprop import Process, Receiver
        from cohortprop.pytest_plugin import CohortSyncTests

        SERVER = Process({command!r}, ready="/health", env={{"FAULT": "merges"}}, restarts=False)

        @pytest.fixture
        def cohort_receiver():
            return lambda: Receiver(SERVER, path="/hook", members="GET /members/{{cohort_id}}#/ids")

        class TestWebhook(CohortSyncTests):
            pass
        """
    )
    result = project.run(*FEW, "-k", THREE)
    result.assert_outcomes(passed=2, failed=1)
    assert "membership/ghost-after-full-sync" in result.stdout.str()


def test_a_url_on_the_command_line(project: Project) -> None:
    with serving() as server:
        members = ("--cohortprop-members", "GET /members/{cohort_id}#/ids")
        result = project.run("--cohortprop", f"{server.origin}/hook", FEW[0], "-k", THREE, *members)
    result.assert_outcomes(passed=3)
    assert (
        "not run: clock: needs virtual time, but a live receiver keeps its own clock (3 tests)" in result.stdout.str()
    )
