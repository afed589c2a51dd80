"""A CRM's segments, in Django: settings, model and view in one file, so that it can be read at once."""

import json

import django
from django.conf import settings

settings.configure(
    SECRET_KEY="not a secret",
    ALLOWED_HOSTS=["testserver"],
    ROOT_URLCONF=__name__,
    DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}},
    DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
    USE_TZ=True,
)
django.setup()

from django.core.wsgi import get_wsgi_application  # noqa: E402 - not before setup()
from django.db import models, transaction  # noqa: E402
from django.http import JsonResponse  # noqa: E402
from django.urls import path  # noqa: E402
from django.views.decorators.csrf import csrf_exempt  # noqa: E402


class Contact(models.Model):
    segment = models.CharField(max_length=50)
    user = models.CharField(max_length=255)
    session = models.CharField(max_length=50)

    class Meta:
        app_label = "crm"
        constraints = [models.UniqueConstraint(fields=["segment", "user"], name="once")]


class Page(models.Model):
    session = models.CharField(max_length=50)
    number = models.IntegerField()

    class Meta:
        app_label = "crm"
        constraints = [models.UniqueConstraint(fields=["session", "number"], name="each_once")]


ACTIONS = ("members", "add_members", "remove_members")


def read(data):
    """What a delivery says; an exception if it is none."""
    body = json.loads(data)
    if body["action"] not in ACTIONS:
        raise ValueError("unknown action")
    parameters = body["parameters"]
    users = [member["mixpanel_distinct_id"] for member in parameters["members"]]
    page = parameters.get("page_info", {"page_count": 1, "total_pages": 1})
    return body["action"], parameters["mixpanel_cohort_id"], parameters["mixpanel_session_id"], page, users


@csrf_exempt
def webhook(request):
    try:
        delivery = read(request.body)
    except (AttributeError, KeyError, RecursionError, TypeError, ValueError) as error:
        reason = {"message": f"not a delivery: {error!r}", "code": 400}
        return JsonResponse({"action": "unknown", "status": "failure", "error": reason}, status=400)
    take(*delivery)
    return JsonResponse({"action": delivery[0], "status": "success"})


@transaction.atomic
def take(action, segment, session, page, users):
    contacts = Contact.objects.filter(segment=segment)
    if action == "remove_members":
        contacts.filter(user__in=users).delete()
    else:
        Contact.objects.bulk_create(
            [Contact(segment=segment, user=user, session=session) for user in users],
            update_conflicts=True,
            unique_fields=["segment", "user"],
            update_fields=["session"],
        )
    if action == "members":
        Page.objects.get_or_create(session=session, number=page["page_count"])
        if Page.objects.filter(session=session).count() == page["total_pages"]:
            contacts.exclude(session=session).delete()


urlpatterns = [path("mixpanel/", webhook)]
application = get_wsgi_application()
