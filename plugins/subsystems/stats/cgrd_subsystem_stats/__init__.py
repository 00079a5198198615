"""StatS: statistics over queues of events."""
