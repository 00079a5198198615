"""ChargerS: forks an event into one run per charger that matches."""
