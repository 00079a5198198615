"""TrendS: how statistics change over time."""
