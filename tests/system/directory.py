# SPDX-License-Identifier: MIT
"""A directory of people on loopback, as SCIM 2.0 (RFC 7644), Microsoft Graph and Keycloak's admin interface are documented, with
the faults that no honest one has. All three serve the same people."""
import json
import threading
import urllib.parse
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Person:
    def __init__(self, name, ident=None, title=None, active=True):
        self.name, self.ident, self.title, self.active = name, ident or f"id-of-{name}", title or name.title(), active

    def scim(self):
        return {"schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"], "id": self.ident, "userName": self.name,
                "active": self.active, "displayName": self.title, "name": {"formatted": self.title}}

    def graph(self):
        return {"id": self.ident, "userPrincipalName": self.name, "displayName": self.title, "accountEnabled": self.active}

    def keycloak(self):
        first, _, last = self.title.partition(" ")
        return {"id": self.ident, "username": self.name, "firstName": first, "lastName": last, "enabled": self.active,
                "emailVerified": False, "createdTimestamp": 1700000000000}


class Directory:
    """@people: replaced at will. @page_max: no page is larger, whatever is asked for. @fault: (status, text) of every reply
    from the page number @fault_from on, or None. @total: what SCIM says instead of the truth; @next: where Graph sends
    everybody after the first page. While @goes_on is cleared, requests are taken and not answered."""

    def __init__(self, people):
        self.people, self.page_max = people, 1000
        self.fault, self.fault_from, self.total, self.next = None, 0, None, None
        self.goes_on = threading.Event()
        self.goes_on.set()
        self.log = []
        directory = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):  # pylint: disable=invalid-name
                status, body = directory.answer(self.path, self.headers)
                directory.goes_on.wait()
                data = body.encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            def log_message(self, format, *args):  # pylint: disable=redefined-builtin
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def honest(self):
        self.fault, self.fault_from, self.total, self.next = None, 0, None, None

    def answer(self, target, headers):
        path, _, query = target.partition("?")
        fields = dict(urllib.parse.parse_qsl(query, strict_parsing=True))
        self.log.append((path, fields, headers.get("Authorization", "")))
        if not headers.get("Authorization", "").startswith("Bearer "):
            return 401, "{}"
        if self.fault and len(self.log) > self.fault_from:
            return self.fault
        handlers = {"/scim/v2/Users": self.scim, "/v1.0/users": self.graph, "/admin/realms/staff/users": self.keycloak}
        return (200, json.dumps(handlers[path](fields))) if path in handlers else (404, "nothing here")

    def page(self, start, count):
        return self.people[start:start + min(count, self.page_max)]

    def scim(self, fields):
        page = self.page(int(fields["startIndex"]) - 1, int(fields["count"]))
        return {"schemas": ["urn:ietf:params:scim:api:messages:2.0:ListResponse"], "startIndex": int(fields["startIndex"]),
                "totalResults": len(self.people) if self.total is None else self.total, "itemsPerPage": len(page),
                "Resources": [p.scim() for p in page]}

    def graph(self, fields):
        start = int(fields.get("$skiptoken", 0))
        page = self.page(start, int(fields.get("$top", 200)))
        reply = {"value": [p.graph() for p in page]}
        if start + len(page) < len(self.people):
            reply["@odata.nextLink"] = self.next or f"{self.url}/v1.0/users?$skiptoken={start + len(page)}"
        return reply

    def keycloak(self, fields):
        return [p.keycloak() for p in self.page(int(fields["first"]), int(fields["max"]))]
