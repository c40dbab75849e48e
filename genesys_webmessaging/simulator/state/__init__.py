"""What a simulated Genesys knows: plain objects, without a socket or a thread among them."""
