"""Makes srp.json: Cognito SRP sign-ins with every value on the way, computed by an implementation that is not ours.

    python3 -m venv /tmp/srp && /tmp/srp/bin/pip install pycognito==2024.5.1
    /tmp/srp/bin/python crates/cognito/tests/vectors/srp.py > crates/cognito/tests/vectors/srp.json

Every value comes out of pycognito's AWSSRP: its own functions are called, and its own helpers are listened to for what it does not
return (k, u, x, S). What this file adds is the inputs, which are SHAKE-256 of a label, so the same file comes out each time.

A salt is given to pycognito as a number, as its documentation asks and as AWS's own Java and JavaScript libraries do. Given as text, it
would hash the salt's leading zero bytes too, and AWS does not.

All numbers are lower-case hex without padding, but `salt` and `B`, which are as the wire brings them. `name` says what the case is for.
"""

import base64
import datetime
import hashlib
import json
import types

from pycognito import aws_srp

N = aws_srp.hex_to_long(aws_srp.N_HEX)


class Listening(aws_srp.AWSSRP):
    """AWSSRP with a given `a` and a salt that is a number."""

    def __init__(self, pool_id, password, a):
        self.given_a = a
        super().__init__(username="unused", password=password, pool_id=pool_id, client_id="unused", client=object())

    def generate_random_small_a(self):
        return self.given_a

    def get_password_authentication_key(self, username, password, server_b_value, salt):
        return super().get_password_authentication_key(username, password, server_b_value, aws_srp.hex_to_long(salt))


def listen(name, heard):
    """Puts a listener before the module's function `name`: each result, and each first argument, is kept in `heard`."""
    real = getattr(aws_srp, name)

    def listener(first, *rest):
        result = real(first, *rest)
        heard.setdefault(name, []).append((first, result))
        return result

    setattr(aws_srp, name, listener)
    return lambda: setattr(aws_srp, name, real)


def sign_in(name, pool_id, user_id, password, a, salt, b, secret_block, when):
    """One case: the sign-in as pycognito does it."""
    heard = {}
    client = Listening(pool_id, password, a)
    undo = [listen(f, heard) for f in ("calculate_u", "hex_hash", "compute_hkdf")]
    real_datetime = aws_srp.datetime
    aws_srp.datetime = types.SimpleNamespace(datetime=types.SimpleNamespace(utcnow=lambda: when))
    answer = client.process_challenge(
        {"USERNAME": user_id, "USER_ID_FOR_SRP": user_id, "SALT": salt, "SRP_B": b, "SECRET_BLOCK": secret_block}, {"USERNAME": user_id}
    )
    aws_srp.datetime = real_datetime
    for put_back in undo:
        put_back()
    s, key = heard["compute_hkdf"][0]
    return {
        "name": name,
        "pool_name": pool_id.split("_")[1],
        "user_id": user_id,
        "password": password,
        "a": f"{a:x}",
        "A": client.get_auth_params()["SRP_A"],
        "salt": salt,
        "B": b,
        "k": aws_srp.long_to_hex(client.val_k),
        "u": aws_srp.long_to_hex(heard["calculate_u"][0][1]),
        # The first hash is u's, the second is x.
        "x": aws_srp.long_to_hex(aws_srp.hex_to_long(heard["hex_hash"][1][1])),
        "S": aws_srp.long_to_hex(aws_srp.hex_to_long(bytes(s).hex())),
        "key": bytes(key).hex(),
        "secret_block": secret_block,
        "unix_millis": int(when.replace(tzinfo=datetime.timezone.utc).timestamp() * 1000),
        "timestamp": answer["TIMESTAMP"],
        "signature": answer["PASSWORD_CLAIM_SIGNATURE"],
    }


def some_bytes(label, length):
    return hashlib.shake_256(label.encode()).digest(length)


def some_number(label, length):
    return int.from_bytes(some_bytes(label, length), "big")


def case(name, *, wanted=lambda _: True, pool="eu-central-1_Sig7nEt0A", user="0b5f8c1e-6f0d-4a53-9d5b-2f4c6f0e8a11", password="Correct horse 7!",
         a=None, salt=None, b=None, when=datetime.datetime(2026, 11, 3, 5, 6, 7)):
    """The first of the sign-ins made from `name` and 0, 1, 2… for which `wanted` holds, so that rare shapes are found and not contrived."""
    for attempt in range(100_000):
        label = f"{name} {attempt}"
        made = sign_in(
            name, pool, user, password,
            some_number(label + " a", 128) if a is None else a,
            some_bytes(label + " salt", 16).hex() if salt is None else salt,
            f"{some_number(label + ' b', 384) % N:x}" if b is None else b,
            base64.standard_b64encode(some_bytes(label + " block", 48)).decode(),
            when,
        )
        if wanted(made):
            return made
    raise SystemExit(f"no sign-in of the shape {name!r} was found")


def odd(text):
    return len(text) % 2 == 1


def high(text):
    return not odd(text) and text[0] in "89abcdef"


def g_to_x(made):
    return pow(2, int(made["x"], 16), N)


def k_times_g_to_x(made):
    return int(made["k"], 16) * g_to_x(made) % N


CASES = [
    case("ordinary: a of 1024 bits", wanted=lambda c: len(c["a"]) == 256),
    case("a of 256 bits", a=some_number("a of 256 bits", 32) | 1 << 255),
    case("A's hex has an odd length", wanted=lambda c: odd(c["A"])),
    case("A's first byte is below 80, so no padding", wanted=lambda c: not odd(c["A"]) and not high(c["A"])),
    case("A and B have the high bit set: 00 goes before each", wanted=lambda c: high(c["A"]) and high(c["B"])),
    case("B's hex has an odd length", wanted=lambda c: odd(c["B"])),
    case("u has the high bit set: 00 goes before it in the HKDF's salt", wanted=lambda c: high(c["u"])),
    case("u's hex has an odd length", wanted=lambda c: odd(c["u"])),
    case("S has the high bit set: 00 goes before it", wanted=lambda c: high(c["S"])),
    case("S's hex has an odd length", wanted=lambda c: odd(c["S"])),
    case("S begins with a zero byte, which is left out", wanted=lambda c: len(c["S"]) <= 766),
    case("salt with leading zeros, then a digit below 8: the zeros are not hashed", salt="0000" + "1f" + some_bytes("salt a", 13).hex()),
    case("salt with leading zeros, then the high bit: one zero byte is hashed", salt="0000" + "9a" + some_bytes("salt b", 13).hex()),
    case("salt of an odd length", salt="e" + some_bytes("salt c", 15).hex()),
    case("salt with the high bit set", salt="ff" + some_bytes("salt d", 15).hex()),
    case("B - k*g^x is negative: B is 1", b="1"),
    case("B - k*g^x is negative even after k*g^x is reduced", wanted=lambda c: int(c["B"], 16) < k_times_g_to_x(c)),
    case("B is more than k*g^x reduced", wanted=lambda c: int(c["B"], 16) > k_times_g_to_x(c)),
    case("B is N - 1", b=f"{N - 1:x}"),
    case("password in other scripts", password="pässwörd–日本語–🔑 ﬁ e\u0301", user="Zoë@example.org", pool="us-east-1_aB3dE5fG7"),
    case("password with a colon and spaces at its ends", password=" a:b:c ", user="al:ice", when=datetime.datetime(2027, 2, 28, 23, 59, 59)),
    case("day of two digits, midnight", when=datetime.datetime(2028, 2, 29, 0, 0, 0)),
]

REFUSED = [
    {"name": "B is 0", "B": "0"},
    {"name": "B is 0, written long", "B": "00" * 384},
    {"name": "B is N", "B": f"{N:x}"},
    {"name": "B is 2N", "B": f"{2 * N:x}"},
]


def lines(rows):
    return ",\n".join(json.dumps(row, ensure_ascii=False, separators=(",", ":")) for row in rows)


print(f'{{"made_by":"crates/cognito/tests/vectors/srp.py with pycognito 2024.5.1","N":"{N:x}","g":"2","cases":[\n{lines(CASES)}\n],"refused":[\n{lines(REFUSED)}\n]}}')
