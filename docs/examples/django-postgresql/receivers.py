"""How cohortprop reaches the CRM, looks into it, empties it between trials, and takes its database away."""

import contextlib

from crm.wsgi import application
from django.db import connection

from cohortprop import Receiver

# Models cannot be imported before the application has set Django up.
# isort: split
from crm.models import Contact, Page, Task


def members(segment):
    return Contact.objects.filter(segment=segment).values_list("user", flat=True)


def arrivals():
    return Task.objects.values_list("segment", "user")


def reset():
    for model in (Contact, Page, Task):
        model.objects.all().delete()


@contextlib.contextmanager
def failing_over():
    """For a while the server is a copy that can be read only, as when the main one has just died."""
    with connection.cursor() as cursor:
        cursor.execute("ALTER DATABASE crm SET default_transaction_read_only = on")
    connection.close()
    yield
    with connection.cursor() as cursor:
        cursor.execute("SET default_transaction_read_only = off")
        cursor.execute("ALTER DATABASE crm RESET default_transaction_read_only")
    connection.close()


def receiver(path):
    return Receiver(
        application,
        path=path,
        base_url="http://testserver",  # one of ALLOWED_HOSTS
        members=members,
        arrivals=arrivals,
        reset=reset,
        dependency=failing_over,
    )


wrong = receiver("/wrong/")
right = receiver("/right/")
