"""The local server: what other programs of this computer ask, answered by the one engine.

Imported late, by composition roots alone: FastAPI and uvicorn come with it.
"""
