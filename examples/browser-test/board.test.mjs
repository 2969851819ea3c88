// What the board demo promises, seen by a browser: two tabs on two nodes. Run by ./run, or by hand with
// BOARD_A and BOARD_B set to the two nodes' addresses. Nothing here sleeps: every wait is for a condition.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdir } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import { join } from 'node:path';
import { after, afterEach, before, test } from 'node:test';
import { chromium } from 'playwright-core';

const A = process.env.BOARD_A ?? 'http://127.0.0.1:8080';
const B = process.env.BOARD_B ?? 'http://127.0.0.1:8081';
const CHROMIUM = process.env.CHROMIUM ?? '/usr/bin/chromium';
const SHOTS = process.env.SHOTS;

const FLAGS = [
  '--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
  '--disable-component-update', '--disable-sync',
];
const PATIENCE = 20_000; // milliseconds until a condition that does not come true fails the test
const LIMIT = { timeout: 90_000 };

let browser;
let contexts = [];
let errors = [];

before(async () => {
  browser = await chromium.launch({ executablePath: CHROMIUM, args: FLAGS });
}, LIMIT);

afterEach(async () => {
  await Promise.all(contexts.map(context => context.close()));
  const seen = errors;
  contexts = [];
  errors = [];
  assert.deepEqual(seen, [], 'the page threw nothing');
});

after(() => browser?.close());

// --- tests ------------------------------------------------------------------------------------------------------

// First, while the board is as new.
test('it can be looked at: wide, dark and narrow', { ...LIMIT, skip: !SHOTS && 'SHOTS is not set' }, async () => {
  await mkdir(SHOTS, { recursive: true });
  const wide = { viewport: { width: 1280, height: 800 } };
  const [ada, grace, dark, narrow] = await Promise.all([
    openTab(A, 'Ada', wide),
    openTab(B, 'Grace', wide),
    openTab(A, 'Edsger', { ...wide, colorScheme: 'dark' }),
    openTab(B, 'Barbara', { viewport: { width: 400, height: 860 }, hasTouch: true, isMobile: true }),
  ]);
  const card = await newCard('A card in good hands', ada, grace, dark, narrow);
  await patch(A, card, { column: 'doing', rank: -1000 });
  await inColumn(grace, card, 'doing').waitFor();
  await grace.getByTestId(`open-${card}`).click();
  await ada.getByTestId('noise').click();
  await Promise.all([ada, dark, narrow].map(tab => lockOf(tab, card, 'Grace').waitFor()));
  await atLeast(ada, 'rate', 1);

  for (const [name, tab] of Object.entries({ wide: ada, editor: grace, dark, narrow })) {
    await tab.screenshot({ path: join(SHOTS, `board-${name}.png`) });
    const overflow = await tab.evaluate(() => document.documentElement.scrollWidth - innerWidth);
    assert.ok(overflow <= 0, `${name} scrolls sideways by ${overflow}`);
  }
});

test('a lock is seen on the other node with its holder’s name, and frees the card on cancel', LIMIT, async () => {
  const [ada, grace] = await Promise.all([openTab(A, 'Ada'), openTab(B, 'Grace')]);
  const card = await newCard('Lock me', ada, grace);

  await ada.getByTestId(`open-${card}`).click();
  await ada.getByTestId('editor').waitFor();

  await lockOf(grace, card, 'Ada').waitFor();
  assert.equal(await grace.getByTestId(`open-${card}`).getAttribute('aria-disabled'), 'true');
  assert.match(await ada.getByTestId('editor-status').textContent(), /You hold the lock/);
  await lockOf(ada, card, 'You are editing').waitFor();

  // Refused with an explanation, by hand and by keyboard, without asking the server.
  await grace.getByTestId(`open-${card}`).focus();
  await grace.keyboard.press('Enter');
  await grace.getByTestId('notice').filter({ hasText: 'Ada has “Lock me” open' }).waitFor();
  await grace.keyboard.press('Shift+ArrowRight');
  assert.equal(await columnOf(grace, card), 'todo');
  assert.equal(await grace.getByTestId('editor').isVisible(), false);

  await ada.keyboard.press('Escape');
  await ada.getByTestId('editor').waitFor({ state: 'hidden' });
  await free(grace, card);
});

test('a rename is seen on the other node, and saving frees the card', LIMIT, async () => {
  const [ada, grace] = await Promise.all([openTab(A, 'Ada'), openTab(B, 'Grace')]);
  const card = await newCard('Old name', ada, grace);

  await ada.getByTestId(`open-${card}`).click();
  await ada.getByTestId('editor-title').fill('New <b>name</b> & all');
  await ada.getByTestId('editor-save').click();

  await title(grace, card, 'New <b>name</b> & all').waitFor();
  assert.equal(await grace.locator(`[data-testid=card-${card}] b`).count(), 0, 'data is text, never markup');
  await free(grace, card);
  await ada.getByTestId('editor').waitFor({ state: 'hidden' });
});

test('a card dragged to another column is seen to move on the other node', LIMIT, async () => {
  const [ada, grace] = await Promise.all([openTab(A, 'Ada'), openTab(B, 'Grace')]);
  const card = await newCard('Drag me', ada, grace);

  await patch(A, card, { rank: -1000 }); // to the top, so that both ends of the drag are in view
  await ada.locator(`[data-testid=card-${card}][data-version="2"]`).waitFor();

  await ada.getByTestId(`card-${card}`).dragTo(ada.getByTestId('column-done'), { targetPosition: { x: 40, y: 20 } });

  await inColumn(grace, card, 'done').waitFor();
  await inColumn(ada, card, 'done').waitFor();
  assert.equal(await placeInColumn(ada, card), await placeInColumn(grace, card), 'the same rank in both tabs');
});

test('keys move a card across and along, buttons move it back', LIMIT, async () => {
  const [ada, grace] = await Promise.all([openTab(A, 'Ada'), openTab(B, 'Grace')]);
  await newCard('First', ada, grace);
  const card = await newCard('Move by key', ada, grace);
  const start = await placeInColumn(ada, card);

  await ada.getByTestId(`open-${card}`).focus();
  await ada.keyboard.press('Shift+ArrowUp');
  await grace.waitForFunction(
    ([id, place]) => {
      const element = document.querySelector(`[data-testid=card-${id}]`);
      return [...element.parentElement.children].indexOf(element) === place;
    },
    [card, start - 1],
  );
  await ada.keyboard.press('Shift+ArrowRight');
  await inColumn(grace, card, 'doing').waitFor();
  assert.equal(await focusedCard(ada), card, 'the focus goes with the card');

  await ada.getByTestId(`back-${card}`).click();
  await inColumn(grace, card, 'todo').waitFor();
});

test('a closed tab frees its lock on the other node', LIMIT, async () => {
  const [ada, grace] = await Promise.all([openTab(A, 'Ada'), openTab(B, 'Grace')]);
  const card = await newCard('Close my tab', ada, grace);
  await ada.getByTestId(`open-${card}`).click();
  await lockOf(grace, card, 'Ada').waitFor();

  await ada.close();

  await free(grace, card);
  await grace.getByTestId(`open-${card}`).click();
  await grace.getByTestId('editor').waitFor();
});

test('a reload keeps its place: what happened meanwhile arrives, without a gap and without a snapshot', LIMIT, async () => {
  const tab = await openTab(A, 'Ada');
  const card = await newCard('Before the reload', tab);
  const before = await strip(tab);
  const wire = await listen(tab);
  const held = await holdNext(tab, '**/board.js');

  const reloaded = tab.reload();
  await held.reached; // the old page is gone, the new one does not run yet
  wire.length = 0;
  await patch(B, card, { title: 'During the reload', column: 'done' });
  await patch(B, card, { rank: -5 });
  await held.letGo();
  await reloaded;

  await title(tab, card, 'During the reload').waitFor();
  await inColumn(tab, card, 'done').waitFor();
  await tab.locator(`[data-testid=card-${card}][data-version="3"]`).waitFor();
  const now = await strip(tab);
  assert.equal(now.gaps, 0);
  assert.equal(now.snapshots, before.snapshots, 'no snapshot was needed');
  assert.ok(notBefore(now.lastId, before.lastId), `${now.lastId} is not before ${before.lastId}`);
  assert.equal(now.workstation, before.workstation, 'a reload is the same workstation');
  const again = wire.filter(event => event.id !== '' && notBefore(before.lastId, event.id));
  assert.deepEqual(again, [], 'nothing came twice');
  const types = wire.map(event => event.type);
  assert.deepEqual(types.filter(type => type === 'snapshot' || type === 'gap'), [], `the wire brought ${types}`);
  assert.equal(types.filter(type => type === 'card.changed').length, 2);
});

test('a lost connection is told, and comes back without a gap and without a snapshot', LIMIT, async t => {
  const line = await openLine(A);
  t.after(() => line.cut());
  const tab = await openTab(line.address, 'Ada');
  const card = await newCard('Before the tunnel', tab);
  await tab.reload(); // so that the address carries an id that is older than the one that the browser sends
  await live(tab);
  await patch(B, card, { title: 'At its entrance' });
  await title(tab, card, 'At its entrance').waitFor();
  const before = await strip(tab);
  const wire = await listen(tab);

  await line.cut();
  await tab.locator('[data-testid=state][data-state=reconnecting]').waitFor();
  await patch(B, card, { title: 'In the tunnel', column: 'doing' });
  await line.mend();

  await title(tab, card, 'In the tunnel').waitFor();
  await live(tab);
  const now = await strip(tab);
  assert.equal(now.gaps, 0);
  assert.equal(now.snapshots, before.snapshots);
  const again = wire.filter(event => event.id !== '' && notBefore(before.lastId, event.id));
  assert.deepEqual(again, [], 'nothing came twice');
});

test('a reload with an open editor keeps its text, and the lock ends with the editor', LIMIT, async () => {
  const [ada, grace] = await Promise.all([openTab(A, 'Ada'), openTab(B, 'Grace')]);
  const card = await newCard('Half written', ada, grace);
  await ada.getByTestId(`open-${card}`).click();
  await lockOf(grace, card, 'Ada').waitFor();
  await ada.getByTestId('editor-title').fill('Half written, and the other half');

  await ada.reload();

  await ada.getByTestId('editor').waitFor();
  assert.equal(await ada.getByTestId('editor-title').inputValue(), 'Half written, and the other half');
  await ada.getByTestId('editor-cancel').click();
  await free(grace, card);
});

test('an unknown place is a gap, said so, and mended by a snapshot', LIMIT, async () => {
  const tab = await openTab(A, 'Ada');
  const card = await newCard('Still here', tab);
  const before = await strip(tab);
  await tab.addInitScript(() => {
    const place = JSON.parse(sessionStorage.getItem('eventbroker.place'));
    if (place === null) return;
    sessionStorage.setItem('eventbroker.place', JSON.stringify({ ...place, lastEventId: 'elsewhere.7', cards: [] }));
  });

  await tab.reload();

  await title(tab, card, 'Still here').waitFor();
  await tab.getByTestId('gaps').filter({ hasText: /^1$/ }).waitFor();
  const now = await strip(tab);
  assert.equal(now.snapshots, before.snapshots + 1);
  assert.notEqual(now.lastId, 'elsewhere.7');
  assert.equal(await tab.getByTestId('state').getAttribute('data-state'), 'live');
});

test('a duplicated tab is a workstation of its own, and keeps the place that it copied', LIMIT, async () => {
  const tab = await openTab(A, 'Ada');
  const card = await newCard('Twice', tab);
  const before = await strip(tab);
  await tab.waitForFunction(id => sessionStorage.getItem('eventbroker.place')?.includes(`"id":${id},`), card);

  const [copy] = await Promise.all([tab.waitForEvent('popup'), tab.evaluate(() => void window.open(location.href))]);

  await live(copy);
  await title(copy, card, 'Twice').waitFor();
  const now = await strip(copy);
  assert.notEqual(now.workstation, before.workstation);
  assert.equal(now.snapshots, before.snapshots);
  await tab.getByTestId(`open-${card}`).click();
  await lockOf(copy, card, 'Ada').waitFor();
});

test('a lock refused by the server is told with its holder (409)', LIMIT, async () => {
  const [ada, grace] = await Promise.all([openTab(A, 'Ada'), openTab(B, 'Grace')]);
  const card = await newCard('Both want it', ada, grace);
  const request = await holdNext(ada, '**/sessions');
  const refusal = ada.waitForResponse(response => response.url().endsWith('/sessions'));

  await ada.getByTestId(`open-${card}`).click(); // still free, as far as this tab can know
  await request.reached;
  await grace.getByTestId(`open-${card}`).click();
  await grace.getByTestId('editor').waitFor();
  await request.letGo();

  assert.equal((await refusal).status(), 409);
  await ada.getByTestId('notice').filter({ hasText: 'Grace has “Both want it” open' }).waitFor();
  assert.equal(await ada.getByTestId('editor').isVisible(), false);
  await lockOf(ada, card, 'Grace').waitFor();
});

test('a move refused by the server springs back and says why (409)', LIMIT, async () => {
  const [ada, grace] = await Promise.all([openTab(A, 'Ada'), openTab(B, 'Grace')]);
  const card = await newCard('Not now', ada, grace);
  const request = await holdNext(ada, `**/cards/${card}`);
  const refusal = ada.waitForResponse(response => response.url().endsWith(`/cards/${card}`));

  await ada.getByTestId(`open-${card}`).focus();
  await ada.keyboard.press('Shift+ArrowRight');
  await request.reached;
  await inColumn(ada, card, 'doing').waitFor(); // optimistic
  await grace.getByTestId(`open-${card}`).click();
  await grace.getByTestId('editor').waitFor();
  await request.letGo();

  assert.equal((await refusal).status(), 409);
  await ada.getByTestId('notice').filter({ hasText: '“Not now” was not moved' }).waitFor();
  await inColumn(ada, card, 'todo').waitFor();
  await inColumn(grace, card, 'todo').waitFor();
});

test('an editor whose lock is released by somebody else says so, and can take it again', LIMIT, async () => {
  const [ada, grace] = await Promise.all([openTab(A, 'Ada'), openTab(B, 'Grace')]);
  const card = await newCard('Slips away', ada, grace);
  const granted = ada.waitForResponse(response => response.url().endsWith('/sessions'));
  await ada.getByTestId(`open-${card}`).click();
  const session = (await (await granted).json()).id;
  await lockOf(grace, card, 'Ada').waitFor();

  const answer = await fetch(`${B}/sessions/${session}`, { method: 'DELETE' });

  assert.equal(answer.status, 204);
  await ada.getByTestId('editor-status').filter({ hasText: 'You no longer hold the lock' }).waitFor();
  assert.equal(await ada.getByTestId('editor-save').isDisabled(), true);
  await free(grace, card);
  await ada.getByTestId('editor-retake').click();
  await lockOf(grace, card, 'Ada').waitFor();
  await ada.getByTestId('editor-title').fill('Came back');
  await ada.getByTestId('editor-save').click();
  await title(grace, card, 'Came back').waitFor();
});

test('a name given in the page is the name that others see', LIMIT, async () => {
  const [ada, grace] = await Promise.all([openTab(A, 'Ada'), openTab(B, 'Grace')]);
  const card = await newCard('Who is it', ada, grace);

  await ada.getByTestId('name').fill('Countess');
  await ada.getByTestId('name').press('Enter');
  await live(ada);
  await ada.getByTestId(`open-${card}`).click();

  await lockOf(grace, card, 'Countess').waitFor();
});

test('a card added in the page appears in the other tab', LIMIT, async () => {
  const [ada, grace] = await Promise.all([openTab(A, 'Ada'), openTab(B, 'Grace')]);
  const name = `Added by hand at ${new Date().toISOString()}`;

  await ada.getByTestId('add-doing').click();
  await ada.keyboard.type(name);
  await ada.keyboard.press('Enter');

  await grace.getByTestId('column-doing').getByText(name).waitFor();
});

test('free events are counted on both nodes and change nothing', LIMIT, async () => {
  const [ada, grace] = await Promise.all([openTab(A, 'Ada'), openTab(B, 'Grace')]);
  const [here, there] = await Promise.all([strip(ada), strip(grace)]);

  await ada.getByTestId('noise').click();

  await atLeast(ada, 'events', here.events + 25);
  await atLeast(grace, 'events', there.events + 25);
  await atLeast(grace, 'rate', 1);
  assert.equal((await strip(grace)).gaps, 0);
});

test('events apply idempotently', LIMIT, async () => {
  const tab = await openTab(A, 'Ada');

  const seen = await tab.evaluate(async () => {
    const { BoardState } = await import('/state.js');
    const board = new BoardState();
    const resource = 'board/main/cards/1';
    const card = { id: 1, title: 'one', column: 'todo', rank: 1, version: 3 };
    const held = { session: 's2', resource, owner: 'w', user: 'Ada', fence: 2 };
    board.apply('snapshot', { cards: [card], sessions: [held], node: 'a' });
    return {
      older: board.apply('card.changed', { ...card, title: 'older', version: 2 }),
      same: board.apply('card.changed', { ...card, title: 'same', version: 3 }),
      otherRelease: board.apply('edit.session_released', { ...held, session: 's1', fence: 1 }),
      olderAcquire: board.apply('edit.session_acquired', { ...held, session: 's1', fence: 1 }),
      newer: board.apply('card.changed', { ...card, title: 'newer', version: 4 }),
      release: board.apply('edit.session_released', held),
      replayedAcquire: board.apply('edit.session_acquired', held),
      title: board.card(1).title,
      holders: board.holders().length,
    };
  });

  assert.deepEqual(seen, {
    older: false, same: false, otherRelease: false, olderAcquire: false, newer: true, release: true,
    replayedAcquire: false, title: 'newer', holders: 0,
  });
});

// --- hands ------------------------------------------------------------------------------------------------------

async function openTab(base, name, options = {}) {
  const context = await browser.newContext(options);
  contexts.push(context);
  context.setDefaultTimeout(PATIENCE);
  context.on('weberror', error => errors.push(String(error.error())));
  await context.addInitScript(user => {
    if (location.origin === 'null') return; // the blank page before the first
    if (sessionStorage.getItem('eventbroker.name') === null) sessionStorage.setItem('eventbroker.name', user);
  }, name);
  const tab = await context.newPage();
  await tab.goto(base);
  await live(tab);
  await tab.locator('#board[aria-busy=false]').waitFor();
  return tab;
}

function live(tab) {
  return tab.locator('[data-testid=state][data-state=live]').waitFor();
}

/** A card of this test's own, in the first column, seen by every tab. */
async function newCard(name, ...tabs) {
  const response = await fetch(`${A}/cards`, json('POST', { title: name, column: 'todo' }));
  assert.equal(response.status, 201);
  const { id } = await response.json();
  await Promise.all(tabs.map(tab => tab.getByTestId(`card-${id}`).waitFor()));
  return String(id);
}

async function patch(base, card, change) {
  const response = await fetch(`${base}/cards/${card}`, json('PATCH', { workstation: 'browser-test', ...change }));
  assert.equal(response.status, 200);
}

function json(method, body) {
  return { method, headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(body) };
}

/** Holds the next request to this address back, until it is let go. */
async function holdNext(tab, address) {
  let reached;
  let open;
  const opened = new Promise(resolve => { open = resolve; });
  const held = { reached: new Promise(resolve => { reached = resolve; }) };
  let done;
  held.letGo = () => {
    open();
    return done;
  };
  await tab.route(address, route => {
    done = opened.then(() => route.continue());
    reached();
    return done;
  }, { times: 1 });
  return held;
}

/** A line to a node that can be cut and mended. */
async function openLine(base) {
  const { hostname, port } = new URL(base);
  const sockets = new Set();
  const server = createServer(near => {
    const far = connect(Number(port), hostname);
    for (const [from, to] of [[near, far], [far, near]]) {
      sockets.add(from);
      from.on('error', () => to.destroy());
      from.on('close', () => {
        sockets.delete(from);
        to.destroy();
      });
      from.pipe(to);
    }
  });
  const listen = async at => {
    server.listen(at, '127.0.0.1');
    await once(server, 'listening');
    return server.address().port;
  };
  const own = await listen(0);
  return {
    address: `http://127.0.0.1:${own}`,
    mend: () => listen(own),
    cut: async () => {
      if (!server.listening) return;
      server.close();
      for (const socket of sockets) socket.destroy();
      await once(server, 'close');
    },
  };
}

/** The event stream as the browser received it, beside what the page makes of it. */
async function listen(tab) {
  const wire = [];
  const devtools = await tab.context().newCDPSession(tab);
  devtools.on('Network.eventSourceMessageReceived', ({ eventName, eventId }) => wire.push({ type: eventName, id: eventId }));
  await devtools.send('Network.enable');
  return wire;
}

// --- eyes -------------------------------------------------------------------------------------------------------

function lockOf(tab, card, holder) {
  return tab.locator(`[data-testid=lock-${card}]:visible`).filter({ hasText: holder });
}

function free(tab, card) {
  return tab.getByTestId(`lock-${card}`).waitFor({ state: 'hidden' });
}

function title(tab, card, text) {
  return tab.getByTestId(`open-${card}`).filter({ hasText: text });
}

function inColumn(tab, card, column) {
  return tab.locator(`[data-testid=column-${column}] > [data-testid=card-${card}]`);
}

function columnOf(tab, card) {
  return tab.getByTestId(`card-${card}`).evaluate(element => element.closest('.column').dataset.column);
}

function placeInColumn(tab, card) {
  return tab.getByTestId(`card-${card}`).evaluate(element => [...element.parentElement.children].indexOf(element));
}

function focusedCard(tab) {
  return tab.evaluate(() => document.activeElement.closest('.card')?.dataset.card);
}

function atLeast(tab, number, least) {
  return tab.waitForFunction(
    ([id, value]) => Number(document.querySelector(`[data-testid=${id}]`).textContent) >= value,
    [number, least],
  );
}

async function strip(tab) {
  return tab.evaluate(() => {
    const text = id => document.querySelector(`[data-testid=${id}]`).textContent;
    return {
      lastId: text('last-id'),
      events: Number(text('events')),
      gaps: Number(text('gaps')),
      snapshots: Number(text('snapshots')),
      workstation: document.querySelector('[data-testid=workstation]').dataset.workstation,
    };
  });
}

/** Ids are epoch.position; within an epoch the positions rise. */
function notBefore(id, earlier) {
  const [epoch, position] = id.split('.');
  const [earlierEpoch, earlierPosition] = earlier.split('.');
  return epoch === earlierEpoch && BigInt(position) >= BigInt(earlierPosition);
}
