"""What labelling can do: one function per verb."""
