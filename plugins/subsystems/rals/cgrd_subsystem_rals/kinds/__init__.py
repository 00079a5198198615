"""The kinds of rating and accounting: what tariffs are made of, and what is done to accounts."""

from cgrd_subsystem_rals.kinds.account_actions import ACCOUNT_ACTIONS
from cgrd_subsystem_rals.kinds.action_plans import ACTION_PLAN
from cgrd_subsystem_rals.kinds.actions import ACTIONS
from cgrd_subsystem_rals.kinds.destinations import DESTINATION
from cgrd_subsystem_rals.kinds.plans import RATING_PLAN
from cgrd_subsystem_rals.kinds.rates import DESTINATION_RATES, RATES
from cgrd_subsystem_rals.kinds.rating_profiles import RATING_PROFILE
from cgrd_subsystem_rals.kinds.shared_groups import SHARED_GROUP
from cgrd_subsystem_rals.kinds.timings import TIMING
from cgrd_subsystem_rals.kinds.triggers import ACTION_TRIGGERS

KINDS = [
    DESTINATION,
    TIMING,
    RATES,
    DESTINATION_RATES,
    RATING_PLAN,
    RATING_PROFILE,
    SHARED_GROUP,
    ACTIONS,
    ACTION_PLAN,
    ACTION_TRIGGERS,
    ACCOUNT_ACTIONS,
]
