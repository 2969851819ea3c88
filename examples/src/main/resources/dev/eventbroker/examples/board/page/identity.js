// Who this tab is: a name for people, a workstation for the server, which gives locks to workstations.

const NAME = 'eventbroker.name';
const WORKSTATION = 'eventbroker.workstation';
const LEFT = 'eventbroker.left';

const ADJECTIVES = ['Calm', 'Bright', 'Quick', 'Gentle', 'Merry', 'Keen', 'Sunny', 'Brave', 'Quiet', 'Clever'];
const ANIMALS = ['Otter', 'Heron', 'Fox', 'Lynx', 'Wren', 'Badger', 'Hare', 'Finch', 'Seal', 'Owl'];

/**
 * The workstation of this tab. A reload keeps it; a duplicated tab does not.
 *
 * Browsers copy sessionStorage into a duplicated tab, and two tabs with one workstation would share each other's
 * locks. A page that is left marks its storage, so a page that finds a workstation without the mark is looking at
 * the storage of a page that is still there: it draws its own.
 */
export function claimWorkstation(storage) {
  const kept = storage.getItem(WORKSTATION);
  const mine = kept !== null && storage.getItem(LEFT) === kept;
  const id = mine ? kept : draw();
  storage.setItem(WORKSTATION, id);
  storage.removeItem(LEFT);
  return { id, kept: mine };
}

/** Called when the page goes away. */
export function leaveWorkstation(storage, id) {
  storage.setItem(LEFT, id);
}

/** Called when a page that went away is shown again as it was (back/forward cache). */
export function returnToWorkstation(storage) {
  storage.removeItem(LEFT);
}

export function loadName(storage) {
  return storage.getItem(NAME) || `${oneOf(ADJECTIVES)} ${oneOf(ANIMALS)}`;
}

export function saveName(storage, name) {
  storage.setItem(NAME, name);
}

/** A colour that everybody sees the same for the same name. */
export function hueOf(name) {
  let hash = 7;
  for (const character of name) hash = (hash * 31 + character.codePointAt(0)) >>> 0;
  return (hash * 137) % 360;
}

export function initialsOf(name) {
  const words = name.trim().split(/\s+/);
  return words.slice(0, 2).map(word => [...word][0] ?? '').join('').toUpperCase();
}

// Not crypto.randomUUID: it is missing where the page is opened over plain http by another host's name.
function draw() {
  const bytes = crypto.getRandomValues(new Uint8Array(8));
  return Array.from(bytes, byte => byte.toString(16).padStart(2, '0')).join('');
}

function oneOf(list) {
  return list[Math.floor(Math.random() * list.length)];
}
