"""Looking at a candidate before anybody else does."""
