"""The work: a set in Redis for each cohort, and a welcome mail for whoever enters one."""

import json
import os

from celery import Celery
from redis import Redis

REDIS_URL = os.environ.get("REDIS_URL", "redis://127.0.0.1:6379/0")

app = Celery("club", broker=REDIS_URL, backend=REDIS_URL)
store = Redis.from_url(REDIS_URL, decode_responses=True)


@app.task
def take(action, cohort, session, page, pages, users):
    if action == "remove_members":
        leave(cohort, users)
    elif action == "add_members":
        enter(cohort, users)
    else:  # the whole cohort, when all its pages are there
        come = f"club:pages:{session}"
        store.hset(come, page, json.dumps(users))
        store.expire(come, 24 * 3600)
        if store.hlen(come) == pages:
            everybody = {user for each in store.hvals(come) for user in json.loads(each)}
            leave(cohort, store.smembers(f"club:members:{cohort}") - everybody)
            enter(cohort, everybody)


def leave(cohort, users):
    if users:
        store.srem(f"club:members:{cohort}", *users)


def enter(cohort, users):
    for user in users:
        store.sadd(f"club:members:{cohort}", user)
        welcome(cohort, user)


def welcome(cohort, user):
    """Put a mail into the outbox."""
    store.rpush("club:mails", json.dumps([cohort, user]))
