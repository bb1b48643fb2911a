"""What runs inside the engine process (llama.cpp), and the messages that cross to it."""
