// One EventSource with its own reconnection, and what a page wants to know about it.

// EventSource tells only of types that somebody listens to. These are the board's own, and free ones worth counting.
const TYPES = [
  'snapshot', 'gap',
  'card.created', 'card.changed',
  'edit.session_acquired', 'edit.session_released', 'edit.session_lost',
  'message', 'chat', 'note',
];

export class Stream {
  #address;
  #onEvent;
  #onState;
  #source = null;
  #broken = null; // the gap that no snapshot has mended yet
  #asksForSnapshot = false;

  lastEventId = null;

  /**
   * @param address gives the URL to open for a last event id (or null)
   * @param onEvent (type, data); lastEventId is already that event's
   * @param onState (state): connecting, live, reconnecting, closed
   */
  constructor({ address, onEvent, onState, lastEventId = null }) {
    this.#address = address;
    this.#onEvent = onEvent;
    this.#onState = onState;
    this.lastEventId = lastEventId;
  }

  /** The reason of a gap that still waits for its snapshot, or null. */
  get broken() {
    return this.#broken;
  }

  get state() {
    switch (this.#source?.readyState) {
      case EventSource.OPEN: return 'live';
      case EventSource.CONNECTING: return this.#source.opened ? 'reconnecting' : 'connecting';
      default: return 'closed';
    }
  }

  open() {
    this.close();
    const id = this.#broken === null ? this.lastEventId : null;
    this.#asksForSnapshot = id === null;
    const source = new EventSource(this.#address(id));
    source.onopen = () => this.#opened(source);
    source.onerror = () => this.#onState(this.state);
    for (const type of TYPES) source.addEventListener(type, event => this.#received(event));
    this.#source = source;
    this.#onState(this.state);
  }

  close() {
    this.#source?.close();
  }

  #opened(source) {
    source.opened = true;
    // The browser may have moved its cursor past a gap whose snapshot never arrived. Ask anew, without an id.
    if (this.#broken !== null && !this.#asksForSnapshot) {
      this.open();
      return;
    }
    this.#onState('live');
  }

  #received(event) {
    const data = parse(event);
    if (event.type === 'gap') this.#broken = data?.reason ?? 'unknown';
    if (event.type === 'snapshot') this.#broken = null;
    // Between a gap and its snapshot the board is behind its stream: the old id stays until both fit again.
    if (this.#broken === null && event.lastEventId) this.lastEventId = event.lastEventId;
    this.#onEvent(event.type, data);
  }
}

// Free types carry free text; only the board's own are JSON for certain.
function parse(event) {
  try {
    return JSON.parse(event.data);
  } catch {
    return null;
  }
}
