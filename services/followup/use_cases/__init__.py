"""What followup can do: take outcomes in, follow enrolments, exclude a learner."""
