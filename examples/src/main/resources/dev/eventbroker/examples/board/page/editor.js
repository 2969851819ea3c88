// The dialog in which a card is edited, and the lock that it holds meanwhile.
//
// The lock is the server's. The dialog shows what the events say about it, also when it is gone under the editor's
// hands: then the text stays, saving does not, and the lock can be taken again once it is free.

import { acquire, changeCard, release } from './api.js';
import { COLUMNS, resourceOf } from './state.js';

const REMEMBERED = 100;

const REASONS = {
  released: 'it was released somewhere else',
  disconnected: 'the connection that kept it ended',
  expired: 'it expired',
  taken_over: 'somebody took it over',
  forced: 'somebody in charge ended it',
};

export class Editor {
  #dialog = document.getElementById('editor');
  #form = document.getElementById('editor-form');
  #heading = document.getElementById('editor-heading');
  #status = document.getElementById('editor-status');
  #title = document.getElementById('editor-title');
  #problem = document.getElementById('editor-problem');
  #retakeButton = document.getElementById('editor-retake');
  #saveButton = document.getElementById('editor-save');

  #board;
  #me;
  #onRefused;
  #onChanged;

  #base = null; // the card as it was when it was opened
  #lock = null; // { id, fence }: ours, or what was ours
  #lostBecause = null; // why the lock is gone, or null while it is held
  #busy = false;
  #ended = new Set(); // sessions that ended, for an end that overtakes the answer to our request

  constructor({ board, me, onRefused, onChanged }) {
    this.#board = board;
    this.#me = me;
    this.#onRefused = onRefused;
    this.#onChanged = onChanged;
    this.#buildColumns();
    this.#form.addEventListener('submit', event => {
      event.preventDefault();
      this.#save();
    });
    this.#form.addEventListener('input', () => this.#onChanged());
    this.#title.addEventListener('keydown', event => {
      if (event.key !== 'Enter' || event.shiftKey || event.repeat || event.isComposing) return;
      event.preventDefault();
      this.#form.requestSubmit(this.#saveButton);
    });
    this.#dialog.addEventListener('cancel', event => {
      event.preventDefault();
      this.cancel();
    });
    document.getElementById('editor-cancel').addEventListener('click', () => this.cancel());
    this.#retakeButton.addEventListener('click', () => this.#retake());
  }

  /** Takes the card's lock, then opens. */
  async open(cardId) {
    if (this.#busy || this.#lock !== null) return;
    await this.#working(async () => {
      try {
        const lock = await this.#takeLock(cardId);
        this.#show(this.#board.card(cardId), lock);
      } catch (refusal) {
        this.#onRefused(cardId, refusal);
      }
    });
  }

  /** Closes without saving, and gives the lock back. */
  cancel() {
    if (!this.#busy) this.#end();
  }

  /** What a reload needs to open the editor again; null while it is closed. */
  draft() {
    if (this.#lock === null) return null;
    return { card: this.#base, lock: this.#lock, title: this.#title.value, column: this.#column() };
  }

  /** Opens again after a reload. Whether the lock outlived it, the events tell. */
  restore(draft) {
    this.#show(draft.card, draft.lock);
    this.#title.value = draft.title;
    this.#pickColumn(draft.column);
    if (this.#holder()?.session !== draft.lock.id) this.#lose('disconnected');
  }

  /** Opens again after a crash: nobody let go of the lock then, but the tab that held it is no more. */
  restoreLost(draft) {
    this.#remember(draft.lock.id);
    this.#show(draft.card, draft.lock);
    this.#title.value = draft.title;
    this.#pickColumn(draft.column);
    this.#lose('disconnected');
  }

  /** Told of every event, after the board has applied it. */
  observe(type, data) {
    if (type === 'edit.session_released' || type === 'edit.session_lost') {
      this.#remember(data.session);
      if (this.#lock?.id === data.session && this.#lostBecause === null) this.#lose(data.reason);
    }
    if (this.#lock === null) return;
    if (type === 'edit.session_acquired' && this.#lock.id === data.session && !this.#ended.has(data.session)) {
      this.#lostBecause = null; // a snapshot from just before our lock had not shown it
    }
    if (type === 'snapshot' && this.#holder()?.session !== this.#lock.id) this.#lose('unknown');
    this.#showStatus();
  }

  async #save() {
    if (this.#busy || this.#lostBecause !== null) return;
    const change = {};
    const title = this.#title.value.trim();
    if (title === '') return;
    if (title !== this.#base.title) change.title = title;
    if (this.#column() !== this.#base.column) change.column = this.#column();
    await this.#working(async () => {
      try {
        if (Object.keys(change).length > 0) {
          this.#board.putCard(await changeCard(this.#base.id, this.#me.workstation, change));
        }
        this.#end();
      } catch (refusal) {
        this.#say(`Not saved. ${refusal.message}`);
      }
    });
  }

  async #retake() {
    const cardId = this.#base.id;
    await this.#working(async () => {
      try {
        this.#lock = await this.#takeLock(cardId);
        this.#lostBecause = this.#ended.has(this.#lock.id) ? 'unknown' : null;
        this.#base = this.#board.card(cardId);
        this.#say(null);
      } catch (refusal) {
        this.#say(refusal.message);
      }
      this.#showStatus();
    });
    this.#onChanged();
  }

  async #takeLock(cardId) {
    const resource = resourceOf(cardId);
    const holder = this.#board.holder(resource);
    if (holder?.owner === this.#me.workstation) return { id: holder.session, fence: holder.fence };
    const { id, fence } = await acquire(resource, this.#me.workstation, this.#me.name);
    return { id, fence };
  }

  #show(card, lock) {
    this.#base = card;
    this.#lock = lock;
    this.#lostBecause = this.#ended.has(lock.id) ? 'unknown' : null;
    this.#heading.textContent = `Card ${card.id}`;
    this.#title.value = card.title;
    this.#pickColumn(card.column);
    this.#say(null);
    this.#showStatus();
    this.#dialog.showModal();
    this.#title.focus();
    this.#title.select();
    this.#onChanged({ atOnce: true }); // a tab may crash right after it got its lock
  }

  #end() {
    const lock = this.#lock;
    const held = this.#lostBecause === null;
    this.#lock = null;
    this.#dialog.close();
    this.#onChanged();
    if (!held) return;
    const cardId = this.#base.id;
    release(lock.id).catch(refusal => {
      if (refusal.status !== 404) this.#onRefused(cardId, refusal); // 404: it had ended already, which is all we want
    });
  }

  #lose(reason) {
    this.#lostBecause = reason ?? 'unknown';
    this.#showStatus();
  }

  #showStatus() {
    const lost = this.#lostBecause !== null;
    this.#status.textContent = lost ? this.#lossInWords() : `You hold the lock · fence ${this.#lock.fence}`;
    this.#dialog.dataset.lock = lost ? 'lost' : 'held';
    this.#saveButton.disabled = lost;
    const holder = this.#holder();
    this.#retakeButton.hidden = !lost || (holder !== undefined && holder.owner !== this.#me.workstation);
  }

  #lossInWords() {
    const parts = [`Session lost. You no longer hold the lock: ${REASONS[this.#lostBecause] ?? 'it is gone'}. Your text is still here.`];
    const holder = this.#holder();
    if (holder && holder.owner !== this.#me.workstation) parts.push(`${holder.user} is editing the card now.`);
    const card = this.#board.card(this.#base.id);
    if (card && card.version > this.#base.version) parts.push(`Meanwhile it was saved as “${card.title}”.`);
    return parts.join(' ');
  }

  #holder() {
    return this.#board.holder(resourceOf(this.#base.id));
  }

  #remember(session) {
    this.#ended.add(session);
    if (this.#ended.size > REMEMBERED) this.#ended.delete(this.#ended.values().next().value);
  }

  async #working(task) {
    this.#busy = true;
    this.#form.setAttribute('aria-busy', 'true');
    try {
      await task();
    } finally {
      this.#busy = false;
      this.#form.removeAttribute('aria-busy');
    }
  }

  #say(problem) {
    this.#problem.hidden = problem === null;
    this.#problem.textContent = problem ?? '';
  }

  #column() {
    return this.#form.elements.column.value;
  }

  #pickColumn(column) {
    this.#form.elements.column.value = column;
  }

  #buildColumns() {
    const box = document.getElementById('editor-columns');
    for (const column of COLUMNS) {
      const label = document.createElement('label');
      const radio = document.createElement('input');
      radio.type = 'radio';
      radio.name = 'column';
      radio.value = column.id;
      radio.dataset.testid = `editor-column-${column.id}`;
      const text = document.createElement('span');
      text.textContent = column.title;
      label.append(radio, text);
      box.append(label);
    }
  }
}
