"""A CRM that greets whoever enters a segment, in Django with its ORM, in one file.

It has one bug, which no example test of its author would meet.
"""

from __future__ import annotations

import json
from typing import Any

import django
from django.conf import settings

settings.configure(
    SECRET_KEY="not a secret",
    ALLOWED_HOSTS=["testserver"],
    ROOT_URLCONF=__name__,
    DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}},
    DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
    MIDDLEWARE=["django.middleware.common.CommonMiddleware"],
    USE_TZ=True,
)
django.setup()

from django.core.wsgi import get_wsgi_application  # noqa: E402 - Django has to be set up before this
from django.db import connection, models, transaction  # noqa: E402
from django.http import HttpRequest, JsonResponse  # noqa: E402
from django.urls import path  # noqa: E402
from django.views.decorators.csrf import csrf_exempt  # noqa: E402
from django.views.decorators.http import require_POST  # noqa: E402


class Contact(models.Model):
    """Somebody in a segment."""

    segment = models.CharField(max_length=50)
    distinct_id = models.CharField(max_length=255)

    class Meta:
        app_label = "crm"
        constraints = (models.UniqueConstraint(fields=["segment", "distinct_id"], name="once"),)


class StagedPage(models.Model):
    """A page of a full sync that is not complete yet."""

    segment = models.CharField(max_length=50)
    session = models.CharField(max_length=50)
    number = models.IntegerField()
    distinct_ids = models.JSONField()

    class Meta:
        app_label = "crm"


class Greeting(models.Model):
    """A greeting that was sent."""

    segment = models.CharField(max_length=50)
    distinct_id = models.CharField(max_length=255)

    class Meta:
        app_label = "crm"


MODELS = (Contact, StagedPage, Greeting)


def create_tables() -> None:
    """In place of migrations."""
    with connection.schema_editor() as editor:
        for model in MODELS:
            editor.create_model(model)


def empty_tables() -> None:
    """For the tests."""
    for model in MODELS:
        model.objects.all().delete()


def held(segment: str) -> set[str]:
    """Who is in a segment."""
    return set(Contact.objects.filter(segment=segment).values_list("distinct_id", flat=True))


def greetings() -> list[tuple[str, str]]:
    """Who has been greeted."""
    return list(Greeting.objects.values_list("segment", "distinct_id"))


def enter(segment: str, distinct_ids: set[str]) -> None:
    """Whoever enters a segment is greeted."""
    new = distinct_ids - held(segment)
    Contact.objects.bulk_create(Contact(segment=segment, distinct_id=each) for each in new)
    Greeting.objects.bulk_create(Greeting(segment=segment, distinct_id=each) for each in distinct_ids)


def replace(segment: str, session: str, number: int, total: int, distinct_ids: set[str]) -> None:
    """The whole segment anew, when all of its pages have come."""
    pages = StagedPage.objects.filter(segment=segment, session=session)
    pages.filter(number=number).delete()
    StagedPage.objects.create(segment=segment, session=session, number=number, distinct_ids=sorted(distinct_ids))
    if pages.count() == total:
        everybody = {each for page in pages for each in page.distinct_ids}
        Contact.objects.filter(segment=segment, distinct_id__in=held(segment) - everybody).delete()
        enter(segment, everybody)
        pages.delete()


@csrf_exempt
@require_POST
@transaction.atomic
def webhook(request: HttpRequest) -> JsonResponse:
    """Mixpanel's cohort sync."""
    try:
        message: dict[str, Any] = json.loads(request.body)
        parameters = message["parameters"]
        segment = parameters["mixpanel_cohort_id"]
        distinct_ids = {str(member["mixpanel_distinct_id"]) for member in parameters["members"]}
        if message["action"] not in ("members", "add_members", "remove_members"):
            raise ValueError("unknown action")
    except (KeyError, RecursionError, TypeError, ValueError) as error:
        reason = {"message": repr(error), "code": 400}
        return JsonResponse({"action": "unknown", "status": "failure", "error": reason}, status=400)
    if message["action"] == "members":
        page = parameters.get("page_info", {"page_count": 1, "total_pages": 1})
        session = parameters["mixpanel_session_id"]
        replace(segment, session, page["page_count"], page["total_pages"], distinct_ids)
    elif message["action"] == "add_members":
        enter(segment, distinct_ids)
    else:
        Contact.objects.filter(segment=segment, distinct_id__in=distinct_ids).delete()
    return JsonResponse({"action": message["action"], "status": "success"})


urlpatterns = [path("mixpanel/", webhook)]
application = get_wsgi_application()
