# SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
"""HTTP as clients speak it, and as attackers do."""
import json
import re

import pytest

CHECK = json.dumps({"CheckItem": [{"UserID": "nobody"}]}).encode()


def post(shared, body=CHECK, headers=b"", version=b"HTTP/1.1"):
    """The bytes of a request that is fine."""
    path = shared.rest_path("im_open_login_svc/account_check").encode()
    return (b"POST " + path + b" " + version + b"\r\nHost: x\r\n" + headers + b"Content-Length: " +
            str(len(body)).encode() + b"\r\n\r\n" + body)


def statuses(answer):
    return [int(status) for status in re.findall(rb"HTTP/1\.[01] (\d+)", answer)]


def test_a_connection_is_kept_for_many_requests(shared):
    connection = shared.connection()
    for _ in range(20):
        connection.request("POST", shared.rest_path("im_open_login_svc/account_check"), CHECK)
        response = connection.getresponse()
        assert (response.status, json.loads(response.read())["ErrorCode"]) == (200, 0)
    connection.close()


def test_requests_may_come_before_the_answers(shared):
    assert statuses(shared.raw(post(shared) * 5)) == [200] * 5


def test_a_request_may_come_byte_by_byte(shared):
    request = post(shared)
    assert statuses(shared.raw(*(request[i:i + 1] for i in range(len(request))))) == [200]


def test_a_client_of_http_1_0_is_answered_and_closed(shared):
    answer = shared.raw(post(shared, version=b"HTTP/1.0"))
    assert statuses(answer) == [200] and answer.endswith(b"}")


def test_who_asks_first_whether_to_go_on_is_told_so(shared):
    request = post(shared, headers=b"Expect: 100-continue\r\n")
    head, _, body = request.partition(b"\r\n\r\n")
    assert statuses(shared.raw(head + b"\r\n\r\n", body)) == [100, 200]


def test_a_body_may_come_in_chunks(shared):
    head = post(shared).partition(b"Content-Length")[0] + b"Transfer-Encoding: chunked\r\n\r\n"
    body = b"".join(b"1\r\n" + CHECK[i:i + 1] + b"\r\n" for i in range(len(CHECK))) + b"0\r\n\r\n"
    assert statuses(shared.raw(head + body)) == [200]


def test_what_is_not_there_is_not_found(shared):
    assert shared.ask("GET", "/nothing")[0] == 404


def test_another_method_is_told_which_ones_there_are(shared):
    status, headers, _ = shared.ask("GET", "/v4/openim/sendmsg")
    assert (status, headers["Allow"]) == (405, "POST")


HEAD = b"POST /v4/x/y HTTP/1.1\r\nHost: x\r\n"
SMUGGLED = b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"


@pytest.mark.parametrize("request_bytes", [
    pytest.param(HEAD + b"Content-Length: 0\r\nContent-Length: 35\r\n\r\n" + SMUGGLED, id="two lengths"),
    pytest.param(HEAD + b"Content-Length: 35\r\nContent-Length: 35\r\n\r\n" + SMUGGLED, id="one length twice"),
    pytest.param(HEAD + b"Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + SMUGGLED,
                 id="a length, and chunks"),
    pytest.param(HEAD + b"Transfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n0\r\n\r\n" + SMUGGLED,
                 id="chunks, and a length"),
    pytest.param(HEAD + b"Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n" + SMUGGLED, id="a blank before the colon"),
    pytest.param(HEAD + b"Transfer-Encoding: chunked, gzip\r\n\r\n0\r\n\r\n" + SMUGGLED, id="another coding"),
    pytest.param(HEAD + b"Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n" + SMUGGLED, id="an unknown coding"),
    pytest.param(HEAD + b"Content-Length: +0\r\n\r\n" + SMUGGLED, id="a length with a sign"),
    pytest.param(HEAD + b"Content-Length: 0,0\r\n\r\n" + SMUGGLED, id="a list of lengths"),
    pytest.param(HEAD + b"Content-Length: 0x0\r\n\r\n" + SMUGGLED, id="a length in hex"),
    pytest.param(HEAD + b"Host: y\r\n\r\n" + SMUGGLED, id="two hosts"),
    pytest.param(HEAD + b"X: a\r\n b\r\n\r\n" + SMUGGLED, id="a line that is folded"),
    pytest.param(HEAD + b"X:\r\n\tTransfer-Encoding: chunked\r\n\r\n" + SMUGGLED, id="a header in a fold"),
    pytest.param(b"POST /v4/x/y HTTP/1.1\r\n X: a\r\nHost: x\r\n\r\n" + SMUGGLED, id="a fold at the beginning"),
    pytest.param(HEAD + b"X a\r\n\r\n" + SMUGGLED, id="a line without a colon"),
    pytest.param(HEAD + b"X: a\0b\r\n\r\n" + SMUGGLED, id="a NUL in a header"),
    pytest.param(HEAD + b"Transfer-Encoding: chunked\0, gzip\r\n\r\n0\r\n\r\n" + SMUGGLED, id="a coding with a NUL behind it"),
    pytest.param(HEAD + b"X\0Y: a\r\n\r\n" + SMUGGLED, id="a NUL in the name of a header"),
    pytest.param(HEAD + b"X: a\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + SMUGGLED, id="a line feed alone"),
    pytest.param(b"POST /v4/x\r\nHost: x\r\n\r\n" + SMUGGLED, id="no version"),
    pytest.param(b"GET /healthz%00x HTTP/1.1\r\nHost: x\r\n\r\n" + SMUGGLED, id="a NUL in the path"),
    pytest.param(b"GET /healthz%0d%0aX:%20y HTTP/1.1\r\nHost: x\r\n\r\n" + SMUGGLED, id="a line end in the path"),
    pytest.param(b"GET /%ff HTTP/1.1\r\nHost: x\r\n\r\n" + SMUGGLED, id="a path that is no UTF-8"),
    pytest.param(b"GET /%zz HTTP/1.1\r\nHost: x\r\n\r\n" + SMUGGLED, id="a percent sign that stands for nothing"),
    pytest.param(b"GET healthz HTTP/1.1\r\nHost: x\r\n\r\n" + SMUGGLED, id="no path"),
    pytest.param(HEAD + b"".join(b"X-%d: y\r\n" % i for i in range(200)) + b"\r\n" + SMUGGLED, id="200 headers"),
    pytest.param(HEAD + b"X: " + b"y" * 100000 + b"\r\n\r\n" + SMUGGLED, id="a header of 100,000 bytes"),
    pytest.param(HEAD + b"".join(b"X-%d: y\r\n" % i for i in range(100000)) + b"\r\n", id="100,000 headers"),
])
def test_what_two_could_read_differently_is_refused_and_closed(shared, request_bytes):
    got = shared.raw(request_bytes)
    assert all(400 <= status < 500 for status in statuses(got)), got
    assert shared.ask("GET", "/healthz")[0] == 200


@pytest.mark.parametrize("header", [b"X:", b"X: ", b"X:a", b"X: a  \t", b"X: a:b", b"X: \xc3\xbc"])
def test_a_header_may_have_no_value_and_blanks_behind_it(shared, header):
    assert statuses(shared.raw(b"GET /healthz HTTP/1.1\r\nHost: x\r\n" + header + b"\r\nY: b\r\n" + header + b"\r\n\r\n")) == [200]


def test_a_body_that_is_too_long_is_read_and_refused(shared):
    answer = shared.rest("openim/sendmsg", b" " * 70000)
    assert (answer["ErrorCode"], answer["ActionStatus"]) == (80002, "FAIL")


def test_a_body_that_says_it_is_huge_is_not_read(shared):
    got = shared.raw(b"POST /v4/openim/sendmsg HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999\r\n\r\n")
    assert statuses(got) == [413]
