"""Hugging Face Spaces: the only home of huggingface_hub."""
