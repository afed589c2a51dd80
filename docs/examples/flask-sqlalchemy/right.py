"""The VIP club of a shop: whoever is in a cohort gets a row, and whoever enters one gets a welcome mail."""

import json

from flask import Blueprint, Flask, request
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Mapped, mapped_column
from werkzeug.exceptions import BadRequest, HTTPException

from cohortprop import Receiver

db = SQLAlchemy()
hooks = Blueprint("hooks", __name__)

ACTIONS = ("members", "add_members", "remove_members")


class Member(db.Model):
    cohort: Mapped[str] = mapped_column(primary_key=True)
    user: Mapped[str] = mapped_column(primary_key=True)
    session: Mapped[str]  # the last one that named them


class Page(db.Model):
    """A page of a full sync that has come."""

    session: Mapped[str] = mapped_column(primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True)


class Mail(db.Model):
    """The outbox; a job sends what stands in it."""

    id: Mapped[int] = mapped_column(primary_key=True)
    cohort: Mapped[str]
    user: Mapped[str]


def create_app(database="sqlite:///shop.db"):
    app = Flask("shop")
    app.config["SQLALCHEMY_DATABASE_URI"] = database
    app.register_blueprint(hooks)
    db.init_app(app)
    with app.app_context():
        db.create_all()
    return app


def read(data):
    """What a delivery says; an exception if it is none."""
    body = json.loads(data)
    if body["action"] not in ACTIONS:
        raise ValueError("unknown action")
    parameters = body["parameters"]
    users = [member["mixpanel_distinct_id"] for member in parameters["members"]]
    cohort, session = parameters["mixpanel_cohort_id"], parameters["mixpanel_session_id"]
    if not all(isinstance(each, str) for each in (cohort, session, *users)):
        raise TypeError("ids are strings")
    page = parameters.get("page_info", {"page_count": 1, "total_pages": 1})
    return body["action"], cohort, session, int(page["page_count"]), int(page["total_pages"]), users


@hooks.post("/mixpanel")
def webhook():
    try:
        delivery = read(request.get_data())
    except (AttributeError, KeyError, RecursionError, TypeError, ValueError) as error:
        raise BadRequest(f"not a delivery: {error!r}") from None
    take(*delivery)
    db.session.commit()
    return {"action": delivery[0], "status": "success"}


@hooks.app_errorhandler(HTTPException)
def refuse(error):
    reason = {"message": error.description, "code": error.code}
    return {"action": "unknown", "status": "failure", "error": reason}, error.code


def take(action, cohort, session, page, pages, users):
    named = Member.cohort == cohort, Member.user.in_(users)
    if action == "remove_members":
        db.session.execute(delete(Member).where(*named))
        return
    new = set(users).difference(db.session.scalars(select(Member.user).where(*named)))
    db.session.execute(update(Member).where(*named).values(session=session))
    db.session.add_all(Member(cohort=cohort, user=user, session=session) for user in new)
    db.session.add_all(Mail(cohort=cohort, user=user) for user in new)
    if action == "members":  # the whole cohort: whom no page has named is not in it any more
        db.session.merge(Page(session=session, number=page))
        come = db.session.scalar(select(func.count()).where(Page.session == session))
        if come == pages:
            db.session.execute(delete(Member).where(Member.cohort == cohort, Member.session != session))


def receiver():
    app = create_app(database="sqlite://")  # in memory, so that each trial starts with an empty one

    def members(cohort):
        with app.app_context():
            return db.session.scalars(select(Member.user).filter_by(cohort=cohort)).all()

    def arrivals():
        with app.app_context():
            return [(mail.cohort, mail.user) for mail in db.session.scalars(select(Mail))]

    return Receiver(app, path="/mixpanel", members=members, arrivals=arrivals)
