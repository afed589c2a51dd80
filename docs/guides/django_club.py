"""A club that mails whoever enters one of its lists, in Django: settings, models and view in one file."""

import json
from smtplib import SMTPException

import django
from django.conf import settings

settings.configure(
    SECRET_KEY="not a secret",
    ALLOWED_HOSTS=["testserver"],
    ROOT_URLCONF=__name__,
    INSTALLED_APPS=[],
    DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}},
    DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
    EMAIL_BACKEND="django.core.mail.backends.smtp.EmailBackend",
    USE_TZ=True,
)
django.setup()

from django.core.mail import get_connection, send_mail  # noqa: E402 - not before setup()
from django.core.wsgi import get_wsgi_application  # noqa: E402
from django.db import connection, models, transaction  # noqa: E402
from django.http import JsonResponse  # noqa: E402
from django.urls import path  # noqa: E402
from django.views.decorators.csrf import csrf_exempt  # noqa: E402


class Member(models.Model):
    list_id = models.CharField(max_length=50)
    user = models.CharField(max_length=255)
    session = models.CharField(max_length=50)

    class Meta:
        app_label = "club"
        constraints = [models.UniqueConstraint(fields=["list_id", "user"], name="member_once")]


class Page(models.Model):
    session = models.CharField(max_length=50)
    number = models.IntegerField()

    class Meta:
        app_label = "club"
        constraints = [models.UniqueConstraint(fields=["session", "number"], name="page_once")]


class Welcome(models.Model):
    list_id = models.CharField(max_length=50)
    user = models.CharField(max_length=255)
    address = models.CharField(max_length=1000)
    sent = models.BooleanField(default=False)

    class Meta:
        app_label = "club"
        constraints = [models.UniqueConstraint(fields=["list_id", "user"], name="welcome_once")]


MODELS = (Member, Page, Welcome)


def create_tables():
    """In place of migrations."""
    with connection.schema_editor() as editor:
        for model in MODELS:
            editor.create_model(model)


ACTIONS = ("members", "add_members", "remove_members")
NOT_A_DELIVERY = (AttributeError, KeyError, RecursionError, TypeError, ValueError)


def read(data):
    """What a delivery says; an exception if it is none."""
    body = json.loads(data)
    if body["action"] not in ACTIONS:
        raise ValueError("unknown action")
    parameters = body["parameters"]
    page = parameters.get("page_info", {"page_count": 1, "total_pages": 1})
    addresses = {member["mixpanel_distinct_id"]: member.get("email") for member in parameters["members"]}
    for user in addresses:
        user.encode()  # which only text can, and only if it can be stored
    return body["action"], parameters["mixpanel_cohort_id"], parameters["mixpanel_session_id"], page, addresses


@csrf_exempt
def webhook(request):
    try:
        delivery = read(request.body)
    except NOT_A_DELIVERY as error:
        return failure("unknown", 400, error)
    take(*delivery)
    try:
        send_welcomes(delivery[1])
    except (OSError, SMTPException) as error:
        return failure(delivery[0], 503, error)
    return JsonResponse({"action": delivery[0], "status": "success"})


def failure(action, code, error):
    reason = {"message": repr(error), "code": code}
    return JsonResponse({"action": action, "status": "failure", "error": reason}, status=code)


@transaction.atomic
def take(action, list_id, session, page, addresses):
    members = Member.objects.filter(list_id=list_id)
    if action == "remove_members":
        members.filter(user__in=addresses).delete()
        return
    Member.objects.bulk_create(
        [Member(list_id=list_id, user=user, session=session) for user in addresses],
        update_conflicts=True,
        unique_fields=["list_id", "user"],
        update_fields=["session"],
    )
    Welcome.objects.bulk_create(
        [Welcome(list_id=list_id, user=user, address=address) for user, address in addresses.items() if address],
        ignore_conflicts=True,
    )
    if action == "members":
        Page.objects.get_or_create(session=session, number=page["page_count"])
        if Page.objects.filter(session=session).count() == page["total_pages"]:
            members.exclude(session=session).delete()


def send_welcomes(list_id):
    unsent = Welcome.objects.filter(list_id=list_id, sent=False)
    if not unsent:
        return
    with get_connection() as mailer:
        for each in unsent:
            send_mail("Welcome", "Nice to have you.", "club@example.com", [each.address], connection=mailer)
            Welcome.objects.filter(pk=each.pk).update(sent=True)


urlpatterns = [path("mixpanel/", webhook)]
application = get_wsgi_application()
