"""Property-based testing for webhooks that receive Mixpanel cohort syncs."""

from cohortprop.errors import ToolkitError, UsageError
from cohortprop.process import Process
from cohortprop.receiver import Receiver

__all__ = ["Process", "Receiver", "ToolkitError", "UsageError", "__version__"]

__version__ = "0.1.0"
