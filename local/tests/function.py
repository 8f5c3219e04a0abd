#!/usr/bin/env python3
"""A Lambda function for the tests: a test tells it, over a separate connection, what to answer and when.

The prompt is the address of the test's listener. The answer has the content type of typed events for callers that accept them, otherwise
that of the stock wire. First the function sends its event to the test. Then it reads commands, one a line, and sends back the name of each
one that is done: `say TEXT` (a chunk; TEXT is JSON), `flood N` (N chunks of 64 KiB), `end`, `die`, `fail`.
"""
import http.client
import json
import os
import socket

host = os.environ["AWS_LAMBDA_RUNTIME_API"]
api = http.client.HTTPConnection(host)


def read_line(stream):
    line = stream.readline()
    if not line:
        raise SystemExit("the test has gone")
    return line.decode().rstrip("\n")


while True:
    api.request("GET", "/2018-06-01/runtime/invocation/next")
    response = api.getresponse()
    event = json.loads(response.read())
    path = f"/2018-06-01/runtime/invocation/{response.headers['Lambda-Runtime-Aws-Request-Id']}"
    address, port = json.loads(event["body"])["prompt"].split(":")
    test = socket.create_connection((address, int(port)))
    lines = test.makefile("rwb")

    def done(text):
        lines.write(text.encode() + b"\n")
        lines.flush()

    done(json.dumps(event))
    answer = None

    def chunk(data):
        answer.sendall(b"%x\r\n%s\r\n" % (len(data), data))

    while True:
        command, _, rest = read_line(lines).partition(" ")
        if command == "die":
            os._exit(1)
        if command == "fail":
            api.request("POST", path + "/error", json.dumps({"errorType": "Test", "errorMessage": "as asked"}))
            api.getresponse().read()
            break
        if answer is None:
            name, number = host.split(":")
            answer = socket.create_connection((name, int(number)))
            answer.sendall(
                f"POST {path}/response HTTP/1.1\r\nHost: {host}\r\nTransfer-Encoding: chunked\r\n"
                "Lambda-Runtime-Function-Response-Mode: streaming\r\n"
                "Content-Type: application/vnd.awslambda.http-integration-response\r\n\r\n".encode()
            )
            typed = event["headers"].get("accept") == "text/event-stream"
            content_type = "text/event-stream; charset=utf-8" if typed else "text/event-stream"
            head = {"statusCode": 200, "headers": {"content-type": content_type, "access-control-allow-origin": "*"}}
            # In two pieces with the delimiter split between them, as a network may deliver it.
            prelude = json.dumps(head).encode() + bytes(8)
            chunk(prelude[:-3])
            chunk(prelude[-3:])
        if command == "say":
            chunk(json.loads(rest).encode())
        elif command == "flood":
            for _ in range(int(rest)):
                chunk(b"x" * 65536)
        elif command == "end":
            answer.sendall(b"0\r\n\r\n")
            answer.recv(65536)
            answer.close()
            done("end")
            break
        done(command)
    test.close()
