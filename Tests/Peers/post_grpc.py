"""Sends recorded messages as unary calls: post_grpc.py METHOD PORT FILE (environment: current).

FILE: the messages as they were recorded, each after its length in four bytes, the highest first. Ends with an error
at the first call that fails. An answer that is not empty would tell of spans that were refused.
"""
import sys

import grpc


def messages(content):
    while content:
        length = int.from_bytes(content[:4], "big")
        yield content[4:4 + length]
        content = content[4 + length:]


def main(method, port, path):
    with open(path, "rb") as file:
        content = file.read()
    with grpc.insecure_channel("127.0.0.1:" + port) as channel:
        call = channel.unary_unary(method)
        for message in messages(content):
            answer = call(message, timeout=20)
            if answer:
                raise SystemExit("the answer is not empty: %r" % answer)


main(*sys.argv[1:])
