// SPDX-License-Identifier: MIT
// Clients that prove themselves by a certificate, and clients that register themselves.
import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';

const DEVICE_GRANT = 'urn:ietf:params:oauth:grant-type:device_code';

/** What a client by certificate has; @options.mtls: its method, @options.clientCertificate: the file where it is self-signed */
export function certificateClient(options) {
  if (!options.mtls) return [];
  const self = options.mtls === 'self_signed_tls_client_auth';
  const pem = self ? readFileSync(options.clientCertificate) : null;
  return [{
    client_id: 'latchkey-mtls',
    client_name: 'Latchkey',
    application_type: 'native',
    token_endpoint_auth_method: options.mtls,
    ...(self ? {
      jwks: {
        keys: [{ ...new X509Certificate(pem).publicKey.export({ format: 'jwk' }), x5c: [new X509Certificate(pem).raw.toString('base64')] }],
      },
    } : { tls_client_auth_subject_dn: 'CN=workstation' }),
    grant_types: [DEVICE_GRANT, 'refresh_token', 'client_credentials'],
    response_types: [],
    redirect_uris: [],
    id_token_signed_response_alg: 'RS256',
  }];
}

/** Features of the library for both, as @options wants them. */
export function clientFeatures(options) {
  return {
    ...(options.mtls ? {
      mTLS: {
        enabled: true,
        tlsClientAuth: true,
        selfSignedTlsClientAuth: true,
        getCertificate: (ctx) => {
          const peer = ctx.socket.getPeerCertificate?.();
          return peer?.raw ? new X509Certificate(peer.raw) : undefined;
        },
        certificateAuthorized: (ctx) => ctx.socket.authorized,
        certificateSubjectMatches: (ctx, property, expected) => property === 'tls_client_auth_subject_dn'
          && new X509Certificate(ctx.socket.getPeerCertificate().raw).subject === expected,
      },
    } : {}),
    ...(options.registrationToken ? {
      registration: { enabled: true, initialAccessToken: options.registrationToken },
      registrationManagement: { enabled: true, rotateRegistrationAccessToken: true },
    } : {}),
  };
}

/** TLS that asks for a certificate, and takes whatever comes: the library judges. */
export function tlsOptions(options) {
  return options.mtls
    ? { requestCert: true, rejectUnauthorized: false, ca: readFileSync(options.clientCa) }
    : {};
}

/** Settings of the library; RFC 8705 section 5: other paths of the same server. */
export function certificateSettings(issuer, options) {
  if (!options.mtls) return {};
  return {
    clientAuthMethods: ['client_secret_basic', 'none', 'tls_client_auth', 'self_signed_tls_client_auth'],
    discovery: {
      mtls_endpoint_aliases: {
        token_endpoint: `${issuer}/mtls/token`,
        device_authorization_endpoint: `${issuer}/mtls/device/auth`,
        revocation_endpoint: `${issuer}/mtls/token/revocation`,
      },
    },
  };
}

/** Middleware: what came to an alias goes on as to the endpoint. */
export async function unalias(ctx, next) {
  if (ctx.path.startsWith('/mtls/')) {
    ctx.path = ctx.path.slice('/mtls'.length);
    ctx.state.alias = true;
  }
  await next();
}
