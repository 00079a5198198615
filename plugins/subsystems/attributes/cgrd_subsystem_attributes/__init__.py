"""AttributeS: changes events by rules before others see them."""
