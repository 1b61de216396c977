"""What every app needs besides the generated files. Pure code."""
