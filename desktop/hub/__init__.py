"""The way to other computers: hubs for model files, servers for models, news of versions."""
