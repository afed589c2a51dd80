from django.urls import path

from crm import right, wrong

urlpatterns = [path("wrong/", wrong.webhook), path("right/", right.webhook)]
