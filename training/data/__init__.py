"""Real data as samples: fetched and checked, cut in time, never mixed between parts."""
