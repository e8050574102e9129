// SPDX-License-Identifier: MIT
// A list of any length of which only the rows in sight exist. Browsers limit how high an element may be: beyond that the
// scroll bar stands for a part of the list at a time.
import { element } from './words.js';

const HEIGHT = 22;
const MOST = 8e6; // px

export class List {
  constructor(parent, { row, key }) {
    this.row = row;
    this.count = 0;
    this.space = element('div', { class: 'space' });
    this.box = element('div', { class: 'list', tabindex: 0, onscroll: () => this.draw(), onkeydown: key }, this.space);
    parent.append(this.box);
    new ResizeObserver(() => this.draw()).observe(this.box);
  }

  get scale() {
    return Math.max(1, (this.count * HEIGHT) / MOST);
  }

  show(count) {
    this.count = count;
    this.space.style.height = Math.min(MOST, count * HEIGHT) + 'px';
    this.draw();
  }

  reveal(index) {
    const top = index * HEIGHT;
    const seen = this.box.scrollTop * this.scale;
    if (top < seen || top + HEIGHT > seen + this.box.clientHeight) this.box.scrollTop = Math.max(0, (top - this.box.clientHeight / 2) / this.scale);
    this.draw();
  }

  draw() {
    const scrolled = this.box.scrollTop;
    const first = Math.max(0, Math.floor((scrolled * this.scale) / HEIGHT) - 4);
    const last = Math.min(this.count, first + Math.ceil(this.box.clientHeight / HEIGHT) + 8);
    const offset = scrolled - scrolled * this.scale;
    const rows = [];
    for (let i = first; i < last; i++) {
      const node = this.row(i);
      node.style.top = i * HEIGHT + offset + 'px';
      rows.push(node);
    }
    this.space.replaceChildren(...rows);
  }
}
