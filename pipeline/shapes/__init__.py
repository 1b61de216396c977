"""JSON in and out, without HTTP: what requests ask for and what is answered, over HTTP and at the command line."""
