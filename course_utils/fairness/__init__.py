"""Being fair: people in data, rates of groups, what a mend costs, and what vectors learned of people."""
