"""Actions: what is done to an account when a plan's time comes, when a trigger fires, or when somebody asks for it."""
