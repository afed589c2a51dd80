import pytest
from django_club import create_tables
from django_club_receiver import receiver

from cohortprop.pytest_plugin import CohortSyncTests


@pytest.fixture(scope="session")
def django_db_setup(django_db_blocker):
    with django_db_blocker.unblock():  # a project leaves this fixture out: pytest-django runs its migrations
        create_tables()


@pytest.fixture
def cohort_receiver(transactional_db, settings):
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"  # pytest-django keeps mails in memory
    return receiver


class TestClub(CohortSyncTests):
    pass
