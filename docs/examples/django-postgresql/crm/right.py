"""The webhook."""

import json

from django.db import DatabaseError, transaction
from django.http import JsonResponse
from django.views.decorators.csrf import csrf_exempt

from crm.models import Contact, Page, Task

ACTIONS = ("members", "add_members", "remove_members")


def read(data):
    """What a delivery says; an exception if it is none."""
    body = json.loads(data)
    if body["action"] not in ACTIONS:
        raise ValueError("unknown action")
    parameters = body["parameters"]
    users = [member["mixpanel_distinct_id"] for member in parameters["members"]]
    segment, session = parameters["mixpanel_cohort_id"], parameters["mixpanel_session_id"]
    if "\0" in "".join([segment, session, *users]):
        raise ValueError("PostgreSQL keeps no NUL")
    page = parameters.get("page_info", {"page_count": 1, "total_pages": 1})
    return body["action"], segment, session, int(page["page_count"]), int(page["total_pages"]), users


@csrf_exempt
def webhook(request):
    try:
        delivery = read(request.body)
    except (AttributeError, KeyError, RecursionError, TypeError, ValueError) as error:
        return failure(400, f"not a delivery: {error!r}")
    try:
        take(*delivery)
    except DatabaseError as error:
        return failure(503, f"the database is not to be had: {error!r}", delivery[0])
    return JsonResponse({"action": delivery[0], "status": "success"})


def failure(code, message, action="unknown"):
    reason = {"message": message, "code": code}
    return JsonResponse({"action": action, "status": "failure", "error": reason}, status=code)


@transaction.atomic
def take(action, segment, session, page, pages, users):
    contacts = Contact.objects.filter(segment=segment)
    named = contacts.filter(user__in=users)
    if action == "remove_members":
        named.delete()
        return
    new = set(users).difference(named.values_list("user", flat=True))
    named.update(session=session)
    Contact.objects.bulk_create(Contact(segment=segment, user=user, session=session) for user in new)
    Task.objects.bulk_create(Task(segment=segment, user=user) for user in new)
    if action == "members":  # the whole segment: whom no page has named is not in it any more
        Page.objects.get_or_create(session=session, number=page)
        if Page.objects.filter(session=session).count() == pages:
            contacts.exclude(session=session).delete()
