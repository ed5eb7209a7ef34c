"""Real data as samples: downloaded, checked, split in time, and never mixed between parts."""
