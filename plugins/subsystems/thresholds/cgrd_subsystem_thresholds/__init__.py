"""ThresholdS: acts when events reach a threshold."""
