"""IPs: hands out addresses from pools."""
