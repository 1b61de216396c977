"""Values and rules of the product. Standard library only."""
