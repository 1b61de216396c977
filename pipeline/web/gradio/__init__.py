"""The service as a Gradio app would be seen: for Gradio's own clients, for curl, and for agents.

``functions`` holds the one list of what can be called. ``calls`` begins and follows calls; ``queue_routes`` (library
clients) and ``call_routes`` (curl) tell about them in their protocols, and ``mcp_routes`` in a third.
``documents`` and ``agents`` are generated from the list.
"""
