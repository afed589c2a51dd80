"""Django's tables between trials, in a process of its own: Django can be set up once in each."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

SCRIPT = """
import django
from django.conf import settings

apps = ["django.contrib.contenttypes", "django.contrib.auth", "django.contrib.sessions"]
database = {"ENGINE": "django.db.backends.sqlite3", "NAME": "shop.db"}
settings.configure(INSTALLED_APPS=apps, DATABASES={"default": database}, USE_TZ=True)
django.setup()

from django.contrib.auth.models import Group, Permission, User
from django.contrib.contenttypes.models import ContentType
from django.core.management import call_command
from django.db import OperationalError, connection, transaction

from cohortprop.contrib.django import database_down, empty_tables
from cohortprop.errors import UsageError

try:
    empty_tables()()
except UsageError as error:
    print(error)
call_command("migrate", verbosity=0)
permissions, types = Permission.objects.count(), ContentType.objects.count()


def fill():
    user = User.objects.create(username="ann")
    user.groups.add(Group.objects.create(name="VIPs"))


def counts():
    return User.objects.count(), User.groups.through.objects.count(), Group.objects.count()


fill()
empty_tables(User)()
print(counts())
fill_again = User.objects.create(username="bob")
empty_tables()()
print(counts(), Permission.objects.count() == permissions, ContentType.objects.count() == types)
with transaction.atomic():  # as inside pytest-django's fixture db
    fill()
    empty_tables()()
    print(counts(), connection.in_atomic_block)
with database_down():
    try:
        User.objects.count()
    except OperationalError as error:
        print(error)
print(User.objects.count())
"""

SAID = """
empty_tables() finds no tables of INSTALLED_APPS: migrate first, or name the models
(0, 0, 1)
(0, 0, 0) True True
(0, 0, 0) True
the database was told to fail
0
"""


def test_tables_are_emptied_and_fail_when_told_to(tmp_path: Path) -> None:
    command = [sys.executable, "-W", "error", "-c", SCRIPT]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.stdout == SAID.lstrip(), done.stderr
