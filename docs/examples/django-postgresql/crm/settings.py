SECRET_KEY = "not a secret"
ALLOWED_HOSTS = ["testserver"]
ROOT_URLCONF = "crm.urls"
INSTALLED_APPS = ["crm"]
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
USE_TZ = True

# Server, port, user and password are taken from PGHOST, PGPORT, PGUSER and PGPASSWORD, as by all clients of PostgreSQL.
DATABASES = {"default": {"ENGINE": "django.db.backends.postgresql", "NAME": "crm", "CONN_MAX_AGE": 600}}
