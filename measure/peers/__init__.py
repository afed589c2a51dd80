"""What a user would pick instead of cohortprop, set up as well as we know how, and the meter that all are read by."""
