"""What labelling can tell: one function per question."""
