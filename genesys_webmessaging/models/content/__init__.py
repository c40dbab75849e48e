"""What can be said in a conversation: the content of messages, by family."""
