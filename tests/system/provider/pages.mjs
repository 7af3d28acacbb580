// SPDX-License-Identifier: MIT
// The pages that a person sees: enter the code, compare it, sign in, done.
const escape = (text) => String(text).replace(/[&<>"']/g, (c) => `&#${c.charCodeAt(0)};`);

export function page(title, body) {
  return `<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escape(title)}</title><style>
body{font:18px/1.5 system-ui,sans-serif;max-width:26em;margin:3em auto;padding:0 1em;color:#222}
h1{font-size:1.3em}code{font-size:1.8em;letter-spacing:.1em}
input,button{font:inherit;padding:.5em 1em;margin:.3em 0}
</style></head><body><h1>${escape(title)}</h1>
${body}
</body></html>`;
}

export const codeInput = (form, error) => page('Connect a device', `
${error ? `<p id="error">${escape(error)}</p>` : ''}
<p>Type the code that your terminal shows.</p>
${form}
<button id="continue" type="submit" form="op.deviceInputForm">Continue</button>`);

export const codeConfirm = (form, client, code) => page('Connect a device?', `
<p>Does your terminal show this code?</p>
<p><code id="code">${escape(code)}</code></p>
${form}
<p>${escape(client)} will sign you in on that machine. Go on only if you started this yourself.</p>
<button id="approve" type="submit" form="op.deviceConfirmForm" autofocus>Approve</button>
<button id="deny" type="submit" form="op.deviceConfirmForm" name="abort" value="yes">Deny</button>`);

export const signIn = (action, names) => page('Sign in', `
<form id="sign-in" method="post" action="${escape(action)}">
<input name="login" placeholder="Your name" required autofocus autocomplete="off">
<button id="submit" type="submit">Sign in</button>
</form>
<p>Known here: ${names.map(escape).join(', ')}</p>`);

export const done = () => page('Done', '<p id="done">You are signed in on the device. You may close this page.</p>');
