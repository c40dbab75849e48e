"""The skin: sockets, HTTP and the thread they live on. Imports aiohttp; nothing above it does."""
