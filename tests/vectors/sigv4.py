"""Makes sigv4.json with botocore, a signer that is not ours: paths and queries that signers have got wrong.

    pip install botocore && python3 tests/vectors/sigv4.py > tests/vectors/sigv4.json

Each URL is percent-encoded the way a browser sends it: what a URL parser leaves alone (!'()*) is bare, the rest is encoded.
"""
import json
from datetime import datetime, timezone
from unittest import mock
from urllib.parse import quote

import botocore
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

HOST = "https://abcdefghijklmnopqrstuvwxyz012345.lambda-url.eu-central-1.on.aws"
BARE = "!'()*"
AT = datetime(2026, 11, 3, 5, 6, 7, tzinfo=timezone.utc)
TEXTS = ["plain", "a!b'c(d)e*f", "two words", "a+b", "a&b=c", "a/b", "a%b", "a~b-c_d.e", "Grüße", "世界", "🦀", "a;b,c:d@e$f"]
CREDENTIALS = Credentials("ASIAEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", "session/token+example==")


def sign(url_path, query, body):
    browser_url = HOST + quote(url_path, safe="/~" + BARE)
    if query:
        browser_url += "?" + "&".join(f"{quote(k, safe='~' + BARE)}={quote(v, safe='~' + BARE)}" for k, v in query)
    # botocore is given the decoded query, so that it, not this script, decides how each character is encoded for signing.
    request = AWSRequest("POST", HOST + quote(url_path, safe="/~" + BARE), headers={"content-type": "application/json"}, params=dict(query), data=body)
    request.context["payload_signing_enabled"] = True
    auth = SigV4Auth(CREDENTIALS, "lambda", "eu-central-1")
    with mock.patch("botocore.auth.get_current_datetime", lambda *a, **k: AT.replace(tzinfo=None)):
        auth.add_auth(request)
    return {"url": browser_url, "body": body, "date": request.headers["X-Amz-Date"], "authorization": request.headers["Authorization"]}


cases = [sign("/", [], ""), sign("/", [], '{"prompt":"Grüße 🦀"}'.encode().decode())]
cases += [sign("/" + text, [], "{}") for text in TEXTS]
cases += [sign("/", [("q", text), ("A" + text, "1"), ("empty", "")], "{}") for text in TEXTS]
print(json.dumps({"made_by": f"tests/vectors/sigv4.py with botocore {botocore.__version__}", "unix_millis": int(AT.timestamp() * 1000), "cases": cases}, indent=0, ensure_ascii=False))
