#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
#
# push_server.py FOLDER: an HTTP server on a port of its own, which it writes into FOLDER/port.
# The first POST it has no time for; the others it keeps as FOLDER/N.headers and N.body.
import http.server
import os
import sys

folder = sys.argv[1]


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    seen = 0

    def answer(self, status):
        self.send_response(status)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if not Handler.seen:
            Handler.seen = 1
            self.answer(503)
            return
        path = os.path.join(folder, str(Handler.seen))
        with open(path + ".headers", "w") as headers:
            headers.write(f"POST {self.path}\n")
            headers.writelines(f"{name}: {value}\n" for name, value in self.headers.items())
        with open(path + ".new", "wb") as kept:
            kept.write(body)
        os.rename(path + ".new", path + ".body")
        Handler.seen += 1
        self.answer(200)

    def log_message(self, *_):
        pass


server = http.server.HTTPServer(("127.0.0.1", 0), Handler)
with open(os.path.join(folder, "port.new"), "w") as port:
    port.write(str(server.server_address[1]))
os.rename(os.path.join(folder, "port.new"), os.path.join(folder, "port"))
server.serve_forever()
