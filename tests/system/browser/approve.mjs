// SPDX-License-Identifier: MIT
// Approves or denies a device code in headless Chromium, as a person would: opens the URL, types the code where the
// page asks for it, compares it where the page shows it, signs in.
//
//   node approve.mjs '{"url": "http://...", "person": "alice", "code": "ABCD-EFGH", "deny": false, "home": "/tmp/x"}'
//
// Prints one line of JSON: {"outcome": "approved" | "denied" | "failed", "shown": code or null, "text": last page}.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium } from 'playwright-core';

const options = {
  person: 'alice', code: null, deny: false, timeout: 90_000, picture: null, ...JSON.parse(process.argv[2]),
};
const home = mkdtempSync(join(tmpdir(), 'browser-'));
const context = await chromium.launchPersistentContext(home, {
  executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
  headless: true,
  chromiumSandbox: false,
  timeout: options.timeout,
  args: [
    '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
    '--disable-component-update', '--disable-sync', '--no-proxy-server', '--disable-dev-shm-usage',
  ],
});

async function walk(page) {
  let shown = null;
  await page.goto(options.url);
  for (let step = 0; step < 8; step += 1) {
    // Some pages submit themselves: wait for one that has something for a person.
    await page.locator('#op\\.deviceInputForm, #approve, #sign-in, #done, #error').first().waitFor();
    if (await page.locator('#done').count()) return { outcome: 'approved', shown };
    if (await page.locator('#error').count()) return { outcome: 'failed', shown };
    if (await page.locator('#sign-in').count()) {
      await page.fill('input[name=login]', options.person);
      await Promise.all([page.waitForNavigation(), page.click('#submit')]);
    } else if (await page.locator('#approve').count()) {
      shown = await page.locator('#code').innerText();
      await Promise.all([page.waitForNavigation(), page.click(options.deny ? '#deny' : '#approve')]);
      if (options.deny) return { outcome: 'denied', shown };
    } else {
      await page.fill('input[name=user_code]', options.code ?? '');
      await Promise.all([page.waitForNavigation(), page.click('#continue')]);
    }
  }
  return { outcome: 'failed', shown };
}

let answer = { outcome: 'failed', shown: null };
try {
  const page = context.pages()[0] ?? await context.newPage();
  page.setDefaultTimeout(options.timeout);
  try {
    answer = await walk(page);
  } catch (error) {
    answer.error = error.message;
  }
  answer.text = await page.locator('body').innerText().catch(() => '');
  if (options.picture) await page.screenshot({ path: options.picture });
} finally {
  await context.close();
  rmSync(home, { recursive: true, force: true });
}
console.log(JSON.stringify(answer));
process.exit(answer.outcome === 'failed' ? 1 : 0);
