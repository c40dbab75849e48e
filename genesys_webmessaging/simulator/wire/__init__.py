"""The guest protocol: what a request does to the state, and which frames that brings about."""
