from django.db import models


class Contact(models.Model):
    """Whoever is in a segment, and the session that named them last."""

    segment = models.TextField()
    user = models.TextField()
    session = models.TextField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["segment", "user"], name="once_in_a_segment")]


class Page(models.Model):
    """A page of a full sync that has come."""

    session = models.TextField()
    number = models.IntegerField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["session", "number"], name="once_in_a_session")]


class Task(models.Model):
    """For the people of the sales team: call somebody who has entered a segment."""

    segment = models.TextField()
    user = models.TextField()
