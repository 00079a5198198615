"""RouteS: least cost routing and its relatives."""
