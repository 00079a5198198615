"""CoreS: the daemon itself over the API: status, caches, configuration, locks."""
