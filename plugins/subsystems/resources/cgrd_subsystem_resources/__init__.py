"""ResourceS: limits what may be used at the same time."""
