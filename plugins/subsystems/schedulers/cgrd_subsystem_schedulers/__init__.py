"""SchedulerS: runs the actions of action plans when their time has come, each exactly once."""
