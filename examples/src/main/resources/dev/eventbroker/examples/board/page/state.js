// The board as the events tell it. No DOM and no network in here: events in, state out.
//
// Delivery is at least once around a snapshot, so everything applies idempotently: a card by its version, a session
// by its fence.

export const COLUMNS = [
  { id: 'todo', title: 'To do' },
  { id: 'doing', title: 'Doing' },
  { id: 'done', title: 'Done' },
];

const CARD_RESOURCE = /^board\/main\/cards\/(.+)$/;

export function resourceOf(cardId) {
  return `board/main/cards/${cardId}`;
}

export function cardIdOf(resource) {
  return CARD_RESOURCE.exec(resource)?.[1] ?? null;
}

export class BoardState {
  #cards = new Map(); // by id, as text
  #holders = new Map(); // by resource
  #fences = new Map(); // by resource: the highest fence seen, held or not

  static from(stored) {
    const state = new BoardState();
    state.#replace(stored.cards, stored.sessions);
    return state;
  }

  toJSON() {
    return { cards: [...this.#cards.values()], sessions: [...this.#holders.values()] };
  }

  card(id) {
    return this.#cards.get(String(id));
  }

  cards() {
    return [...this.#cards.values()];
  }

  holder(resource) {
    return this.#holders.get(resource);
  }

  holders() {
    return [...this.#holders.values()];
  }

  /** Applies one event. True if it changed anything. */
  apply(type, data) {
    switch (type) {
      case 'snapshot':
        this.#replace(data.cards ?? [], data.sessions ?? []);
        return true;
      case 'card.created':
      case 'card.changed':
        return this.putCard(data);
      case 'edit.session_acquired':
        return this.#acquired(data);
      case 'edit.session_released':
      case 'edit.session_lost':
        return this.#released(data);
      default:
        return false;
    }
  }

  /** Also for the card in an answer to our own request, which may come before or after its event. */
  putCard(card) {
    const known = this.card(card.id);
    if (known && known.version >= card.version) return false;
    this.#cards.set(String(card.id), card);
    return true;
  }

  // A snapshot is the whole truth of its moment: it also takes back versions that belong to another database.
  #replace(cards, sessions) {
    this.#cards = new Map(cards.map(card => [String(card.id), card]));
    this.#holders = new Map(sessions.map(session => [session.resource, session]));
    this.#fences = new Map(sessions.map(session => [session.resource, session.fence]));
  }

  #acquired(session) {
    const seen = this.#fences.get(session.resource) ?? -1;
    if (session.fence <= seen) return false;
    this.#fences.set(session.resource, session.fence);
    this.#holders.set(session.resource, session);
    return true;
  }

  #released(session) {
    if (this.#holders.get(session.resource)?.session !== session.session) return false;
    this.#holders.delete(session.resource);
    return true;
  }
}

/** The cards of a column in their order. */
export function columnOf(cards, column) {
  return cards.filter(card => card.column === column).sort((a, b) => a.rank - b.rank || a.id - b.id);
}

/** The rank that puts a card at this index among the others of a column. */
export function rankAt(others, index) {
  const before = others[index - 1];
  const after = others[index];
  if (before && after) return (before.rank + after.rank) / 2;
  if (before) return before.rank + 1;
  if (after) return after.rank - 1;
  return 1;
}
