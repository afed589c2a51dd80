"""A club that mails whoever enters one of its lists, in Flask with SQLAlchemy and smtplib."""

import smtplib
from email.message import EmailMessage

from flask import Flask, request
from flask_sqlalchemy import SQLAlchemy

ACTIONS = ("members", "add_members", "remove_members")
NOT_A_DELIVERY = (AttributeError, KeyError, RecursionError, TypeError, ValueError)

db = SQLAlchemy()


class Member(db.Model):
    list_id = db.Column(db.String, primary_key=True)
    user = db.Column(db.String, primary_key=True)
    session = db.Column(db.String)


class Page(db.Model):
    session = db.Column(db.String, primary_key=True)
    number = db.Column(db.Integer, primary_key=True)


class Welcome(db.Model):
    list_id = db.Column(db.String, primary_key=True)
    user = db.Column(db.String, primary_key=True)


def create_app(database, mail_host="localhost", mail_port=25):
    app = Flask("club")
    app.config.update(SQLALCHEMY_DATABASE_URI=database, MAIL=(mail_host, mail_port))
    db.init_app(app)
    app.post("/mixpanel")(webhook)
    with app.app_context():
        db.create_all()
    return app


def webhook():
    try:
        delivery = read(request.get_json(force=True))
    except NOT_A_DELIVERY as error:
        return failure("unknown", 400, repr(error))
    try:
        take(*delivery)
    except (OSError, smtplib.SMTPException) as error:
        return failure(delivery[0], 503, repr(error))
    return {"action": delivery[0], "status": "success"}


def failure(action, code, message):
    return {"action": action, "status": "failure", "error": {"message": message, "code": code}}, code


def read(body):
    if body["action"] not in ACTIONS:
        raise ValueError("unknown action")
    parameters = body["parameters"]
    page = parameters.get("page_info", {"page_count": 1, "total_pages": 1})
    addresses = {member["mixpanel_distinct_id"]: member.get("email") for member in parameters["members"]}
    for user in addresses:
        user.encode()  # which only text can, and only if it can be stored
    return body["action"], parameters["mixpanel_cohort_id"], parameters["mixpanel_session_id"], page, addresses


def take(action, list_id, session, page, addresses):
    members = Member.query.filter_by(list_id=list_id)
    if action == "remove_members":
        members.filter(Member.user.in_(addresses)).delete()
    else:
        for user in addresses:
            db.session.merge(Member(list_id=list_id, user=user, session=session))
    if action == "members":
        db.session.merge(Page(session=session, number=page["page_count"]))
        if Page.query.filter_by(session=session).count() == page["total_pages"]:
            members.filter(Member.session != session).delete()
    db.session.commit()
    if action != "remove_members":
        welcome(list_id, addresses)


def welcome(list_id, addresses):
    from flask import current_app

    new = [user for user in addresses if db.session.get(Welcome, (list_id, user)) is None and addresses[user]]
    if not new:
        return
    with smtplib.SMTP(*current_app.config["MAIL"], timeout=5) as mailer:
        for user in new:
            message = EmailMessage()
            message["Subject"], message["From"], message["To"] = "Welcome", "club@example.com", addresses[user]
            message.set_content("Nice to have you.")
            mailer.send_message(message)
            db.session.add(Welcome(list_id=list_id, user=user))
            db.session.commit()  # with each mail: whoever comes again must not be mailed again
