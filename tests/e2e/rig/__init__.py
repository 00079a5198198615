"""What the end-to-end tests run against: Debian's Janus, a headless Chromium behind its own network interface, and cgrd.

Everything here is plain blocking code in threads and processes, because the fixtures live as long as the test session.
"""
