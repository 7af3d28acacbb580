// SPDX-License-Identifier: MIT
// Token exchange (RFC 8693) as a grant of its own: for tokens of this server, and for those of another one that the control port has
// made known.
import { errors } from 'oidc-provider';
import { people } from './people.mjs';

export const GRANT = 'urn:ietf:params:oauth:grant-type:token-exchange';
const TYPE = 'urn:ietf:params:oauth:token-type:';
const TARGETS = ['billing', 'https://api.example/v1'];
const PARAMETERS = ['audience', 'resource', 'scope', 'requested_token_type', 'subject_token', 'subject_token_type', 'actor_token',
  'actor_token_type'];

export class Exchange {
  foreign = new Map(); // token -> name of a person

  register(provider) {
    provider.registerGrantType(GRANT, (ctx) => this.grant(provider, ctx), PARAMETERS, ['audience', 'resource']);
  }

  /** A token of this server, as if somebody had been given it elsewhere. */
  static async mint(provider, clientId, { person, scope, expiresIn = 3600 }) {
    const client = await provider.Client.find(clientId);
    const accountId = people.get(person).sub;
    const grant = new provider.Grant({ clientId, accountId });
    grant.addOIDCScope(scope);
    const token = new provider.AccessToken({ accountId, client, scope, grantId: await grant.save(), gty: 'minted' });
    token.expiresIn = expiresIn;
    return token.save();
  }

  async subject(provider, { subject_token: token, subject_token_type: type }) {
    if (!token || !type) throw new errors.InvalidRequest('subject_token and subject_token_type are required');
    if (this.foreign.has(token)) return people.get(this.foreign.get(token)).sub;
    const own = type === `${TYPE}access_token` && await provider.AccessToken.find(token);
    if (!own || !own.isValid) throw new errors.InvalidRequest('subject_token is not valid');
    return own.accountId;
  }

  async grant(provider, ctx) {
    const { params, client } = ctx.oidc;
    const accountId = await this.subject(provider, params);
    if ((params.actor_token === undefined) !== (params.actor_token_type === undefined)) {
      throw new errors.InvalidRequest('actor_token and actor_token_type go together');
    }
    for (const target of [params.audience ?? [], params.resource ?? []].flat()) {
      if (!TARGETS.includes(target)) throw new errors.CustomOIDCProviderError('invalid_target', 'nobody knows it');
    }
    const scope = params.scope ?? 'openid';
    const grant = new provider.Grant({ clientId: client.clientId, accountId });
    grant.addOIDCScope(scope);
    const token = new provider.AccessToken({ accountId, client, scope, grantId: await grant.save(), gty: 'token-exchange' });
    ctx.oidc.entity('AccessToken', token);
    ctx.body = {
      access_token: await token.save(),
      issued_token_type: params.requested_token_type ?? `${TYPE}access_token`,
      token_type: 'Bearer',
      expires_in: token.expiration,
      scope,
    };
  }
}
