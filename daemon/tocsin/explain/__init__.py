"""Explanations of why a rule matched an entry or did not, and what became of it, as values for terminal and page."""
