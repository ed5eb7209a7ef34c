"""A server that does everything wrong, for a pod with only the standard library.

`python3 bad_server.py TLS.crt TLS.key`: packets are dropped on 8001, no answer ever comes on 8002,
http on 8003, https on 8004. A path of digits, such as `/503`, is answered with that status.
"""

import socket
import ssl
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

BACKLOG, SILENT, PLAIN, TLS = 8001, 8002, 8003, 8004
_DENIED = b"<?xml version='1.0'?><Error><Code>AccessDenied</Code><Message>no</Message></Error>"


class Refuser(BaseHTTPRequestHandler):
    """Answers every request with the status in its path; 403 without one, as S3 words it."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        name = urlsplit(self.path).path.strip("/")
        self.send_response(int(name) if name.isdecimal() else 403)
        self.send_header("Content-Type", "application/xml")
        self.send_header("Content-Length", str(len(_DENIED)))
        self.end_headers()
        self.wfile.write(_DENIED)


def listening(port: int, backlog: int) -> socket.socket:
    """Return a socket that accepts nothing by itself."""
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind(("0.0.0.0", port))
    listener.listen(backlog)
    return listener


def main() -> None:
    held = [listening(BACKLOG, 0), listening(SILENT, 128)]
    for _ in range(4):
        # Once the queue is full, the kernel drops what else asks for a connection.
        client = socket.socket()
        client.setblocking(False)
        client.connect_ex(("127.0.0.1", BACKLOG))
        held.append(client)
    encrypted = ThreadingHTTPServer(("0.0.0.0", TLS), Refuser)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*sys.argv[1:3])
    encrypted.socket = context.wrap_socket(
        encrypted.socket, server_side=True, do_handshake_on_connect=False
    )
    threading.Thread(target=encrypted.serve_forever, daemon=True).start()
    ThreadingHTTPServer(("0.0.0.0", PLAIN), Refuser).serve_forever()


if __name__ == "__main__":
    main()
