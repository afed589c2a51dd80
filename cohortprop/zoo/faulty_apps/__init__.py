"""Receivers with one bug each, as plausible engineers write them: a folder for each check, a file for each cause."""
