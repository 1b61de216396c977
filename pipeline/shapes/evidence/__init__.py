"""What a job made and what was seen of it, as files to take away."""
