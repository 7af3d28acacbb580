// SPDX-License-Identifier: MIT
// What can be made to go wrong, one request at a time: whole replies (status, body, silence, a closed connection) and
// ID tokens that a client must refuse.
import { createHmac, randomUUID } from 'node:crypto';
import * as jose from 'jose';

const b64 = (value) => Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url');

/** Keys that sign: the current one first; a rotation puts a new one there and forgets the others. */
export class Keys {
  async rotate() {
    const { privateKey } = await jose.generateKeyPair('RS256', { extractable: true });
    const jwk = { ...await jose.exportJWK(privateKey), kid: randomUUID(), alg: 'RS256', use: 'sig' };
    this.current = { jwk, privateKey };
    return this;
  }

  published() {
    const { kty, n, e, kid, alg, use } = this.current.jwk;
    return { keys: [{ kty, n, e, kid, alg, use }] };
  }

  sign(claims, header = {}) {
    return new jose.SignJWT(claims)
      .setProtectedHeader({ alg: 'RS256', typ: 'JWT', kid: this.current.jwk.kid, ...header })
      .sign(this.current.privateKey);
  }
}

const tokenFaults = {
  audience: (keys, claims) => keys.sign({ ...claims, aud: 'somebody-else' }),
  audiences: (keys, claims) => keys.sign({ ...claims, aud: [claims.aud, 'somebody-else'] }),
  issuer: (keys, claims) => keys.sign({ ...claims, iss: `${claims.iss}.example` }),
  expired: (keys, claims) => keys.sign({ ...claims, iat: claims.iat - 7200, exp: claims.exp - 7200 - 3600 }),
  future: (keys, claims) => keys.sign({ ...claims, iat: claims.iat + 7200, exp: claims.exp + 7200 }),
  unsaid: (keys, { auth_time, acr, amr, ...claims }) => keys.sign(claims),
  kid: (keys, claims) => keys.sign(claims, { kid: 'no-such-key' }),
  crit: (keys, claims) => keys.sign({ ...claims }, { crit: ['b64'], b64: true }),
  signature: async (keys, claims) => {
    const [header, payload, signature] = (await keys.sign(claims)).split('.');
    const bytes = Buffer.from(signature, 'base64url');
    bytes[bytes.length >> 1] ^= 1;
    return [header, payload, bytes.toString('base64url')].join('.');
  },
  payload: async (keys, claims) => {
    const [header, , signature] = (await keys.sign(claims)).split('.');
    return [header, b64({ ...claims, sub: 'forged' }), signature].join('.');
  },
  none: async (keys, claims) => `${b64({ alg: 'none', typ: 'JWT' })}.${b64(claims)}.`,
  hmac: async (keys, claims) => {
    const secret = await jose.exportSPKI(await jose.importJWK(keys.published().keys[0], 'RS256'));
    const input = `${b64({ alg: 'HS256', typ: 'JWT', kid: keys.current.jwk.kid })}.${b64(claims)}`;
    return `${input}.${createHmac('sha256', secret).update(input).digest('base64url')}`;
  },
  foreign: async (keys, claims) => {
    const other = await new Keys().rotate();
    return other.sign(claims, { kid: keys.current.jwk.kid });
  },
};

export const kinds = ['hang', 'close', 'lost', 'reply', 'missing', ...Object.keys(tokenFaults)];

/** A queue of faults; each is {at, kind, count, ...} and applies to the next `count` requests of that endpoint. */
export class Faults {
  list = [];

  add(fault) {
    if (!kinds.includes(fault.kind)) throw new Error(`unknown kind ${fault.kind}`);
    this.list.push({ count: 1, ...fault });
  }

  clear() {
    this.list = [];
  }

  /** The fault for this request, if there is one; whole-reply faults and ID-token faults are asked for apart. */
  take(at, whole) {
    const fault = this.list.find((f) => f.at === at && (whole === !(f.kind in tokenFaults || f.kind === 'missing')));
    if (fault && --fault.count === 0) this.list.splice(this.list.indexOf(fault), 1);
    return fault;
  }

  static async forge(fault, keys, token) {
    return fault.kind === 'missing' ? undefined : tokenFaults[fault.kind](keys, jose.decodeJwt(token));
  }
}
