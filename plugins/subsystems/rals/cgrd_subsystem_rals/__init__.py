"""RALs: what a use costs, what an account can pay, and what happens to its balances."""
