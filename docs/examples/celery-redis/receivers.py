"""How cohortprop reaches the webhook, waits for the worker, looks into Redis, and empties it between trials."""

import json
import time

import right as right_tasks
import wrong as wrong_tasks
from celery.result import AsyncResult
from celery.signals import after_task_publish
from hook import create_app
from right import store

from cohortprop import Receiver

queued = []


@after_task_publish.connect
def remember(headers=None, **_):
    queued.append(headers["id"])


def drain():
    """Wait until the worker has done all that was queued."""
    while queued:
        result = AsyncResult(queued.pop(0), app=right_tasks.app)
        for _ in range(10_000):  # by count, since the clock stands still meanwhile
            if result.ready():
                break
            time.sleep(0.001)
        else:
            raise TimeoutError("the worker has not done its work: is it running?")


def members(cohort):
    return store.smembers(f"club:members:{cohort}")


def arrivals():
    return [json.loads(mail) for mail in store.lrange("club:mails", 0, -1)]


def reset():
    drain()  # what is left of the last trial
    for key in store.scan_iter("club:*"):
        store.delete(key)


def receiver(tasks):
    return Receiver(
        create_app(tasks.take),
        path="/mixpanel",
        members=members,
        arrivals=arrivals,
        reset=reset,
        drain=drain,
        restart=lambda: create_app(tasks.take),  # another process of the web server
    )


wrong = receiver(wrong_tasks)
right = receiver(right_tasks)
