// What becomes of a lock when its tab does not say goodbye: its process is killed, its network goes silent, it is
// frozen. Run by ./run against a demo with short times, or by hand with BOARD_A, BOARD_B and BOUND (seconds in which
// the lock has to be free: the stream's lifetime, the session's timeout and a sweep). Nothing here sleeps.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import { after, afterEach, before, test } from 'node:test';
import { chromium } from 'playwright-core';

const A = process.env.BOARD_A ?? 'http://127.0.0.1:8080';
const B = process.env.BOARD_B ?? 'http://127.0.0.1:8081';
const CHROMIUM = process.env.CHROMIUM ?? '/usr/bin/chromium';
const BOUND = Number(process.env.BOUND ?? '20') * 1000;

const FLAGS = [
  '--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
  '--disable-component-update', '--disable-sync',
];
const PATIENCE = 60_000; // milliseconds, beyond any bound, for a machine that has other things to do
const LIMIT = { timeout: 240_000 };

let grace; // a page that watches from the other node, in a browser of its own
let graces;
let browsers = [];

before(async () => {
  graces = await launch();
  grace = await openTab(graces, B, 'Grace');
}, LIMIT);

afterEach(async () => {
  await Promise.all(browsers.map(browser => browser.close()));
  browsers = [];
});

after(() => graces?.close());

test('a tab whose process is killed frees its lock at once, and says so when it is back', LIMIT, async () => {
  const { browser, tab, card } = await adaHoldsACard('Kill my tab', A);
  const devtools = await tab.context().newCDPSession(tab);

  // What is not stored yet dies with the process.
  await tab.waitForFunction(() => JSON.parse(sessionStorage.getItem('eventbroker.place'))?.draft);

  const killed = performance.now();
  for (const pid of await renderers(browser)) process.kill(pid, 'SIGKILL');

  await free(grace, card);
  tellHowLong(killed);
  await devtools.send('Page.reload');
  await says(devtools, 'Session lost');
});

test('a tab whose network goes silent loses its lock within the bound, and says so when it is back', LIMIT, async t => {
  const line = await openLine(A);
  t.after(() => line.close());
  const { tab, card } = await adaHoldsACard('Cut my line', line.address);

  const cut = performance.now();
  line.silence();

  await free(grace, card);
  tellHowLong(cut);
  assert.equal(await tab.getByTestId('editor-status').filter({ hasText: 'You hold the lock' }).count(), 1, 'it does not know');
  line.speak();
  await tab.getByTestId('editor-status').filter({ hasText: 'Session lost' }).waitFor();
  assert.equal(await tab.getByTestId('editor-save').isDisabled(), true);
  assert.equal(await tab.getByTestId('editor-title').inputValue(), 'Cut my line', 'the text is still there');
});

test('a frozen tab loses its lock within the bound, and says so when it goes on', LIMIT, async t => {
  const { browser, tab, card } = await adaHoldsACard('Freeze me', A);
  const frozen = await renderers(browser);
  t.after(() => signal(frozen, 'SIGCONT'));

  const since = performance.now();
  signal(frozen, 'SIGSTOP');

  await free(grace, card);
  tellHowLong(since);
  signal(frozen, 'SIGCONT');
  await tab.getByTestId('editor-status').filter({ hasText: 'Session lost' }).waitFor();
  assert.equal(await tab.getByTestId('editor-save').isDisabled(), true);
});

test('a tab that is there keeps its lock for longer than the bound', LIMIT, async () => {
  const { tab, card } = await adaHoldsACard('Still here', A);
  const begin = performance.now();

  await tab.waitForFunction(end => performance.now() > end, await tab.evaluate(bound => performance.now() + bound, BOUND));

  assert.ok(performance.now() - begin >= BOUND);
  assert.equal(await tab.getByTestId('editor-status').filter({ hasText: 'You hold the lock' }).count(), 1);
  await grace.locator(`[data-testid=lock-${card}]:visible`).filter({ hasText: 'Ada' }).waitFor();
});

// --- hands ------------------------------------------------------------------------------------------------------

async function launch() {
  return chromium.launch({ executablePath: CHROMIUM, args: FLAGS });
}

async function adaHoldsACard(name, address) {
  const browser = await launch();
  browsers.push(browser);
  const tab = await openTab(browser, address, 'Ada');
  const response = await fetch(`${B}/cards`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ title: name, column: 'todo' }),
  });
  const { id } = await response.json();
  const card = String(id);
  await Promise.all([tab, grace].map(page => page.getByTestId(`card-${card}`).waitFor()));
  await live(tab);
  await tab.getByTestId(`open-${card}`).click();
  await tab.getByTestId('editor-status').filter({ hasText: 'You hold the lock' }).waitFor();
  await grace.locator(`[data-testid=lock-${card}]:visible`).filter({ hasText: 'Ada' }).waitFor();
  return { browser, tab, card };
}

async function openTab(browser, address, name) {
  const context = await browser.newContext();
  context.setDefaultTimeout(PATIENCE);
  await context.addInitScript(user => {
    if (location.origin === 'null') return; // the blank page before the first
    if (sessionStorage.getItem('eventbroker.name') === null) sessionStorage.setItem('eventbroker.name', user);
  }, name);
  const tab = await context.newPage();
  await tab.goto(address);
  await live(tab);
  await tab.locator('#board[aria-busy=false]').waitFor();
  return tab;
}

/** The processes of this browser that run pages. */
async function renderers(browser) {
  const devtools = await browser.newBrowserCDPSession();
  const { processInfo } = await devtools.send('SystemInfo.getProcessInfo');
  await devtools.detach();
  const pids = processInfo.filter(process => process.type === 'renderer').map(process => process.id);
  assert.ok(pids.length > 0, 'a browser with a page has a process for it');
  return pids;
}

function signal(pids, name) {
  for (const pid of pids) {
    try {
      process.kill(pid, name);
    } catch (error) {
      if (error.code !== 'ESRCH') throw error;
    }
  }
}

/** A line to a node that can go silent: nothing is forwarded, and neither end is told. */
async function openLine(base) {
  const { hostname, port } = new URL(base);
  const pairs = new Set();
  let silent = false;
  const forward = ({ near, far }) => {
    near.pipe(far);
    far.pipe(near);
  };
  const server = createServer({ allowHalfOpen: true }, near => {
    const far = connect({ port: Number(port), host: hostname, allowHalfOpen: true });
    const pair = { near, far };
    pairs.add(pair);
    for (const socket of [near, far]) {
      socket.on('error', () => {});
      socket.on('close', () => {
        if (!silent) [near, far].forEach(each => each.destroy());
      });
    }
    if (!silent) forward(pair);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    address: `http://127.0.0.1:${server.address().port}`,
    silence: () => {
      silent = true;
      for (const { near, far } of pairs) {
        near.unpipe(far).pause();
        far.unpipe(near).pause();
      }
    },
    speak: () => {
      silent = false;
      pairs.forEach(forward);
    },
    close: () => {
      server.close();
      for (const { near, far } of pairs) [near, far].forEach(each => each.destroy());
    },
  };
}

// --- eyes -------------------------------------------------------------------------------------------------------

function live(tab) {
  return tab.locator('[data-testid=state][data-state=live]').waitFor();
}

function free(tab, card) {
  return tab.getByTestId(`lock-${card}`).waitFor({ state: 'hidden' });
}

/** For whoever reads: the wait itself is more patient than the bound, as the machine may be busy. */
function tellHowLong(since) {
  const took = performance.now() - since;
  console.log(`  free after ${(took / 1000).toFixed(1)} s (bound ${BOUND / 1000} s)`);
}

/** Of a page that Playwright has given up. */
async function says(devtools, text) {
  const end = Date.now() + PATIENCE;
  for (;;) {
    const { result } = await devtools.send('Runtime.evaluate', {
      expression: `new Promise(done => setTimeout(() => done(document.getElementById('editor-status')?.textContent ?? ''), 50))`,
      awaitPromise: true,
    });
    if (String(result.value).includes(text)) return;
    assert.ok(Date.now() < end, `the page says ${text}; it said: ${result.value}`);
  }
}
