"""Apps as users write them, each with a bug: caught through the plugin, and passed once they are mended."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.pytest.conftest import Project, failures
from tests.pytest.counts import ITEMS

APPS = Path(__file__).with_name("apps")


@dataclass(frozen=True)
class App:
    """An app of a user, and the tests that they write for it.

    Args:
        name: of its module.
        bug: a piece of its code.
        mended: the same piece, right.
        tests: the test file.
        as_a: check and cause, or how they begin.
        canonical: a canonical scenario that shows the bug; empty when it takes a search.
    """

    name: str
    bug: str
    mended: str
    tests: str
    as_a: str
    canonical: str = ""


FLASK = App(
    "flask_shop",
    bug='page["page_count"] == page["total_pages"] - 1:',
    mended='page["page_count"] == page["total_pages"]:',
    tests="""
        import pytest
        from cohortprop import Receiver
        from cohortprop.pytest_plugin import CohortSyncTests
        from flask_shop import Shop, create_app

        def create_receiver():
            shop = Shop()
            return Receiver(
                create_app(shop),
                path="/mixpanel/cohorts",
                auth=("mixpanel", "s3cret"),
                members=shop.members,
                arrivals=shop.mails,
            )

        @pytest.fixture
        def cohort_receiver():
            return create_receiver

        class TestShop(CohortSyncTests):
            pass
    """,
    as_a="membership/ghost-after-full-sync",
    canonical="everyone-leaves",
)

DJANGO = App(
    "django_crm",
    bug="distinct_id=each) for each in distinct_ids)",
    mended="distinct_id=each) for each in new)",
    tests="""
        import pytest
        import django_crm
        from cohortprop import Receiver
        from cohortprop.pytest_plugin import CohortSyncTests

        @pytest.fixture(scope="session")
        def cohort_receiver():
            django_crm.create_tables()
            return Receiver(
                django_crm.application,
                path="/mixpanel/",
                base_url="http://testserver",
                members=django_crm.held,
                arrivals=django_crm.greetings,
                reset=django_crm.empty_tables,
            )

        class TestCrm(CohortSyncTests):
            pass
    """,
    as_a="arrivals/duplicate-on-",
    canonical="a-lost-acknowledgement",
)

WSGI = App(
    "wsgi_hook",
    bug="held ^= ids",
    mended="held -= ids",
    tests="""
        import pytest
        from cohortprop.pytest_plugin import CohortSyncTests
        from wsgi_hook import create_receiver

        @pytest.fixture
        def cohort_receiver():
            return create_receiver

        class TestHook(CohortSyncTests):
            pass
    """,
    as_a="membership/remove-inverted",
)

FASTAPI = App(
    "fastapi_club",
    bug='page["page_count"] == page["total_pages"] > 1:',
    mended='page["page_count"] == page["total_pages"]:',
    tests="""
        import pytest
        from cohortprop import Receiver
        from cohortprop.pytest_plugin import CohortSyncTests
        from fastapi_club import create_app

        def create_receiver():
            app = create_app()

            async def members(cohort):
                return await app.state.club.members(cohort)

            async def arrivals():
                return await app.state.club.arrivals()

            return Receiver(
                app,
                path="/mixpanel/cohorts",
                auth=("mixpanel", "s3cret"),
                members=members,
                arrivals=arrivals,
            )

        @pytest.fixture
        def cohort_receiver():
            return create_receiver

        class TestClub(CohortSyncTests):
            pass
    """,
    as_a="membership/ghost-after-full-sync",
    canonical="everyone-leaves",
)

EACH_APP = pytest.mark.parametrize("app", [FLASK, DJANGO, WSGI, FASTAPI], ids=lambda app: app.name)


@EACH_APP
def test_the_bug_is_caught(project: Project, app: App) -> None:
    shutil.copy(APPS / f"{app.name}.py", project.path)
    project.write(test_it=app.tests)
    result = project.run_apart("-rfE", "-k", f"search or {app.canonical or 'search'}", "--cohortprop-seed=1")
    expected = [f"test_canonical[{app.canonical}]"] if app.canonical else []
    assert {test.rpartition("::")[2] for test in failures(result)} == {*expected, "runTest"}
    assert result.outlines.count("What happened") == len(expected) + 1
    result.stdout.fnmatch_lines([f"{app.as_a}*: *; *"])


@EACH_APP
def test_the_mended_app_passes(project: Project, app: App) -> None:
    source = (APPS / f"{app.name}.py").read_text("utf-8")
    assert source.count(app.bug) == 1
    project.write(**{app.name: source.replace(app.bug, app.mended), "test_it": app.tests})
    strict = ("-W", "error", "-W", "ignore::ResourceWarning")  # nobody closes the database of a trial
    result = project.run_apart("--cohortprop-trials=5", *strict)
    result.assert_outcomes(passed=ITEMS)
