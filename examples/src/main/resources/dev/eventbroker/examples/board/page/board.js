// The page: puts the stream's events into the board, the board on the screen, and the user's wishes to the server.

import { changeCard, createCard, health, publish } from './api.js';
import { BoardView } from './board-view.js';
import { Editor } from './editor.js';
import {
  claimWorkstation, hueOf, initialsOf, leaveWorkstation, loadName, returnToWorkstation, saveName,
} from './identity.js';
import { PlaceKeeper, loadPlace } from './place.js';
import { RateChart } from './rate-chart.js';
import { BoardState, COLUMNS, cardIdOf, columnOf, rankAt, resourceOf } from './state.js';
import { Stream } from './stream.js';

const TOPICS = 'board/main/**';
const CHATTER = 'board/main/chat';
const NOTICE_TIME = 12_000;

const STATES = { connecting: 'Connecting', live: 'Live', reconnecting: 'Reconnecting', closed: 'Disconnected' };
const GAPS = {
  expired: 'the events it missed are no longer kept',
  epoch: 'its place belongs to another log',
  slow: 'it could not keep up',
  source: 'the node lost its source for a while',
  revoked: 'its access was changed',
};

const at = id => document.getElementById(id);

const workstation = claimWorkstation(sessionStorage);
const place = loadPlace(sessionStorage);
const me = { workstation: workstation.id, name: loadName(sessionStorage) };
const counts = { events: 0, gaps: 0, snapshots: 0, ...place?.counts };
const board = place ? BoardState.from(place) : new BoardState();
const moving = new Map(); // card id -> { column, rank }: shown, and not yet answered by the server
let node = place?.node ?? null;

const chart = new RateChart(at('chart'), at('rate'));

const view = new BoardView({
  workstation: me.workstation,
  on: { open, move, add, explain: id => notify(whyLocked(id)) },
});

const stream = new Stream({
  lastEventId: place?.lastEventId ?? null,
  address: lastEventId => {
    const query = new URLSearchParams({ topic: TOPICS, workstation: me.workstation, user: me.name });
    if (lastEventId !== null) query.set('lastEventId', lastEventId);
    return `/events?${query}`;
  },
  onEvent: received,
  onState: connectionChanged,
});

const keeper = new PlaceKeeper(sessionStorage, () => {
  if (stream.lastEventId === null) return null;
  return { lastEventId: stream.lastEventId, ...board.toJSON(), counts, node, draft: editor.draft() };
});

const editor = new Editor({
  board,
  me,
  onRefused: refused,
  onChanged: ({ atOnce = false } = {}) => {
    if (atOnce) keeper.flush();
    else keeper.changed();
    draw();
  },
});

// --- events -----------------------------------------------------------------------------------------------------

function received(type, data) {
  if (type === 'gap') {
    counts.gaps++;
    tell(`A gap: ${GAPS[data?.reason] ?? 'events were missed'}. Waiting for a fresh snapshot.`);
  } else if (type === 'snapshot') {
    const mended = counts.snapshots++ > 0;
    node = data.node;
    moving.clear();
    board.apply(type, data);
    tell(mended ? 'A fresh snapshot arrived; the board is whole again.' : `The board is here, from node ${node}.`);
  } else {
    counts.events++;
    chart.count();
    if (data !== null) applied(type, data);
  }
  editor.observe(type, data);
  keeper.changed();
  draw();
}

function applied(type, data) {
  const before = type.startsWith('card.') ? board.card(data.id) : undefined;
  const changed = board.apply(type, data);
  if (type.startsWith('card.')) moving.delete(String(data.id));
  if (!changed) return;
  const news = inWords(type, data, before);
  if (news) tell(news);
  if (type.startsWith('card.')) flashes.add(data.id);
}

function inWords(type, data, before) {
  switch (type) {
    case 'card.created':
      return `New in ${titleOf(data.column)}: “${data.title}”.`;
    case 'card.changed':
      if (before && before.column !== data.column) return `“${data.title}” moved to ${titleOf(data.column)}.`;
      if (before && before.title !== data.title) return `“${before.title}” is now “${data.title}”.`;
      return `“${data.title}” moved.`;
    case 'edit.session_acquired':
      return `${data.owner === me.workstation ? 'You' : data.user} opened ${cardInWords(data.resource)}.`;
    case 'edit.session_released':
      return `${cardInWords(data.resource)} is free again${data.reason === 'released' ? '' : ` (${data.user}: ${data.reason})`}.`;
    case 'edit.session_lost':
      return data.owner === me.workstation ? `Session lost: ${cardInWords(data.resource)}.` : null;
    default:
      return null;
  }
}

function connectionChanged(state) {
  const from = state === 'live' && stream.lastEventId !== null ? `, going on after ${stream.lastEventId}` : '';
  tell(`${STATES[state]}${from}.`);
  if (state === 'live') askForNode();
  drawStrip(); // at once, not with the next frame: what it says decides what may be clicked
  draw();
}

// After a resume there is no snapshot to tell on which node the tab has landed.
async function askForNode() {
  try {
    node = (await health()).node;
    draw();
  } catch {
    // The strip keeps the node it knew; the stream's own state tells the rest.
  }
}

// --- wishes -----------------------------------------------------------------------------------------------------

function open(id) {
  if (stream.state !== 'live') {
    notify('Not connected. A lock lives as long as its tab’s connection, so there is none to be had right now.');
    return;
  }
  editor.open(id);
}

async function move(id, column, index) {
  const others = columnOf(shownCards(), column).filter(card => String(card.id) !== id);
  const wish = { column, rank: rankAt(others, index) };
  moving.set(id, wish);
  draw();
  try {
    board.putCard(await changeCard(id, me.workstation, wish));
  } catch (refusal) {
    notify(`“${board.card(id)?.title}” was not moved. ${refusal.message}`);
  }
  if (moving.get(id) === wish) moving.delete(id);
  draw();
}

async function add(column, title) {
  try {
    board.putCard(await createCard(title, column));
  } catch (refusal) {
    notify(`“${title}” was not added. ${refusal.message}`);
  }
  draw();
}

function refused(id, refusal) {
  const title = board.card(id)?.title;
  if (!refusal.holder) notify(`“${title}”: ${refusal.message}`);
  else notify(`${refusal.holder.user} has “${title}” open${sinceInWords(refusal.holder.since)}. The server refused the lock.`);
}

function whyLocked(id) {
  const holder = board.holder(resourceOf(id));
  if (!holder) return 'This card is free.';
  return `${holder.user} has “${board.card(id).title}” open. It can be opened and moved again when they save, cancel or close their tab.`;
}

async function makeNoise() {
  const wishes = Array.from({ length: 25 }, (_, number) => publish(CHATTER, 'chat', { from: me.name, number }));
  const [problem] = (await Promise.allSettled(wishes)).filter(wish => wish.status === 'rejected');
  if (problem) notify(`No noise. ${problem.reason.message}`);
}

// --- screen -----------------------------------------------------------------------------------------------------

let drawing = false;
const flashes = new Set();

/** Draws once for a burst of changes; a hidden tab draws when somebody looks at it again. */
function draw() {
  if (drawing) return;
  drawing = true;
  requestAnimationFrame(() => {
    drawing = false;
    view.render(shownCards(), resource => board.holder(resource));
    for (const id of flashes) view.flash(id);
    flashes.clear();
    if (stream.lastEventId !== null) view.ready();
    drawStrip();
  });
}

function shownCards() {
  return board.cards().map(card => ({ ...card, ...moving.get(String(card.id)) }));
}

function drawStrip() {
  const state = stream.broken === null || stream.state !== 'live' ? stream.state : 'gap';
  at('state').dataset.state = state;
  at('state').lastElementChild.textContent = state === 'gap' ? 'Waiting for a snapshot' : STATES[state];
  at('node').textContent = node ?? '…';
  at('again').hidden = state !== 'closed';
  at('last-id').textContent = stream.lastEventId ?? '–';
  at('events').textContent = counts.events;
  at('gaps').textContent = counts.gaps;
  at('gaps').classList.toggle('some', counts.gaps > 0);
  at('snapshots').textContent = counts.snapshots;
  at('locks').textContent = board.holders().length;
  document.title = node ? `Board · node ${node}` : 'Board · eventbroker';
}

function drawMe() {
  at('my-name').value = me.name;
  at('my-workstation').textContent = me.workstation.slice(0, 6);
  at('my-workstation').dataset.workstation = me.workstation;
  at('my-avatar').textContent = initialsOf(me.name);
  at('my-avatar').style.setProperty('--hue', hueOf(me.name));
}

function tell(news) {
  at('news').textContent = news;
}

let noticeTimer = 0;

function notify(text) {
  clearTimeout(noticeTimer);
  at('notice-text').textContent = text;
  at('notice').hidden = false;
  noticeTimer = setTimeout(closeNotice, NOTICE_TIME);
}

function closeNotice() {
  at('notice').hidden = true;
}

function titleOf(column) {
  return COLUMNS.find(each => each.id === column)?.title ?? column;
}

function cardInWords(resource) {
  const card = board.card(cardIdOf(resource));
  return card ? `“${card.title}”` : resource;
}

function sinceInWords(since) {
  const time = new Date(since);
  if (!since || Number.isNaN(time.getTime())) return '';
  return ` since ${time.toLocaleTimeString([], { hour: '2-digit', minute: '2-digit', second: '2-digit' })}`;
}

// --- who am I ---------------------------------------------------------------------------------------------------

function rename() {
  const name = at('my-name').value.trim();
  if (name !== '' && name !== me.name) {
    me.name = name;
    saveName(sessionStorage, name);
    stream.open(); // the connection carries the name too
  }
  drawMe();
}

at('my-name').addEventListener('change', rename);
at('me').addEventListener('submit', event => {
  event.preventDefault();
  at('my-name').blur();
});
at('noise').addEventListener('click', makeNoise);
at('again').addEventListener('click', () => stream.open());
at('notice-close').addEventListener('click', closeNotice);

// --- coming and going -------------------------------------------------------------------------------------------

addEventListener('pagehide', () => {
  keeper.flush();
  leaveWorkstation(sessionStorage, me.workstation);
});
addEventListener('pageshow', event => {
  if (!event.persisted) return;
  returnToWorkstation(sessionStorage);
  if (stream.state === 'closed') stream.open();
});

/** A tab that crashed could not mark its storage; unlike a duplicate, it comes back by a reload. */
function wasReloaded() {
  return performance.getEntriesByType('navigation')[0]?.type === 'reload';
}

saveName(sessionStorage, me.name);
drawMe();
stream.open();
if (place?.draft && workstation.kept) editor.restore(place.draft);
else if (place?.draft && wasReloaded()) editor.restoreLost(place.draft);
draw();
