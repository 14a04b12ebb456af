"""The rules of the label: standard library and kernel only."""
