// The tab's place in the stream, kept over a reload: the board and the id it is true for, always written as one value.
// An older pair is still a true pair (the server sends what came since), so writing may lag behind the events.

const KEY = 'eventbroker.place';
const LAG = 250; // milliseconds: one write for a burst of events

export function loadPlace(storage) {
  try {
    const place = JSON.parse(storage.getItem(KEY));
    return place && typeof place.lastEventId === 'string' && Array.isArray(place.cards) ? place : null;
  } catch {
    return null;
  }
}

export class PlaceKeeper {
  #storage;
  #read;
  #timer = 0;

  /** @param read gives the place as it is now, or null while the board and the id do not belong together */
  constructor(storage, read) {
    this.#storage = storage;
    this.#read = read;
  }

  changed() {
    this.#timer ||= setTimeout(() => this.flush(), LAG);
  }

  flush() {
    clearTimeout(this.#timer);
    this.#timer = 0;
    const place = this.#read();
    if (place === null) return;
    try {
      this.#storage.setItem(KEY, JSON.stringify(place));
    } catch {
      this.#storage.removeItem(KEY); // full: then a reload takes a snapshot
    }
  }
}
