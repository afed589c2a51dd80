"""The club as cohortprop runs it: tables emptied before each trial, mails sent to a server of ours."""

from django.conf import settings
from django.db import connection
from django_club import MODELS, Member, application, create_tables

from cohortprop import Receiver
from cohortprop.contrib.django import empty_tables
from cohortprop.effects import SmtpSink

mails = SmtpSink().start()
settings.EMAIL_HOST, settings.EMAIL_PORT = mails.host, mails.port
empty = empty_tables(*MODELS)  # without an argument: all tables of INSTALLED_APPS


def members(list_id):
    return Member.objects.filter(list_id=list_id).values_list("user", flat=True)


def reset():
    empty()
    mails.reset()


receiver = Receiver(
    mails.watch(application),  # reads in each delivery whose address is whose
    path="/mixpanel/",
    base_url="http://testserver",  # one of ALLOWED_HOSTS
    members=members,
    arrivals=mails.arrivals,
    arrival_policy="once_per_user",
    reset=reset,
    dependency=mails.failing,
    excludes=["optional_fields=populated"],  # whoever has no address gets no mail
)


def with_tables():
    """For the command line, where nobody has made the tables."""
    if not connection.introspection.table_names():
        create_tables()
    return receiver
