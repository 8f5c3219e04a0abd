// Makes srp_random.LIBRARY.txt for two libraries of npm; srp_random.py says what is in it.
//
//     npm install --prefix /tmp/srp amazon-cognito-identity-js@6.3.21 cognito-srp-helper@2.3.4
//     for library in amazon-cognito-identity-js cognito-srp-helper; do
//       NODE_PATH=/tmp/srp/node_modules node crates/cognito/tests/vectors/srp_random.cjs $library > crates/cognito/tests/vectors/srp_random.$library.txt
//     done
//
// Of amazon-cognito-identity-js it is the whole sign-in that runs, its requests answered here. Both libraries raise numbers to powers in plain
// JavaScript, half a second each; all but every hundredth case uses JavaScript's own integers for that instead, and in that hundredth case both
// results are compared.

const { createHash } = require("node:crypto");
const { readFileSync } = require("node:fs");

const CASES = 1000;
const library = process.argv[2];
const root = require.resolve(library).split(`${library}/`)[0];
const { version } = JSON.parse(readFileSync(`${root}${library}/package.json`, "utf8"));

const sha256 = (text) => createHash("sha256").update(text).digest();

function someBytes(number, label, length) {
  const blocks = [];
  for (let block = 0; block <= length / 32; block += 1) blocks.push(sha256(`signet ${number} ${label} ${block}`));
  return Buffer.concat(blocks).subarray(0, length);
}

function inputs(number) {
  const bytes = (label, length) => someBytes(number, label, length);
  const deviceRandom = bytes("device random", 56);
  return {
    number,
    a: bytes("a", 32),
    poolName: bytes("pool", 5).toString("hex"),
    user: bytes("user", 16).toString("hex"),
    password: bytes("password", 6 + (number % 13)).toString("base64") + ["", " ß", "鍵", "🔑"][number % 4],
    groupKey: `-${bytes("group", 4).toString("hex")}`,
    deviceKey: `eu-central-1_${bytes("device", 16).toString("hex")}`,
    deviceRandom,
    when: (1_700_000_000 + 1_234_567 * number) * 1000,
    challenge: {
      SALT: bytes("salt", 16).toString("hex"),
      SRP_B: bytes("B", 384).toString("hex"),
      SECRET_BLOCK: bytes("block", 48).toString("base64"),
    },
    deviceChallenge: {
      SALT: deviceRandom.subarray(40).toString("hex"),
      SRP_B: bytes("device B", 384).toString("hex"),
      SECRET_BLOCK: bytes("device block", 48).toString("base64"),
    },
  };
}

let given = inputs(0);

// The libraries' clock stands still at the case's time.
const RealDate = Date;
globalThis.Date = class extends RealDate {
  constructor(...when) {
    super(...(when.length > 0 ? when : [given.when]));
  }
};

// Both libraries make 128 random bytes for a, 40 for a device's password and 16 for its salt.
function randomHex(length) {
  const bytes = { 128: given.a, 40: given.deviceRandom.subarray(0, 40), 16: given.deviceRandom.subarray(40) }[length];
  if (!bytes) throw new Error(`${length} random bytes are asked for`);
  return bytes.toString("hex");
}

function quickPower(BigInteger) {
  const own = BigInteger.prototype.modPow;
  BigInteger.prototype.modPow = function modPow(exponent, modulus, callback) {
    const number = (of) => {
      const hex = of.toString(16);
      return hex.startsWith("-") ? -BigInt(`0x${hex.slice(1)}`) : BigInt(`0x${hex}`);
    };
    const m = number(modulus);
    let base = ((number(this) % m) + m) % m;
    let result = 1n;
    for (let bits = number(exponent); bits > 0n; bits >>= 1n) {
      if (bits & 1n) result = (result * base) % m;
      base = (base * base) % m;
    }
    const quick = new BigInteger(result.toString(16), 16);
    if (given.number % 100 === 0) {
      const slow = own.call(this, exponent, modulus, () => {});
      if (!slow.mod(modulus).equals(quick)) throw new Error("two ways to one power differ");
    }
    if (callback) callback(null, quick);
    return quick;
  };
}

const identityJs = () => {
  const { CognitoUser, CognitoUserPool, AuthenticationDetails } = require(library);
  const AuthenticationHelper = require(`${library}/lib/AuthenticationHelper.js`).default;
  const WordArray = require(`${library}/lib/utils/WordArray.js`).default;
  WordArray.prototype.random = (length) => randomHex(length);
  quickPower(require(`${library}/lib/BigInteger.js`).default);
  return () => {
    const remembering = new AuthenticationHelper(given.groupKey);
    remembering.generateHashDevice(given.groupKey, given.deviceKey, () => {});
    const devicePassword = remembering.getRandomPassword();
    const prefix = `CognitoIdentityServiceProvider.client.${given.user}`;
    const items = {
      [`${prefix}.deviceKey`]: given.deviceKey,
      [`${prefix}.randomPasswordKey`]: devicePassword,
      [`${prefix}.deviceGroupKey`]: given.groupKey,
    };
    const Storage = { getItem: (key) => items[key] ?? null, setItem() {}, removeItem() {} };
    const Pool = new CognitoUserPool({ UserPoolId: `eu-central-1_${given.poolName}`, ClientId: "client", Storage });
    const user = new CognitoUser({ Username: given.user, Pool, Storage });
    const answers = {};
    const replies = {
      InitiateAuth: { ChallengeName: "PASSWORD_VERIFIER", ChallengeParameters: { ...given.challenge, USER_ID_FOR_SRP: given.user } },
      PASSWORD_VERIFIER: { ChallengeName: "DEVICE_SRP_AUTH", ChallengeParameters: {} },
      DEVICE_SRP_AUTH: { ChallengeName: "DEVICE_PASSWORD_VERIFIER", ChallengeParameters: given.deviceChallenge },
    };
    user.client = {
      request(operation, body, callback) {
        const step = body.ChallengeName ?? operation;
        answers[step] = body.ChallengeResponses ?? body.AuthParameters;
        if (replies[step]) callback(null, replies[step]);
      },
    };
    const fail = (error) => {
      throw error;
    };
    user.authenticateUser(new AuthenticationDetails({ Username: given.user, Password: given.password }), { onFailure: fail, onSuccess: fail });
    if (answers.InitiateAuth.SRP_A !== answers.DEVICE_SRP_AUTH.SRP_A) throw new Error("one a, two A");
    return {
      srpA: answers.InitiateAuth.SRP_A,
      person: answers.PASSWORD_VERIFIER.PASSWORD_CLAIM_SIGNATURE,
      device: answers.DEVICE_PASSWORD_VERIFIER.PASSWORD_CLAIM_SIGNATURE,
      timestamp: answers.PASSWORD_VERIFIER.TIMESTAMP,
      devicePassword,
      salt: Buffer.from(remembering.getSaltDevices(), "hex").toString("base64"),
      verifier: Buffer.from(remembering.getVerifierDevices(), "hex").toString("base64"),
    };
  };
};

const srpHelper = () => {
  const srp = require(library);
  const own = require("node:module").createRequire(require.resolve(library));
  own("crypto-js").lib.WordArray.random = (length) => randomHex(length);
  quickPower(own("jsbn").BigInteger);
  return () => {
    const { DeviceRandomPassword, DeviceSecretVerifierConfig } = srp.createDeviceVerifier(given.deviceKey, given.groupKey);
    const session = srp.createSrpSession(given.user, given.password, `eu-central-1_${given.poolName}`, false);
    const person = srp.signSrpSession(session, { ChallengeParameters: { ...given.challenge, USER_ID_FOR_SRP: given.user } });
    const device = srp.signSrpSessionWithDevice(
      session,
      { ChallengeParameters: { ...given.deviceChallenge, DEVICE_KEY: given.deviceKey } },
      given.groupKey,
      DeviceRandomPassword,
    );
    return {
      srpA: session.largeA,
      person: person.passwordSignature,
      device: device.passwordSignature,
      timestamp: session.timestamp,
      devicePassword: DeviceRandomPassword,
      salt: DeviceSecretVerifierConfig.Salt,
      verifier: DeviceSecretVerifierConfig.PasswordVerifier,
    };
  };
};

const sign = { "amazon-cognito-identity-js": identityJs, "cognito-srp-helper": srpHelper }[library]();
console.log(`# made by crates/cognito/tests/vectors/srp_random.cjs with ${library} ${version}`);
for (let number = 0; number < CASES; number += 1) {
  given = inputs(number);
  const { srpA, person, device, timestamp, devicePassword, salt, verifier } = sign();
  const rest = sha256([srpA, timestamp, devicePassword, salt, verifier].join("|")).subarray(0, 16).toString("base64");
  console.log(person, device, rest);
}
