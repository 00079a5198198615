"""The kernel's own kinds: filters, which every subsystem uses, and dispatchers, which wrap them all."""

from cgrd.profiles.kinds.dispatchers import DISPATCHER_HOST, DISPATCHER_PROFILE
from cgrd.profiles.kinds.filters import FILTER

KINDS = [FILTER, DISPATCHER_PROFILE, DISPATCHER_HOST]
