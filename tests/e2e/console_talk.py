"""A chat in a terminal, as people write it against OpenAI's library: `console_talk.py URL KEY`.

Begins by itself, then answers line by line until `bye`.
"""

import sys

from openai import OpenAI
from openai.types.chat import ChatCompletionMessageParam


def main(address: str, key: str) -> None:
    """Talk until somebody leaves."""
    client = OpenAI(base_url=address, api_key=key)
    turns: list[ChatCompletionMessageParam] = [
        {"role": "system", "content": "You are a helpful assistant. Be brief."},
        {"role": "user", "content": "Introduce yourself in a few sentences."},
    ]
    while True:
        stream = client.chat.completions.create(
            model="local-model",
            messages=turns,
            temperature=0.7,
            stream=True,
        )
        said = ""
        for chunk in stream:
            if piece := chunk.choices[0].delta.content:
                print(piece, end="", flush=True)
                said += piece
        turns.append({"role": "assistant", "content": said})
        print()
        line = input("> ")
        if line.lower() in {"bye", "quit", "exit"}:
            print("Goodbye!")
            return
        turns.append({"role": "user", "content": line})


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
