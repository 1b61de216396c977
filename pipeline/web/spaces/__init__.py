"""Routes that work on Spaces of the Hugging Face Hub."""
