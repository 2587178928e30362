"""Lists in paging styles of other APIs, with totals, columns and broken pages."""

import http.server
import json
import subprocess
import threading
import urllib.parse

import pytest


def ids(text):
    return [json.loads(line)["id"] for line in text.splitlines()]


def listed(binary, clean_environment, pages, *arguments, cwd):
    """Runs `api GET /list --paginate` against a server. `pages` are functions of the query that return a body or a response."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self):
            self.rfile.read(int(self.headers["Content-Length"]))
            self.reply({"access_token": "token", "expires_in": 3600}, {})

        def do_GET(self):
            answer = pages(dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(self.path).query)), f"http://{self.headers['Host']}")
            self.reply(*answer if isinstance(answer, tuple) else (answer, {}))

        def reply(self, body, headers):
            content = json.dumps(body).encode()
            self.send_response(200)
            for name, value in {"Content-Length": len(content), **headers}.items():
                self.send_header(name, str(value))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_):
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        address = f"http://127.0.0.1:{server.server_port}"
        environment = clean_environment | {"OAUTH_TOKEN_URL": address + "/token", "OAUTH_API_URL": address, "OAUTH_CLIENT_ID": "id",
                                           "OAUTH_CLIENT_SECRET": "secret"}
        try:
            return subprocess.run([binary, "api", "GET", "/list", "--paginate", "--max-wait", "0s", "--platform", "custom", *arguments],
                                  env=environment, cwd=cwd, capture_output=True, text=True, timeout=60)
        finally:
            server.shutdown()
            thread.join()


def rows(*numbers):
    return [{"id": number} for number in numbers]


LAST = rows(3, 4)


@pytest.mark.parametrize("pages", [
    lambda query, base: {"count": 4, "next": None if query else f"{base}/list?page=2", "results": LAST if query else rows(1, 2)},
    lambda query, base: {"data": LAST if query else rows(1, 2), "has_more": not query, "next_cursor": "c"},
    lambda query, base: (LAST, {}) if query else (rows(1, 2), {"Link": '</list?page=2>; rel="next"'}),
    lambda query, base: {"items": LAST} if query else {"items": rows(1, 2), "nextPageToken": "2"},
    lambda query, base: {"value": LAST} if query else {"value": rows(1, 2), "@odata.nextLink": "list?$skiptoken=2"},
    lambda query, base: {"items": LAST} if query.get("page") == "3" else {"items": [] if query else rows(1, 2),
                                                                        "meta": {"next": f"?page={3 if query else 2}"}},
])
def test_common_paging_styles_are_followed(binary, clean_environment, tmp_path, pages):
    outcome = listed(binary, clean_environment, pages, cwd=tmp_path)
    assert outcome.returncode == 0 and ids(outcome.stdout) == [1, 2, 3, 4], outcome.stderr


@pytest.mark.parametrize("page,member", [
    ({"agents": rows(1, 2), "totalRecords": 6}, "totalRecords"), ({"data": rows(1, 2), "has_more": True}, "has_more"),
    ({"items": rows(1, 2), "count": 6}, "count"), ({"items": rows(1, 2), "next": "opaque"}, "next")])
def test_a_list_that_announces_more_fails(binary, clean_environment, tmp_path, page, member):
    outcome = listed(binary, clean_environment, lambda query, base: page, cwd=tmp_path)
    assert outcome.returncode == 65 and ids(outcome.stdout) == [1, 2]
    assert f"'{member}'" in outcome.stderr and "--next" in outcome.stderr


def test_a_taught_place_is_followed_after_a_failure(binary, clean_environment, tmp_path):
    def pages(query, base):
        return {"items": LAST, "total": 4} if query else {"items": rows(1, 2), "total": 4, "more": {"at": "/list?x=2"}}

    options = ("--resume", "position")
    first = listed(binary, clean_environment, pages, *options, cwd=tmp_path)
    assert first.returncode == 65 and (tmp_path / "position").exists()
    outcome = listed(binary, clean_environment, pages, *options, "--next", "/more/at", cwd=tmp_path)
    assert outcome.returncode == 0 and ids(outcome.stdout) == [1, 2, 3, 4]
    outcome = listed(binary, clean_environment, lambda query, base: {"items": rows(1)}, "--next", "/nothing", cwd=tmp_path)
    assert outcome.returncode == 65 and "/nothing" in outcome.stderr


@pytest.mark.parametrize("page", [[], {"entities": None}, {"message": "failed", "status": 500}, "", 7])
def test_a_page_of_another_form_is_an_error(binary, clean_environment, tmp_path, page):
    def pages(query, base):
        return page if query else {"entities": rows(1, 2), "nextUri": "/list?page=2"}

    outcome = listed(binary, clean_environment, pages, cwd=tmp_path)
    assert outcome.returncode == 1 and "page 2 (GET /list?page=2)" in outcome.stderr and ids(outcome.stdout) == [1, 2]


def test_totals_are_checked(binary, clean_environment, tmp_path):
    def pages(query, base):
        return {"entities": LAST, "total": 5} if query else {"entities": rows(1, 2), "total": 5, "nextUri": "/list?page=2"}

    outcome = listed(binary, clean_environment, pages, "--resume", "position", cwd=tmp_path)
    assert outcome.returncode == 65 and "4 items" in outcome.stderr and "5" in outcome.stderr and (tmp_path / "position").exists()
    (tmp_path / "position").unlink()
    about = lambda query, base: {"entities": rows(1, 2), "totalHits": 5}
    outcome = listed(binary, clean_environment, about, cwd=tmp_path)
    assert outcome.returncode == 0 and "warning" in outcome.stderr and ids(outcome.stdout) == [1, 2]
    assert listed(binary, clean_environment, about, "--strict", cwd=tmp_path).returncode == 65


def test_items_without_an_identity_are_printed(binary, clean_environment, tmp_path):
    items = [{"id": None}, {"id": None}, {"id": ""}, {"id": ""}, {}, {}, {"id": 1}, {"id": 1}]
    outcome = listed(binary, clean_environment, lambda query, base: {"items": items}, cwd=tmp_path)
    assert outcome.returncode == 0 and len(outcome.stdout.splitlines()) == 7


def test_csv_columns_are_the_members_of_the_first_page(binary, clean_environment, tmp_path):
    def pages(query, base):
        if query:
            return {"items": [{"id": 3, "late": "x"}, {"id": 4, "late": "y"}]}
        return {"items": [{"id": 1}, {"id": 2, "b": "x"}], "next": "/list?page=2"}

    outcome = listed(binary, clean_environment, pages, "--output", "csv", cwd=tmp_path)
    assert outcome.stdout.splitlines() == ["id,b", "1,", "2,x", "3,", "4,"]
    assert outcome.returncode == 65 and outcome.stderr.count(": late") == 1 and "also have: late" in outcome.stderr
    outcome = listed(binary, clean_environment, pages, "--output", "csv", "--columns", "id,late", cwd=tmp_path)
    assert outcome.returncode == 0 and outcome.stdout.splitlines()[-1] == "4,y"
    outcome = listed(binary, clean_environment, lambda query, base: ["a", "b"], "--output", "csv", cwd=tmp_path)
    assert outcome.returncode == 0 and outcome.stdout.splitlines() == ["value", "a", "b"]


def test_a_list_without_new_items_ends_with_an_error(binary, clean_environment, tmp_path):
    def pages(query, base):
        return {"items": rows(1), "cursor": str(int(query.get("cursor", 0)) + 1)}

    outcome = listed(binary, clean_environment, pages, cwd=tmp_path)
    assert outcome.returncode == 1 and "20 pages" in outcome.stderr and ids(outcome.stdout) == [1]
