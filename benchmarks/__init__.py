"""Speed, as ratios in one run at equal achieved error; never as an absolute time in a test."""
