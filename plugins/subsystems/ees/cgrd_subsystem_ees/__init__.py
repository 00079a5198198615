"""EEs: hands events to exporters through the outbox."""
