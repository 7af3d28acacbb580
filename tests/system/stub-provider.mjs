#!/usr/bin/env node
// SPDX-License-Identifier: MIT
//
// An authorization server that does what a scenario says: the documented dialects of the device flow, and the faults that
// no honest server commits. Loopback only, nothing beyond node's own library (18 or newer).
//
//   stub-provider.mjs [SCENARIO.json] [--port N] [--tls CERT.pem KEY.pem]
//
// Prints one line of JSON, {"issuer": ..., "control": ...}, when it listens; ends on SIGTERM or when stdin closes.
//
// A scenario is one JSON object; every member has a default:
//   "dialect"     a row of `dialects` below: paths, statuses and words                          ("generic")
//   "issuer"      what discovery prints, when it is to be a wrong one
//   "client"      {"id", "secret"}: with a secret, it is demanded where the dialect demands it  ({"id": "client"})
//   "polls"       replies in turn, the last for ever: pending, slow_down, denied, expired, unknown_code, done, or
//                 {"status", "body", "type"} as they are to be sent                             (["pending", "done"])
//   "start"       members laid over the start reply; null removes one
//   "reply"       members laid over the token reply; null removes one
//   "person"      claims of whoever approves                  ({"sub": "alice-1", "preferred_username": "alice"})
//   "token"       {"alg": "RS256" | "ES256" | "none", "forged": true, "header": {...}, "claims": {...}}; claims and
//                 header are laid over the right ones, null removes one
//   "userinfo"    claims instead of the person's; "signed_userinfo": true sends them as a JWT
//   "service"     {"client", "subject", "certificate": PEM}: an account for the JWT bearer grant, as Salesforce has it; with
//                 "error" and "text" it is refused by these words
//   "groups"      ids of the groups that the person is in, for POST /v1.0/me/checkMemberGroups (entra's, as Graph has it)
//   "form"        true: form-encoded replies to every POST, whatever the client accepts
//   "strict"      polls before the interval get slow_down, and the interval grows               (true)
//   "faults"      {"/path": fault or [fault, ...]}: a list is used up one by one, a single one stays. A fault has
//                 "status", "body", "type", "headers", "delay_ms", "hang": true, "cut": bytes sent before the connection
//                 breaks, "date_s": seconds to add to the Date header (with nothing else, the reply stays right)
//   "date_s"      seconds to add to the Date header of every reply
//   "exchange"    {"takes": [subject tokens], "handler": name}: a token exchange (RFC 8693); with a handler, token_handler must name it
//
// Control, on the same port: POST /control lays a JSON object over the scenario; {"rotate": true} makes new keys, and
// {"publish": "both" | "new" | "old"} says which the key set shows. GET /control/log answers the requests so far:
// [{"method", "path", "form", "headers", "at_ms", "early"}].
import { createHash, createSign, createVerify, generateKeyPairSync, randomBytes, X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import http from 'node:http';
import https from 'node:https';

const JWT_BEARER = 'urn:ietf:params:oauth:grant-type:jwt-bearer';
const WINDOW_S = 180; // that a clock may be off, and an assertion may live
const EXCHANGE_GRANT = 'urn:ietf:params:oauth:grant-type:token-exchange';
const DEVICE_GRANT = 'urn:ietf:params:oauth:grant-type:device_code';
const rfc8628 = {
	discovery: true, device: '/device', token: '/token', userinfo: '/userinfo', jwks: '/jwks', grant: DEVICE_GRANT,
	code: 'device_code', issuer: '', documentIssuer: '', pending: 400, slowDown: 400, denied: 400, expired: 400,
	deniedWord: 'access_denied', expiredWord: 'expired_token', unknownWord: 'invalid_grant', secretAt: ['start', 'poll'],
	uri: 'verification_uri', expiresIn: 600, idToken: true, subject: (p) => p,
};

const dialects = {
	generic: {},
	entra: {
		issuer: '/organizations/v2.0', documentIssuer: '/{tenantid}/v2.0', deniedWord: 'authorization_declined',
		unknownWord: 'bad_verification_code', device: '/organizations/oauth2/v2.0/devicecode',
		token: '/organizations/oauth2/v2.0/token', expiresIn: 900,
		subject: (p) => ({ tid: '11111111-2222-3333-4444-555555555555', oid: 'aaaaaaaa-0000-0000-0000-000000000001', ...p }),
	},
	google: {
		pending: 428, slowDown: 403, denied: 403, uri: 'verification_url', device: '/device/code', secretAt: ['poll'],
		expiresIn: 1800,
	},
	okta: { device: '/oauth2/v1/device/authorize', token: '/oauth2/v1/token' },
	auth0: { pending: 403, slowDown: 429, denied: 403, expired: 403, device: '/oauth/device/code', token: '/oauth/token', expiresIn: 900 },
	keycloak: { device: '/protocol/openid-connect/auth/device', token: '/protocol/openid-connect/token' },
	github: {
		discovery: false, device: '/login/device/code', token: '/login/oauth/access_token', userinfo: '/user',
		pending: 200, slowDown: 200, denied: 200, expired: 200, expiredWord: 'token_expired',
		unknownWord: 'incorrect_device_code', secretAt: [], form: true, idToken: false, expiresIn: 900,
		subject: () => ({ id: 583231, login: 'alice', email: null }),
	},
	gitlab: { device: '/oauth/authorize_device', token: '/oauth/token', expiresIn: 300 },
	authentik: { deniedWord: 'authorization_pending', expiredWord: 'authorization_pending' },
	dex: { pending: 401, deniedWord: 'authorization_pending', unknownWord: 'invalid_request', device: '/device/code', secretAt: [] },
	salesforce: {
		device: '/services/oauth2/token', token: '/services/oauth2/token', userinfo: '/services/oauth2/userinfo',
		jwks: '/id/keys', grant: 'device', code: 'code', expiresIn: null, undiscoveredDevice: true, noExpiry: true,
		exchangeReply: (r) => ({ ...r, instance_url: 'https://example.my.salesforce.com', issued_at: String(Date.now()), signature: 'c2ln' }),
	},
};

const args = process.argv.slice(2);
const options = { port: 0, tls: null, file: null };
while (args.length > 0) {
	const arg = args.shift();
	if (arg === '--port') options.port = Number(args.shift());
	else if (arg === '--tls') options.tls = { cert: readFileSync(args.shift()), key: readFileSync(args.shift()) };
	else options.file = arg;
}

const scenario = {
	dialect: 'generic', client: { id: 'client' }, polls: ['pending', 'done'], start: {}, reply: {}, token: {}, strict: true,
	person: { sub: 'alice-1', preferred_username: 'alice' }, faults: {}, publish: 'both',
};
if (options.file) Object.assign(scenario, JSON.parse(readFileSync(options.file, 'utf8')));

const log = [];
const flows = new Map(); // device code -> {nextPoll, interval, lastMs, redeemed}
const base64url = (data) => Buffer.from(data).toString('base64url');
const wait = (ms) => new Promise((done) => { setTimeout(done, ms); });
const dialect = () => ({ ...rfc8628, ...dialects[scenario.dialect] });
let base, keyNumber = 0, keys = null, oldKeys = null;

function newKeys() {
	keyNumber++;
	return {
		RS256: { kid: `rs${keyNumber}`, ...generateKeyPairSync('rsa', { modulusLength: 2048 }) },
		ES256: { kid: `es${keyNumber}`, ...generateKeyPairSync('ec', { namedCurve: 'P-256' }) },
	};
}

function overlay(object, changes) {
	const result = { ...object };
	for (const [name, value] of Object.entries(changes ?? {})) {
		if (value === null) delete result[name];
		else result[name] = value;
	}
	return result;
}

function signed(claims) {
	const { alg = 'RS256', forged = false, header } = scenario.token;
	const pair = (forged ? newKeys() : keys)[alg === 'none' ? 'RS256' : alg];
	const kid = keys[alg === 'none' ? 'RS256' : alg].kid;
	const text = `${base64url(JSON.stringify(overlay({ alg, kid }, header)))}.${base64url(JSON.stringify(claims))}`;
	if (alg === 'none') return `${text}.`;
	const sign = createSign('sha256').update(text);
	return `${text}.${sign.sign({ key: pair.privateKey, dsaEncoding: 'ieee-p1363' }).toString('base64url')}`;
}

function person() {
	return dialect().subject(scenario.person);
}

function tokenIssuer() {
	const d = dialect();
	return base + (scenario.dialect === 'entra' ? d.documentIssuer.replace('{tenantid}', person().tid) : d.issuer);
}

function idToken(accessToken) {
	const now = Math.floor(Date.now() / 1000) + (scenario.date_s ?? 0);
	const atHash = createHash('sha256').update(accessToken).digest().subarray(0, 16).toString('base64url');
	return signed(overlay({ iss: tokenIssuer(), aud: scenario.client.id, iat: now, exp: now + 300, at_hash: atHash, ...person() },
		scenario.token.claims));
}

function keySet() {
	const pick = [];
	if (scenario.publish !== 'old') pick.push(...Object.entries(keys));
	if (oldKeys && scenario.publish !== 'new') pick.push(...Object.entries(oldKeys));
	return { keys: pick.map(([alg, k]) => ({ ...k.publicKey.export({ format: 'jwk' }), kid: k.kid, alg, use: 'sig' })) };
}

function metadata() {
	const d = dialect();
	const document = {
		issuer: scenario.issuer ?? base + (d.documentIssuer || d.issuer), authorization_endpoint: `${base}/auth`,
		token_endpoint: base + d.token, userinfo_endpoint: base + d.userinfo, jwks_uri: base + d.jwks,
		response_types_supported: ['code'], subject_types_supported: ['public'],
		id_token_signing_alg_values_supported: ['RS256'],
	};
	if (d.undiscoveredDevice) document.register_endpoint = `${base}/services/oauth2/register`;
	else document.device_authorization_endpoint = base + d.device;
	return document;
}

const error = (status, word, more = {}) => ({ status, body: { error: word, error_description: `the stub says ${word}`, ...more } });

function clientFault(form, request, step) {
	const { id, secret } = scenario.client;
	const basic = request.headers.authorization?.startsWith('Basic ')
		? Buffer.from(request.headers.authorization.slice(6), 'base64').toString().split(':').map((t) => decodeURIComponent(t.replaceAll('+', ' ')))
		: null;
	const wanted = secret !== undefined && dialect().secretAt.includes(step) ? secret : undefined;
	if (basic && (form.client_secret !== undefined || form.client_id !== undefined)) return error(400, 'invalid_request');
	if ((basic ? basic[0] : form.client_id) !== id) return error(401, 'invalid_client');
	if (wanted !== undefined && (basic ? basic[1] : form.client_secret) !== wanted) return error(401, 'invalid_client');
	return null;
}

function start(form, request) {
	const d = dialect();
	const fault = clientFault(form, request, 'start');
	if (fault) return fault;
	const deviceCode = randomBytes(24).toString('base64url');
	const reply = overlay({
		device_code: deviceCode, user_code: 'WDJB-MJHT', [d.uri]: `${base}/activate`, interval: 1,
		...(d.expiresIn === null ? {} : { expires_in: d.expiresIn }),
	}, scenario.start);
	flows.set(reply.device_code, { polls: 0, interval: Number(reply.interval ?? 5), lastMs: Date.now(), redeemed: false });
	return { status: 200, body: reply };
}

function tokens() {
	const d = dialect();
	const accessToken = `at-${randomBytes(12).toString('base64url')}`;
	const reply = { access_token: accessToken, token_type: 'Bearer', scope: 'openid' };
	if (!d.noExpiry) reply.expires_in = 3600;
	if (d.idToken) reply.id_token = idToken(accessToken);
	return { status: 200, body: overlay(reply, scenario.reply) };
}

// Salesforce: help "OAuth 2.0 Token Exchange Flow"; its reply does not name what was issued.
function exchange(form, request) {
	const d = dialect();
	const wanted = scenario.exchange;
	const fault = clientFault(form, request, 'poll');
	if (fault) return fault;
	if (!wanted) return error(400, 'unsupported_grant_type');
	if (!form.subject_token || !form.subject_token_type) return error(400, 'invalid_request');
	if (wanted.handler !== undefined && form.token_handler !== wanted.handler) return error(400, 'invalid_grant');
	if (!wanted.takes.includes(form.subject_token))
		return { status: 400, body: { error: 'invalid_grant', error_description: "user hasn't approved this consumer" } };
	const { status, body } = tokens();
	const shape = d.exchangeReply ?? ((r) => ({ issued_token_type: 'urn:ietf:params:oauth:token-type:access_token', ...r }));
	return { status, body: overlay(shape(body), scenario.reply) };
}

function poll(form, request, entry) {
	const d = dialect();
	const fault = clientFault(form, request, 'poll');
	const flow = flows.get(form[d.code]);
	if (fault) return fault;
	if (form.grant_type !== d.grant) return error(400, 'unsupported_grant_type');
	if (!flow || flow.redeemed) return error(d.denied, d.unknownWord);
	const now = Date.now();
	entry.early = now - flow.lastMs < flow.interval * 1000;
	flow.lastMs = now;
	if (entry.early && scenario.strict) {
		flow.interval += 5;
		return error(d.slowDown, 'slow_down', scenario.dialect === 'github' ? { interval: flow.interval } : {});
	}
	const next = scenario.polls[Math.min(flow.polls++, scenario.polls.length - 1)];
	if (typeof next === 'object') return next;
	switch (next) {
	case 'pending': return error(d.pending, 'authorization_pending');
	case 'slow_down':
		flow.interval += 5;
		return error(d.slowDown, 'slow_down');
	case 'denied': return error(d.denied, d.deniedWord);
	case 'expired': return error(d.expired, d.expiredWord);
	case 'done':
		flow.redeemed = true;
		return tokens();
	default: return error(d.denied, d.unknownWord);
	}
}

const usedJti = new Set();

// Help "OAuth 2.0 JWT Bearer Flow": the certificate says who it is, the audience is the login host, RS256 alone, no scope, no
// secret, no refresh token and no expires_in. The words are those of the error table.
function bearer(form) {
	const { client, subject, certificate, error: word, text: words } = scenario.service ?? {};
	const say = (code, description) => ({ status: 400, body: { error: code, error_description: description } });
	const [head, payload, signature] = (form.assertion ?? '').split('.');
	const [header, claims] = [head, payload].map((part) => JSON.parse(Buffer.from(part ?? '', 'base64url').toString() || '{}'));
	const nowS = Date.now() / 1000 + (scenario.date_s ?? 0);
	if (form.scope !== undefined || form.client_secret !== undefined) return say('invalid_request', 'no such parameter here');
	if (claims.iss !== client) return say('invalid_client_id', 'client identifier invalid');
	if (header.alg !== 'RS256' || !createVerify('sha256').update(`${head}.${payload}`)
		.verify(new X509Certificate(certificate).publicKey, Buffer.from(signature, 'base64url'))) return say('invalid_grant', 'invalid assertion');
	if (claims.aud !== base) return say('invalid_grant', 'audience is invalid');
	if (claims.exp < nowS || claims.exp - nowS > 2 * WINDOW_S) return say('invalid_grant', 'expired authorization code');
	if (claims.jti === undefined || usedJti.has(claims.jti)) return say('bad_jti_claim', 'jti was used');
	usedJti.add(claims.jti);
	if (word) return say(word, words);
	if (claims.sub !== subject) return say('invalid_grant', 'invalid user');
	return { status: 200, body: {
		access_token: `00D000000000001!${randomBytes(24).toString('base64url')}`, token_type: 'Bearer', scope: 'api id',
		instance_url: base, id: `${base}/id/00D000000000001AAA/005000000000001AAA`, issued_at: String(Date.now()),
		signature: randomBytes(32).toString('base64'),
	} };
}

function userinfo(request) {
	if (!request.headers.authorization?.startsWith('Bearer at-')) return { status: 401, body: { error: 'invalid_token' } };
	if (scenario.dialect === 'github' && !request.headers['user-agent']) return { status: 403, body: 'no user agent', type: 'text/plain' };
	const claims = scenario.userinfo ?? person();
	if (scenario.signed_userinfo)
		return { status: 200, type: 'application/jwt', body: signed({ iss: tokenIssuer(), aud: scenario.client.id, ...claims }) };
	return { status: 200, body: claims };
}

// Microsoft Graph, "user: checkMemberGroups": at most 20 ids, each of them one.
function checkMemberGroups(request, text) {
	if (!request.headers.authorization?.startsWith('Bearer at-')) return { status: 401, body: { error: { code: 'InvalidAuthenticationToken' } } };
	const ids = JSON.parse(text).groupIds;
	const guid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;
	if (request.headers['content-type'] !== 'application/json' || ids.length > 20 || !ids.every((id) => guid.test(id)))
		return { status: 400, body: { error: { code: 'Request_BadRequest' } } };
	return { status: 200, body: { '@odata.context': `${base}/v1.0/$metadata`, value: ids.filter((id) => scenario.groups?.includes(id)) } };
}

function control(request, path, text) {
	if (path === '/control/log') return { status: 200, body: log };
	const changes = JSON.parse(text);
	if (changes.rotate) [oldKeys, keys] = [keys, newKeys()];
	Object.assign(scenario, changes);
	return { status: 200, body: {} };
}

function answer(request, path, form, entry, text) {
	const d = dialect();
	const post = request.method === 'POST';
	if (post && path === '/v1.0/me/checkMemberGroups') return checkMemberGroups(request, text);
	if (post && path === d.device && (path !== d.token || form.response_type === 'device_code')) return start(form, request);
	if (post && path === d.token && form.grant_type === JWT_BEARER) return bearer(form);
	if (post && path === d.token && form.grant_type === EXCHANGE_GRANT) return exchange(form, request);
	if (post && path === d.token) return poll(form, request, entry);
	if (!post && path === d.userinfo) return userinfo(request);
	if (!post && path === d.jwks && d.idToken) return { status: 200, body: keySet() };
	if (!post && d.discovery && path === `${d.issuer}/.well-known/openid-configuration`) return { status: 200, body: metadata() };
	return { status: 404, body: 'nothing here', type: 'text/plain' };
}

function takeFault(path) {
	const fault = scenario.faults[path];
	return Array.isArray(fault) ? fault.shift() : fault;
}

function encode(reply, request, isControl) {
	if (isControl) return ['application/json', JSON.stringify(reply.body)];
	if (typeof reply.body === 'string' || reply.body === undefined) return [reply.type ?? 'application/json', reply.body ?? ''];
	// GitHub's own form, unless the client asks for JSON
	const takesJson = (request.headers.accept ?? '').includes('json');
	if (request.method === 'POST' && (scenario.form || (dialect().form && !takesJson)))
		return ['application/x-www-form-urlencoded', new URLSearchParams(reply.body).toString()];
	return [reply.type ?? 'application/json', JSON.stringify(reply.body)];
}

async function serve(request, response) {
	const chunks = [];
	for await (const chunk of request) chunks.push(chunk);
	const text = Buffer.concat(chunks).toString();
	const path = new URL(request.url, base).pathname;
	const isControl = path.startsWith('/control');
	const form = isControl ? {} : Object.fromEntries(new URLSearchParams(text));
	const entry = { method: request.method, path: request.url, form, headers: request.headers, at_ms: Date.now(), early: false };
	if (!isControl) log.push(entry);

	let reply = isControl ? control(request, path, text) : answer(request, path, form, entry, text);
	const fault = isControl ? undefined : takeFault(path);
	if (fault?.hang) return;
	if (fault?.delay_ms) await wait(fault.delay_ms);
	if (fault && (fault.status !== undefined || fault.body !== undefined)) reply = { status: 200, ...fault };
	const [type, body] = encode(reply, request, isControl);
	const date = new Date(Date.now() + ((fault?.date_s ?? 0) + (scenario.date_s ?? 0)) * 1000);
	response.writeHead(reply.status, { 'Content-Type': type, 'Content-Length': Buffer.byteLength(body), Date: date.toUTCString(), ...fault?.headers });
	if (fault?.cut !== undefined) {
		response.write(body.slice(0, fault.cut), () => response.destroy());
		return;
	}
	response.end(body);
}

function safely(request, response) {
	serve(request, response).catch((e) => {
		process.stderr.write(`stub-provider: ${e.stack}\n`);
		response.destroy();
	});
}

keys = newKeys();
const server = options.tls ? https.createServer(options.tls, safely) : http.createServer(safely);
server.listen(options.port, '127.0.0.1', () => {
	base = `${options.tls ? 'https' : 'http'}://127.0.0.1:${server.address().port}`;
	process.stdout.write(`${JSON.stringify({ issuer: base + dialect().issuer, control: `${base}/control` })}\n`);
});
process.on('SIGTERM', () => process.exit(0));
process.stdin.resume();
process.stdin.on('end', () => process.exit(0));
