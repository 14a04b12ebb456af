"""What enrolment does: one function per verb, each with the transaction it works in."""
