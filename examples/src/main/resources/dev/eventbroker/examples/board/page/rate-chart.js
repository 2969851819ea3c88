// Events per second over the last minute, one bar a second, the newest at the right.

const SECONDS = 60;
const SVG = 'http://www.w3.org/2000/svg';

export class RateChart {
  #counts = new Array(SECONDS).fill(0); // by second modulo SECONDS
  #second = now();
  #bars;
  #svg;
  #label;

  constructor(svg, label) {
    this.#svg = svg;
    this.#label = label;
    const { width, height } = svg.viewBox.baseVal;
    const step = width / SECONDS;
    this.#bars = this.#counts.map((_, index) => {
      const bar = document.createElementNS(SVG, 'rect');
      bar.setAttribute('x', index * step);
      bar.setAttribute('width', step * 0.72);
      bar.setAttribute('y', height - 1);
      bar.setAttribute('height', 1);
      svg.append(bar);
      return bar;
    });
    setInterval(() => this.#draw(), 1000);
    this.#draw();
  }

  count() {
    this.#turn();
    this.#counts[this.#second % SECONDS]++;
  }

  // By the clock, not by the timer: a hidden tab's timers are slow, its seconds are not.
  #turn() {
    const second = now();
    for (let past = Math.max(this.#second, second - SECONDS) + 1; past <= second; past++) {
      this.#counts[past % SECONDS] = 0;
    }
    this.#second = second;
  }

  #draw() {
    this.#turn();
    const height = this.#svg.viewBox.baseVal.height;
    const shown = this.#bars.map((_, index) => this.#counts[(this.#second + 1 + index) % SECONDS]);
    const most = Math.max(...shown);
    const scale = (height - 1) / Math.max(most, 4);
    shown.forEach((count, index) => {
      const tall = 1 + count * scale;
      this.#bars[index].setAttribute('height', tall);
      this.#bars[index].setAttribute('y', height - tall);
      this.#bars[index].classList.toggle('some', count > 0);
    });
    const last = shown.at(-2); // the last whole second
    this.#label.textContent = last;
    this.#svg.firstElementChild.textContent = `Events per second, last minute: now ${last}, most ${most}`;
  }
}

function now() {
  return Math.floor(performance.now() / 1000);
}
