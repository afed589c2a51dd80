"""How cohortprop reaches the CRM, looks into it, and empties it between trials."""

from crm import Contact, Page, application
from django.db import connection

from cohortprop import Receiver

with connection.schema_editor() as editor:  # in place of migrations
    for model in (Contact, Page):
        editor.create_model(model)


def members(cohort_id):
    return Contact.objects.filter(segment=cohort_id).values_list("user", flat=True)


def reset():
    Contact.objects.all().delete()
    Page.objects.all().delete()


receiver = Receiver(
    application,
    path="/mixpanel/",
    base_url="http://testserver",  # one of ALLOWED_HOSTS
    members=members,
    reset=reset,
)
