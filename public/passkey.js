// Asks the browser for a passkey. Fetched when one is first asked for.

const bytes = (text) => Uint8Array.from(atob(text.replaceAll('-', '+').replaceAll('_', '/')), (c) => c.charCodeAt(0));
const base64url = (buffer) =>
  btoa(String.fromCharCode(...new Uint8Array(buffer))).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');

// https://www.w3.org/TR/webauthn-3/#sctn-parseRequestOptionsFromJSON, for browsers without it.
const parse = (json) =>
  PublicKeyCredential.parseRequestOptionsFromJSON?.(json) ?? {
    ...json,
    challenge: bytes(json.challenge),
    allowCredentials: json.allowCredentials?.map((one) => ({ ...one, id: bytes(one.id) })),
  };

// `toJSON`, https://www.w3.org/TR/webauthn-3/#dictdef-authenticationresponsejson, likewise. Password managers' own objects may have a `toJSON`
// that throws.
function toJson(credential) {
  try {
    return JSON.stringify(credential.toJSON());
  } catch {
    const { id, rawId, type, authenticatorAttachment, response: said } = credential;
    const response = {
      clientDataJSON: base64url(said.clientDataJSON),
      authenticatorData: base64url(said.authenticatorData),
      signature: base64url(said.signature),
      userHandle: said.userHandle ? base64url(said.userHandle) : undefined,
    };
    const clientExtensionResults = credential.getClientExtensionResults();
    return JSON.stringify({ id, rawId: base64url(rawId), type, authenticatorAttachment: authenticatorAttachment ?? undefined, response, clientExtensionResults });
  }
}

// Calls `done` with the credential's JSON, or with whether passkeys are missing here; not at all once `signal` is aborted, nor for an autofill
// that comes to nothing.
export async function ask(options, autofill, signal, done) {
  const missing = !globalThis.PublicKeyCredential || !navigator.credentials;
  if (autofill && (missing || !(await PublicKeyCredential.isConditionalMediationAvailable?.()))) return;
  if (missing) return done(true);
  try {
    const publicKey = parse(JSON.parse(options));
    const credential = await navigator.credentials.get({ publicKey, mediation: autofill ? 'conditional' : undefined, signal });
    if (!signal.aborted) done(toJson(credential));
  } catch (error) {
    if (!signal.aborted && !autofill) done(error.name === 'NotSupportedError' || error.name === 'SecurityError');
  }
}
