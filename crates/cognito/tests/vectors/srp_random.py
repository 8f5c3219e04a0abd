"""Makes srp_random.pycognito.txt: 1,000 sign-ins of people and as many of their devices, computed by an implementation that is not ours.

    python3 -m venv /tmp/srp && /tmp/srp/bin/pip install pycognito==2024.5.1
    /tmp/srp/bin/python crates/cognito/tests/vectors/srp_random.py > crates/cognito/tests/vectors/srp_random.pycognito.txt

srp_random.cjs makes the same for two libraries of npm. The inputs are not in the file: all of them are SHA-256 of the case's number and a label,
as `inputs` below says, here as there and in src/srp/tests.rs. A line has, each in base64:

    PASSWORD_CLAIM_SIGNATURE of the person
    PASSWORD_CLAIM_SIGNATURE of the device
    16 bytes of SHA-256("SRP_A|TIMESTAMP|password of the device|Salt|PasswordVerifier"), each as it goes over the wire

A salt is given to pycognito as a number; srp.py says why.
"""

import base64
import datetime
import hashlib
import types

from pycognito import aws_srp

CASES = 1000


def some_bytes(case, label, length):
    blocks = (hashlib.sha256(f"signet {case} {label} {block}".encode()).digest() for block in range(length // 32 + 1))
    return b"".join(blocks)[:length]


def base64_of(octets):
    return base64.standard_b64encode(octets).decode()


def inputs(case):
    made = types.SimpleNamespace()
    made.a = some_bytes(case, "a", 32)
    made.pool_name = some_bytes(case, "pool", 5).hex()
    made.user = some_bytes(case, "user", 16).hex()
    made.password = base64_of(some_bytes(case, "password", 6 + case % 13)) + ["", " ß", "鍵", "🔑"][case % 4]
    made.group_key = "-" + some_bytes(case, "group", 4).hex()
    made.device_key = "eu-central-1_" + some_bytes(case, "device", 16).hex()
    made.device_random = some_bytes(case, "device random", 56)
    made.when = 1_700_000_000 + 1_234_567 * case
    # 384 random bytes are below N, which begins with 64 ones, but for one in 2**64.
    made.challenge = {"SALT": some_bytes(case, "salt", 16).hex(), "SRP_B": some_bytes(case, "B", 384).hex(), "SECRET_BLOCK": base64_of(some_bytes(case, "block", 48))}
    made.device_challenge = {
        "SALT": made.device_random[40:].hex(),
        "SRP_B": some_bytes(case, "device B", 384).hex(),
        "SECRET_BLOCK": base64_of(some_bytes(case, "device block", 48)),
    }
    return made


class Given(aws_srp.AWSSRP):
    """AWSSRP with a given `a` and salts that are numbers."""

    def __init__(self, a, **rest):
        self.given_a = int.from_bytes(a, "big")
        super().__init__(client_id="unused", client=object(), **rest)

    def generate_random_small_a(self):
        return self.given_a

    def get_password_authentication_key(self, username, password, server_b_value, salt):
        return super().get_password_authentication_key(username, password, server_b_value, aws_srp.hex_to_long(salt))

    def get_device_authentication_key(self, group_key, key, password, server_b_value, salt):
        return super().get_device_authentication_key(group_key, key, password, server_b_value, aws_srp.hex_to_long(salt))


def line(case):
    given = inputs(case)
    when = datetime.datetime.fromtimestamp(given.when, datetime.timezone.utc).replace(tzinfo=None)
    aws_srp.datetime = types.SimpleNamespace(datetime=types.SimpleNamespace(utcnow=lambda: when))
    aws_srp.os = types.SimpleNamespace(urandom=lambda length: given.device_random[:40] if length == 40 else given.device_random[40:])
    device_password, verifier = aws_srp.generate_hash_device(given.group_key, given.device_key)
    client = Given(
        given.a, username=given.user, password=given.password, pool_id="eu-central-1_" + given.pool_name,
        device_key=given.device_key, device_group_key=given.group_key, device_password=device_password,
    )
    person = client.process_challenge({"USER_ID_FOR_SRP": given.user} | given.challenge, {"USERNAME": given.user})
    device = client.process_device_challenge({"USERNAME": given.user} | given.device_challenge)
    assert person["TIMESTAMP"] == device["TIMESTAMP"]
    wire = [client.get_auth_params()["SRP_A"], person["TIMESTAMP"], device_password, verifier["Salt"], verifier["PasswordVerifier"]]
    rest = hashlib.sha256("|".join(wire).encode()).digest()[:16]
    return " ".join([person["PASSWORD_CLAIM_SIGNATURE"], device["PASSWORD_CLAIM_SIGNATURE"], base64_of(rest)])


if __name__ == "__main__":
    print("# made by crates/cognito/tests/vectors/srp_random.py with pycognito 2024.5.1")
    for number in range(CASES):
        print(line(number))
