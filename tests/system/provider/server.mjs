// SPDX-License-Identifier: MIT
// A real authorization server (oidc-provider) for the demo and the system tests: device grant with interval and
// slow_down, a few people, a record of every request, and a control port through which tests make it misbehave.
//
//   node server.mjs '{"port": 9400, "controlPort": 9401, ...}'
//
// Prints one line of JSON with the issuer when it serves. Listens on loopback only.
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import http from 'node:http';
import https from 'node:https';
import Provider from 'oidc-provider';
import { Devices, GRANT as CIBA_GRANT } from './ciba.mjs';
import { certificateClient, certificateSettings, clientFeatures, tlsOptions, unalias } from './clients.mjs';
import { Exchange, GRANT as EXCHANGE_GRANT } from './exchange.mjs';
import { Faults, Keys } from './faults.mjs';
import { JWT_BEARER, jwkOf, register as registerGrants } from './grants.mjs';
import { findBySubject, people } from './people.mjs';
import * as pages from './pages.mjs';

const DEVICE_GRANT = 'urn:ietf:params:oauth:grant-type:device_code';
const SLOW_DOWN_S = 5;

const options = {
  host: '127.0.0.1',
  name: null, // of the issuer; default: the host
  port: 0,
  controlPort: 0,
  interval: 1,
  deviceTtl: 600,
  clientId: 'latchkey',
  clientSecret: null, // makes it a client that authenticates and may use CIBA
  serviceKey: null, // PEM, of a client that is a service account itself
  directorySecret: null, // of a second client, for the host itself
  complete: true, // whether verification_uri_complete is sent
  logoutUri: null, // where logout tokens are posted
  redirectUri: null, // lets the client use the authorization code flow
  pushed: false, // whether authorization requests may be pushed
  registrationToken: null, // lets clients register themselves that have it
  mtls: null, // method of a client "latchkey-mtls"; with clientCa, or clientCertificate of its own
  cert: null,
  key: null,
  ...JSON.parse(process.argv[2] ?? '{}'),
};

const server = options.cert
  ? https.createServer({ cert: readFileSync(options.cert), key: readFileSync(options.key), ...tlsOptions(options) })
  : http.createServer();
await new Promise((resolve, reject) => {
  server.once('error', reject);
  server.listen(options.port, options.host, resolve);
});
const scheme = options.cert ? 'https' : 'http';
const issuer = `${scheme}://${options.name ?? options.host}:${server.address().port}`;

const keys = await new Keys().rotate();
const faults = new Faults();
const devices = new Devices();
const exchange = new Exchange();
const settings = {
  interval: options.interval,
  complete: options.complete,
  deviceTtl: options.deviceTtl,
  accessTokenTtl: 3600,
  clockOffset: 0, // seconds that this clock is ahead of the truth, where a token is asked for
  cibaTtl: 0, // 0: as the client wants it
  login: {}, // {acr, amr, age}: how people sign in, and how many seconds ago they did
};
let records = [];
let resigns = false; // after a rotation the library still signs with the first key

const provider = new Provider(issuer, {
  jwks: { keys: [keys.current.jwk] },
  cookies: { keys: [randomBytes(16).toString('hex')] },
  clients: [{
    client_id: options.clientId,
    client_name: 'Latchkey',
    application_type: 'native',
    ...(options.clientSecret ? {
      client_secret: options.clientSecret,
      token_endpoint_auth_method: 'client_secret_basic',
      backchannel_token_delivery_mode: 'poll',
    } : { token_endpoint_auth_method: 'none' }),
    grant_types: [DEVICE_GRANT, 'refresh_token', JWT_BEARER, ...(options.redirectUri ? ['authorization_code'] : []), ...(options.clientSecret ? [CIBA_GRANT, EXCHANGE_GRANT] : [])],
    response_types: options.redirectUri ? ['code'] : [],
    redirect_uris: options.redirectUri ? [options.redirectUri] : [],
    id_token_signed_response_alg: 'RS256',
    ...(options.logoutUri ? { backchannel_logout_uri: options.logoutUri } : {}),
  }, ...(options.directorySecret ? [{
    client_id: `${options.clientId}-directory`,
    client_secret: options.directorySecret,
    grant_types: ['client_credentials'],
    response_types: [],
    redirect_uris: [],
    scope: 'people.read',
  }] : []), ...(options.serviceKey ? [{
    client_id: `${options.clientId}-service`,
    token_endpoint_auth_method: 'private_key_jwt',
    token_endpoint_auth_signing_alg: 'ES256',
    jwks: { keys: [await jwkOf(options.serviceKey)] },
    grant_types: ['client_credentials'],
    response_types: [],
    redirect_uris: [],
  }] : []), ...certificateClient(options)],
  scopes: ['openid', 'offline_access', 'profile', 'email', 'groups', 'people.read'],
  claims: {
    openid: ['sub', 'acr', 'amr', 'auth_time'],
    profile: ['name', 'preferred_username', 'uidNumber'],
    email: ['email', 'email_verified'],
    groups: ['groups'],
  },
  features: {
    devInteractions: { enabled: false },
    deviceFlow: {
      enabled: true,
      userCodeInputSource: (ctx, form, out, err) => {
        const denied = err?.name === 'AbortedError';
        ctx.body = pages.codeInput(form, err && (denied ? 'You refused.' : 'That code does not work.'));
      },
      userCodeConfirmSource: (ctx, form, client, device, code) => {
        ctx.body = pages.codeConfirm(form, client.clientName, code);
      },
      successSource: (ctx) => {
        ctx.body = pages.done();
      },
    },
    ciba: devices.feature(),
    introspection: { enabled: true },
    revocation: { enabled: true },
    pushedAuthorizationRequests: { enabled: options.pushed },
    backchannelLogout: { enabled: true },
    clientCredentials: { enabled: true },
    ...clientFeatures(options),
  },
  fetch: (url, init) => fetch(url, { ...init, dispatcher: undefined }), // the library's own refuses loopback
  ttl: {
    AccessToken: () => settings.accessTokenTtl,
    BackchannelAuthenticationRequest: (ctx) => settings.cibaTtl || Number(ctx.oidc.params.requested_expiry ?? 120),
    DeviceCode: () => settings.deviceTtl,
    Interaction: 3600,
    Session: 3600,
    Grant: 3600,
    IdToken: 3600,
    RefreshToken: 3600,
  },
  ...certificateSettings(issuer, options),
  rotateRefreshToken: true,
  interactions: { url: (ctx, interaction) => `/interaction/${interaction.uid}` },
  findAccount: (ctx, sub) => {
    const claims = findBySubject(sub);
    if (!claims || claims.disabled) return undefined; // grants of theirs are not good any more either
    return { accountId: sub, claims: () => ({ ...claims }) };
  },
  // The confirmation of the code is the consent: no further page asks.
  loadExistingGrant: async (ctx) => {
    const grant = new provider.Grant({
      clientId: ctx.oidc.client.clientId,
      accountId: ctx.oidc.session.accountId,
    });
    grant.addOIDCScope('openid offline_access profile email groups');
    await grant.save();
    return grant;
  },
});

let assertion = null; // the last one that was shown
registerGrants(provider, { issuer, keys, settings, record: (text) => { assertion = text; } });

function readForm(req) {
  return new Promise((resolve, reject) => {
    let text = '';
    req.on('data', (chunk) => { text += chunk; });
    req.on('end', () => resolve(new URLSearchParams(text)));
    req.on('error', reject);
  });
}

function signIn(accountId) {
  const { acr, amr, age = 0 } = settings.login;
  return { accountId, acr, amr, ts: Math.floor(Date.now() / 1000) - age };
}

/** Sign-in by name: the second factor of these people is that they live on loopback. */
async function interaction(ctx) {
  if (ctx.method === 'POST') {
    const claims = people.get((await readForm(ctx.req)).get('login') ?? '');
    ctx.respond = false;
    await provider.interactionFinished(ctx.req, ctx.res, claims && !claims.disabled
      ? { login: signIn(claims.sub) }
      : { error: 'access_denied', error_description: 'nobody of that name' });
    return;
  }
  const { prompt } = await provider.interactionDetails(ctx.req, ctx.res);
  if (prompt.name === 'consent') {
    ctx.respond = false;
    await provider.interactionFinished(ctx.req, ctx.res, { consent: {} }, { mergeWithLastSubmission: true });
    return;
  }
  ctx.type = 'html';
  ctx.body = pages.signIn(ctx.path, [...people.keys()]);
}

const endpoints = {
  '/.well-known/openid-configuration': 'discovery',
  '/.well-known/oauth-authorization-server': 'discovery',
  '/jwks': 'jwks',
  '/device/auth': 'device',
  '/backchannel': 'ciba',
  '/token': 'token',
  '/me': 'userinfo',
  '/reg': 'registration',
  '/token/revocation': 'revocation',
  '/device': 'page',
};

/** True when the request has been dealt with here. */
function misbehave(ctx, at, record) {
  const fault = faults.take(at, true);
  if (!fault) return false;
  if (fault.kind === 'lost') {
    record.lost = true; // done here, and never heard of there
    return false;
  }
  if (fault.kind === 'reply') {
    ctx.status = fault.status ?? 200;
    ctx.type = fault.type ?? 'application/json';
    ctx.body = typeof fault.body === 'string' ? fault.body : JSON.stringify(fault.body ?? {});
    for (const [name, value] of Object.entries(fault.headers ?? {})) ctx.set(name, value);
    return true;
  }
  ctx.respond = false;
  if (fault.kind === 'close') ctx.req.socket.destroy();
  return true; // hang: nothing is ever sent
}

const codes = new Map(); // device_code -> { interval, last }

function pace(ctx, record, now) {
  const code = ctx.oidc?.params?.device_code ?? ctx.oidc?.params?.auth_req_id;
  const known = codes.get(code);
  if (!known) return;
  record.device = known.number;
  if (now - known.last < known.interval * 1000) {
    record.early = true;
    if (ctx.body?.error === 'authorization_pending') {
      known.interval += SLOW_DOWN_S;
      ctx.body = { error: 'slow_down', error_description: 'polled before the interval was over' };
    }
  }
  known.last = now;
}

async function reshape(ctx, at, record, now) {
  const body = ctx.body;
  if (!body || typeof body !== 'object') return;
  if (at === 'device' && body.device_code) {
    codes.set(body.device_code, { interval: settings.interval, last: now, number: codes.size + 1 });
    record.device = codes.size;
    ctx.body = { ...body, interval: settings.interval };
    if (!settings.complete) delete ctx.body.verification_uri_complete;
  } else if (at === 'ciba' && body.auth_req_id) {
    codes.set(body.auth_req_id, { interval: settings.interval, last: now, number: codes.size + 1 });
    ctx.body = { ...body, interval: settings.interval };
  } else if (at === 'token') {
    pace(ctx, record, now);
    if (settings.clockOffset) ctx.set('Date', new Date(now + settings.clockOffset * 1000).toUTCString());
    if (!ctx.body.id_token) return;
    const fault = faults.take('token', false);
    if (fault) ctx.body = { ...ctx.body, id_token: await Faults.forge(fault, keys, body.id_token) };
    else if (resigns) {
      const claims = JSON.parse(Buffer.from(body.id_token.split('.')[1], 'base64url'));
      ctx.body = { ...ctx.body, id_token: await keys.sign(claims) };
    }
  } else if (at === 'jwks') ctx.body = keys.published();
}

provider.use(unalias);
provider.use(async (ctx, next) => {
  const now = Date.now();
  const at = endpoints[ctx.path] ?? (ctx.path.startsWith('/reg/') ? 'registration'
    : ctx.path.startsWith('/interaction/') ? 'interaction' : 'other');
  const record = { at, method: ctx.method, path: ctx.path, time: now, agent: ctx.get('user-agent') };
  records.push(record);
  if (misbehave(ctx, at, record)) {
    record.fault = true;
    return;
  }
  if (at === 'interaction') {
    await interaction(ctx);
    return;
  }
  await next();
  await reshape(ctx, at, record, now);
  record.status = ctx.status;
  record.grant = ctx.oidc?.params?.grant_type;
  record.client = ctx.oidc?.client?.clientId;
  record.auth = ctx.oidc?.client?.clientAuthMethod;
  record.alias = ctx.state.alias;
  if (at === 'registration') record.body = ctx.oidc?.body;
  if (at === 'device' || at === 'ciba' || record.grant === 'authorization_code') record.params = { ...ctx.oidc?.params };
  if (at === 'token' && assertion) {
    record.assertion = assertion;
    record.params = { ...ctx.oidc?.params };
    assertion = null;
  }
  if (ctx.body?.error) record.error = ctx.body.error;
  if (record.lost) {
    ctx.respond = false;
    ctx.req.socket.destroy();
  }
});
exchange.register(provider);
provider.on('server_error', (ctx, error) => console.error(error));
server.on('request', provider.callback());

// GET /requests, /pushes; POST /clear, /fault, /rotate, /settings, /answer {deny} or {acr, amr, age} to the last push,
// /messages {takes: regular expression}, /people {name: {claim: value}},
// where "disabled" is no claim: nobody is there any more, /sign {claims, header}, /backchannel-logout {person},
// /mint {person, scope, expiresIn} makes an access token, /foreign {token, person} makes one of another server known
const control = http.createServer(async (req, res) => {
  let status = 200;
  let answer = {};
  try {
    let text = '';
    for await (const chunk of req) text += chunk;
    const body = text ? JSON.parse(text) : {};
    switch (`${req.method} ${req.url}`) {
      case 'GET /requests': answer = records; break;
      case 'GET /pushes': answer = devices.pushes; break;
      case 'POST /answer': await devices.answer(provider, body); break;
      case 'POST /messages': devices.takes = new RegExp(body.takes); break;
      case 'POST /clear': records = []; devices.pushes = []; faults.clear(); break;
      case 'POST /fault': faults.add(body); break;
      case 'POST /rotate': await keys.rotate(); resigns = true; break;
      case 'POST /sign': answer = { token: await keys.sign(body.claims, body.header) }; break;
      case 'POST /backchannel-logout':
        await (await provider.Client.find(options.clientId)).backchannelLogout(people.get(body.person).sub, 'sid');
        break;
      case 'POST /mint': answer = { token: await Exchange.mint(provider, options.clientId, body) }; break;
      case 'POST /foreign': exchange.foreign.set(body.token, body.person); break;
      case 'POST /settings': Object.assign(settings, body); break;
      case 'POST /people':
        for (const [name, claims] of Object.entries(body)) people.set(name, { ...people.get(name), ...claims });
        break;
      default: status = 404;
    }
  } catch (error) {
    status = 400;
    answer = { error: error.message };
  }
  res.writeHead(status, { 'content-type': 'application/json' });
  res.end(JSON.stringify(answer));
});
await new Promise((resolve) => { control.listen(options.controlPort, '127.0.0.1', resolve); });

console.log(JSON.stringify({ issuer, control: `http://127.0.0.1:${control.address().port}` }));
