// SPDX-License-Identifier: MIT
// The JWT bearer grant (RFC 7523): assertions of a client about a service account. A service is one of the people that has
// "keys", public keys in PEM; the account's name is what an assertion calls it.
import { createPublicKey } from 'node:crypto';
import { errors } from 'oidc-provider';
import * as jose from 'jose';
import { people } from './people.mjs';

export const JWT_BEARER = 'urn:ietf:params:oauth:grant-type:jwt-bearer';
const LIFETIME_S = 300;
const TOLERANCE_S = 15;

export async function jwkOf(pem) {
  const jwk = createPublicKey(pem).export({ format: 'jwk' });
  return { ...jwk, kid: await jose.calculateJwkThumbprint(jwk) };
}

function refuse(text) {
  throw new errors.CustomOIDCProviderError('invalid_grant', text);
}

const used = new Set(); // jti: AS-04

async function check(assertion, { issuer, clientId, nowMs }) {
  const { sub } = jose.decodeJwt(assertion);
  const service = people.get(sub);
  if (!service?.keys) refuse('unknown account');
  const { payload } = await jose.jwtVerify(assertion, jose.createLocalJWKSet({ keys: await Promise.all(service.keys.map(jwkOf)) }), {
    issuer: clientId, audience: issuer, currentDate: new Date(nowMs), clockTolerance: TOLERANCE_S,
    requiredClaims: ['iat', 'exp', 'jti'],
  });
  if (payload.exp - nowMs / 1000 > LIFETIME_S + TOLERANCE_S || payload.iat - nowMs / 1000 > TOLERANCE_S) refuse('not good now');
  if (payload.jti.length < 22 || used.has(payload.jti)) refuse('jti was used before');
  used.add(payload.jti);
  if (service.disabled) refuse('the account is disabled');
  return service;
}

/** @context: {issuer, keys, settings, record(assertion)} */
export function register(provider, context) {
  provider.registerGrantType(JWT_BEARER, async (ctx) => {
    const { assertion, scope = '' } = ctx.oidc.params;
    const { client } = ctx.oidc;
    const nowMs = Date.now() + context.settings.clockOffset * 1000;
    context.record(assertion);
    const service = await check(assertion, { issuer: context.issuer, clientId: client.clientId, nowMs })
      .catch((error) => (error instanceof errors.OIDCProviderError ? Promise.reject(error) : refuse('assertion is not good')));
    const grant = new provider.Grant({ clientId: client.clientId, accountId: service.sub });
    grant.addOIDCScope('openid profile email groups');
    const token = new provider.AccessToken({
      accountId: service.sub, client, grantId: await grant.save(), gty: 'jwt-bearer', scope: scope || 'openid',
    });
    ctx.oidc.entity('AccessToken', token);
    const iat = Math.floor(Date.now() / 1000);
    ctx.body = {
      access_token: await token.save(), expires_in: token.expiration, token_type: token.tokenType, scope: scope || 'openid',
      ...(scope.split(' ').includes('openid') ? {
        id_token: await context.keys.sign({
          iss: context.issuer, sub: service.sub, aud: client.clientId, iat, exp: iat + LIFETIME_S, groups: service.groups,
        }),
      } : {}),
    };
  }, ['assertion', 'scope', 'resource'], []);
}
