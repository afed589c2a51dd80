"""The club as cohortprop runs it: its mails go to a server of ours, and nothing in it is changed."""

from flask_club import Member, create_app

from cohortprop import Receiver
from cohortprop.effects import SmtpSink

mails = SmtpSink().start()


def receiver():
    mails.reset()
    app = create_app("sqlite://", mails.host, mails.port)  # a database in memory, for this trial alone

    def members(list_id):
        with app.app_context():
            return [member.user for member in Member.query.filter_by(list_id=list_id)]

    return Receiver(
        mails.watch(app),  # reads in each delivery whose address is whose
        path="/mixpanel",
        members=members,
        arrivals=mails.arrivals,
        arrival_policy="once_per_user",
        dependency=mails.failing,
        excludes=["optional_fields=populated"],  # whoever has no address gets no mail
    )
