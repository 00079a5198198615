"""ApierS: tariff plans, profiles and accounts over the API."""
