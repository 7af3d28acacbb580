// SPDX-License-Identifier: MIT
// The provider asks people on their own devices (CIBA, poll mode). Tests are the people: they see what the device shows,
// and answer for it through the control port.
import { errors } from 'oidc-provider';
import { findBySubject, people } from './people.mjs';

export const GRANT = 'urn:openid:params:grant-type:ciba';

export class Devices {
  pushes = []; // { id, sub, message, acr }: as the person's device shows it

  /** What oidc-provider is configured with. */
  feature() {
    return {
      enabled: true,
      deliveryModes: ['poll'],
      processLoginHint: async (ctx, hint) => (people.get(hint) ?? findBySubject(hint))?.sub,
      processLoginHintToken: async () => undefined,
      validateBindingMessage: async (ctx, message) => {
        if (!this.takes.test(message ?? '')) throw new errors.InvalidBindingMessage();
      },
      validateRequestContext: async () => {},
      verifyUserCode: async () => {},
      triggerAuthenticationDevice: async (ctx, request, account) => {
        const { binding_message: message, acr_values: acr } = ctx.oidc.params;
        this.pushes.push({ id: request.jti, sub: account.accountId, message, acr });
      },
    };
  }

  takes = /^[a-zA-Z0-9-._+/!?#]{1,20}$/; // which messages

  /** The last push is answered: {deny}, or with {acr, amr, age} of the person's sign-in. */
  async answer(provider, { deny, acr, amr, age = 0 }) {
    const push = this.pushes.at(-1);
    const request = await provider.BackchannelAuthenticationRequest.find(push.id);
    if (deny) {
      await provider.backchannelResult(request, new errors.AccessDenied());
      return;
    }
    const grant = new provider.Grant({ clientId: request.clientId, accountId: request.accountId });
    grant.addOIDCScope('openid offline_access profile email groups');
    await grant.save();
    await provider.backchannelResult(request, grant, { acr, amr, authTime: Math.floor(Date.now() / 1000) - age });
  }
}
