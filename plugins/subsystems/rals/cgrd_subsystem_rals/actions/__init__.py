"""Action types: what the rows of Actions.csv do, one small function each.

A type is a plain function of a `Doing`: it changes the account through `doing.purse()` and raises a `CgrdError` when it cannot, which
undoes the whole set for that account. What leaves RALs (a request to others, a mail) it hands to `doing.ask(…)` or `doing.send(…)`: kept
with the set, delivered when that is committed. What else has to wait it leaves to `doing.later(…)`, which is done when the set is kept.
Plugins add types by the hook `cgrd_action_types`; their functions see a `cgrd.ActionContext`; `@cgrd.without_account` marks those that need
no account.
"""

from cgrd_subsystem_rals.actions.doing import Doing
from cgrd_subsystem_rals.actions.execute import Executor

__all__ = ["Doing", "Executor"]
