"""What a Hugging Face Space needs besides the app's own files."""
