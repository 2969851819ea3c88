// The columns and cards on the screen, and what hands and keys do to them. It asks through its callbacks and shows
// what it is given; it keeps no truth of its own.

import { hueOf } from './identity.js';
import { COLUMNS, columnOf, resourceOf } from './state.js';

const GLIDE = { duration: 240, easing: 'cubic-bezier(.2, .7, .2, 1)' };
const GLIDING_CARDS = 200; // more than that are put in place without a glide
const still = matchMedia('(prefers-reduced-motion: reduce)');

export class BoardView {
  #root = document.getElementById('board');
  #cardTemplate = document.getElementById('card-template');
  #columns = new Map(); // column id -> { list, count, form }
  #elements = new Map(); // card id -> element
  #cards = []; // as shown
  #workstation;
  #on;
  #dragged = null;

  /**
   * @param on open(id), move(id, column, index), add(column, title), explain(id): why a card cannot be had now
   */
  constructor({ workstation, on }) {
    this.#workstation = workstation;
    this.#on = on;
    for (const column of COLUMNS) this.#buildColumn(column);
    this.#root.addEventListener('click', event => this.#clicked(event));
    this.#root.addEventListener('keydown', event => this.#pressed(event));
    this.#root.addEventListener('dragstart', event => this.#dragStarted(event));
    this.#root.addEventListener('dragend', () => this.#dragEnded());
  }

  /** Shows these cards; holderOf gives a card's holder or undefined. */
  render(cards, holderOf) {
    const before = this.#positions();
    const focused = document.activeElement;
    this.#cards = cards;
    const gone = new Set(this.#elements.keys());
    for (const column of COLUMNS) {
      const { list, count } = this.#columns.get(column.id);
      const inOrder = columnOf(cards, column.id);
      count.textContent = inOrder.length;
      inOrder.forEach((card, index) => {
        gone.delete(String(card.id));
        const element = this.#element(card);
        this.#fill(element, card, holderOf(resourceOf(card.id)));
        if (list.children[index] !== element) list.insertBefore(element, list.children[index] ?? null);
      });
    }
    for (const id of gone) {
      this.#elements.get(id).remove();
      this.#elements.delete(id);
    }
    if (focused !== document.activeElement && this.#root.contains(focused)) focused.focus({ preventScroll: true });
    this.#glide(before);
  }

  ready() {
    this.#root.setAttribute('aria-busy', 'false');
  }

  /** A short glow on a card that somebody changed. */
  flash(id) {
    const element = this.#elements.get(String(id));
    if (!element || still.matches) return;
    element.classList.remove('changed');
    element.getBoundingClientRect(); // starts the animation anew
    element.classList.add('changed');
  }

  // --- building ------------------------------------------------------------------------------------------------

  #buildColumn(column) {
    const part = document.getElementById('column-template').content.cloneNode(true);
    const section = part.querySelector('.column');
    const heading = part.querySelector('h2');
    const list = part.querySelector('.cards');
    const add = part.querySelector('.add');
    const form = part.querySelector('.add-form');
    const input = form.querySelector('input');
    section.dataset.column = column.id;
    heading.id = `heading-${column.id}`;
    heading.textContent = column.title;
    list.setAttribute('aria-labelledby', heading.id);
    list.dataset.testid = `column-${column.id}`;
    add.setAttribute('aria-label', `Add a card to ${column.title}`);
    add.setAttribute('aria-expanded', 'false');
    add.dataset.testid = `add-${column.id}`;
    form.dataset.testid = `add-form-${column.id}`;

    const showForm = shown => {
      form.hidden = !shown;
      add.setAttribute('aria-expanded', String(shown));
      (shown ? input : add).focus();
    };
    add.addEventListener('click', () => showForm(form.hidden));
    form.addEventListener('keydown', event => {
      if (event.key === 'Escape') showForm(false);
    });
    form.addEventListener('submit', event => {
      event.preventDefault();
      const title = input.value.trim();
      if (title === '') return;
      input.value = '';
      this.#on.add(column.id, title);
    });
    section.addEventListener('dragover', event => this.#draggedOver(event, section, list));
    section.addEventListener('dragleave', event => {
      if (!section.contains(event.relatedTarget)) this.#clearMarks();
    });
    section.addEventListener('drop', event => this.#dropped(event, column.id, list));
    this.#columns.set(column.id, { list, count: part.querySelector('.count') });
    this.#root.append(part);
  }

  #element(card) {
    const id = String(card.id);
    let element = this.#elements.get(id);
    if (!element) {
      element = this.#cardTemplate.content.firstElementChild.cloneNode(true);
      element.dataset.card = id;
      element.dataset.testid = `card-${id}`;
      element.querySelector('.open').dataset.testid = `open-${id}`;
      element.querySelector('.lock').dataset.testid = `lock-${id}`;
      element.querySelector('.back').dataset.testid = `back-${id}`;
      element.querySelector('.on').dataset.testid = `on-${id}`;
      this.#elements.set(id, element);
    }
    return element;
  }

  #fill(element, card, holder) {
    const mine = holder?.owner === this.#workstation;
    const locked = holder !== undefined && !mine;
    const open = element.querySelector('.open');
    setText(open, card.title);
    setText(element.querySelector('.version'), `#${card.id} · v${card.version}`);
    element.dataset.version = card.version;
    element.classList.toggle('locked', locked);
    element.classList.toggle('mine', mine);
    if (locked) open.setAttribute('aria-disabled', 'true');
    else open.removeAttribute('aria-disabled');

    const lock = element.querySelector('.lock');
    lock.hidden = holder === undefined;
    if (holder) {
      setText(element.querySelector('.holder'), mine ? 'You are editing' : holder.user);
      lock.title = mine ? `Your lock, fence ${holder.fence}` : `${holder.user} is editing this card, fence ${holder.fence}`;
      element.style.setProperty('--hue', hueOf(holder.user));
    }
    open.setAttribute('aria-label', locked ? `${card.title}, locked by ${holder.user}` : card.title);

    const at = COLUMNS.findIndex(column => column.id === card.column);
    setNeighbour(element.querySelector('.back'), COLUMNS[at - 1], locked);
    setNeighbour(element.querySelector('.on'), COLUMNS[at + 1], locked);
  }

  // --- hands ---------------------------------------------------------------------------------------------------

  #clicked(event) {
    const element = event.target.closest('.card');
    if (!element) return;
    const id = element.dataset.card;
    const button = event.target.closest('.back, .on');
    if (!button) this.#try(element, () => this.#on.open(id));
    else this.#step(element, button.classList.contains('on') ? 1 : -1);
  }

  #try(element, action) {
    if (element.classList.contains('locked')) this.#on.explain(element.dataset.card);
    else action();
  }

  #dragStarted(event) {
    const element = event.target.closest?.('.card');
    if (!element) return;
    if (element.classList.contains('locked')) {
      event.preventDefault();
      this.#on.explain(element.dataset.card);
      return;
    }
    this.#dragged = element;
    event.dataTransfer.effectAllowed = 'move';
    event.dataTransfer.setData('text/plain', element.dataset.card);
    element.classList.add('dragged');
  }

  #draggedOver(event, section, list) {
    if (!this.#dragged) return;
    event.preventDefault();
    event.dataTransfer.dropEffect = 'move';
    this.#clearMarks();
    section.classList.add('target');
    const others = this.#othersIn(list);
    const index = indexAt(others, event.clientY);
    if (others[index]) others[index].classList.add('drop-before');
    else others.at(-1)?.classList.add('drop-after');
  }

  #dropped(event, column, list) {
    if (!this.#dragged) return;
    event.preventDefault();
    const index = indexAt(this.#othersIn(list), event.clientY);
    const moves = list.children[index] !== this.#dragged; // not just back to where it came from
    if (moves) this.#on.move(this.#dragged.dataset.card, column, index);
    this.#dragEnded();
  }

  #dragEnded() {
    this.#dragged?.classList.remove('dragged');
    this.#dragged = null;
    this.#clearMarks();
  }

  #clearMarks() {
    const marked = this.#root.querySelectorAll('.target, .drop-before, .drop-after');
    for (const element of marked) element.classList.remove('target', 'drop-before', 'drop-after');
  }

  #othersIn(list) {
    return [...list.children].filter(element => element !== this.#dragged);
  }

  // --- keys ----------------------------------------------------------------------------------------------------

  #pressed(event) {
    const element = event.target.closest('.open')?.closest('.card');
    if (!element) return;
    const directions = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
    if (event.key === 'Enter' || event.key === ' ') {
      event.preventDefault();
      this.#try(element, () => this.#on.open(element.dataset.card));
    } else if (event.key in directions && !event.altKey && !event.ctrlKey && !event.metaKey) {
      event.preventDefault();
      const [across, along] = directions[event.key];
      if (!event.shiftKey) this.#walk(element, across, along);
      else if (across !== 0) this.#step(element, across);
      else this.#shift(element, along);
    }
  }

  #walk(element, across, along) {
    const list = element.parentElement;
    const index = [...list.children].indexOf(element);
    const lists = [...this.#columns.values()].map(column => column.list);
    let target = list;
    if (across !== 0) {
      const from = lists.indexOf(list);
      const ahead = across > 0 ? lists.slice(from + 1) : lists.slice(0, from).reverse();
      target = ahead.find(other => other.children.length > 0);
    }
    const last = target ? target.children.length - 1 : -1;
    target?.children[Math.min(Math.max(index + along, 0), last)]?.querySelector('.open').focus();
  }

  /** To the column beside, at about the same height. */
  #step(element, across) {
    const card = this.#shown(element);
    const column = COLUMNS[COLUMNS.findIndex(each => each.id === card.column) + across];
    if (!column) return;
    const index = [...element.parentElement.children].indexOf(element);
    const room = columnOf(this.#cards, column.id).length;
    this.#try(element, () => this.#on.move(element.dataset.card, column.id, Math.min(index, room)));
  }

  #shift(element, along) {
    const siblings = [...element.parentElement.children];
    const index = siblings.indexOf(element) + along;
    if (index < 0 || index >= siblings.length) return;
    this.#try(element, () => this.#on.move(element.dataset.card, this.#shown(element).column, index));
  }

  #shown(element) {
    return this.#cards.find(card => String(card.id) === element.dataset.card);
  }

  // --- motion --------------------------------------------------------------------------------------------------

  #positions() {
    if (still.matches || document.hidden || this.#elements.size > GLIDING_CARDS) return null;
    return new Map([...this.#elements].map(([id, element]) => [id, element.getBoundingClientRect()]));
  }

  #glide(before) {
    if (!before) return;
    for (const [id, from] of before) {
      const element = this.#elements.get(id);
      if (!element || element === this.#dragged) continue;
      const to = element.getBoundingClientRect();
      const x = from.left - to.left;
      const y = from.top - to.top;
      if (x === 0 && y === 0) continue;
      element.animate([{ transform: `translate(${x}px, ${y}px)` }, { transform: 'none' }], GLIDE);
    }
  }
}

function indexAt(elements, y) {
  const index = elements.findIndex(element => {
    const box = element.getBoundingClientRect();
    return y < box.top + box.height / 2;
  });
  return index < 0 ? elements.length : index;
}

function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

function setNeighbour(button, column, locked) {
  button.hidden = !column;
  button.disabled = locked;
  if (column) {
    button.setAttribute('aria-label', `Move to ${column.title}`);
    button.title = `Move to ${column.title}`;
  }
}
