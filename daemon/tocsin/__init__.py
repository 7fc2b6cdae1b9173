"""tocsin, an alarm bell: watches news feeds and prices and tells people once, quickly, with the proof."""

__version__ = "0.1.0"
