"""SchedulerS: runs action plans when their time has come."""
