// SPDX-License-Identifier: MIT
import { load, search } from './data.js';
import { showDetails } from './details.js';
import { List } from './list.js';
import { Requests } from './requests.js';
import { Timeline } from './timeline.js';
import { operationWords, Tree } from './tree.js';
import { labelled, Types } from './types.js';
import { duration, element } from './words.js';

const $ = (id) => document.getElementById(id);

function start() {
  const source = $('data');
  const data = load(JSON.parse(source.textContent));
  source.remove();
  document.title = `uvtree: ${data.title}`;
  $('title').textContent = data.title;
  const lost = data.lost.length ? `, EVENTS LOST at ${data.lost.length} places` : '';
  $('summary').textContent = `${(data.count - 1).toLocaleString('en')} operations in ${duration(data.end)}${lost}`;

  const panel = $('panel');
  const tabs = new Map();
  let selected = 0;
  const select = (operation) => {
    selected = operation;
    showDetails($('details'), data, operation, select);
    timeline.show(operation);
    tree.show(operation);
    for (const tab of tabs.values()) tab.list?.draw();
    requests?.show(operation);
  };

  function addTab(name, fill) {
    const button = element('button', { role: 'tab', onclick: () => open(name) }, name);
    const box = element('div', { style: 'display:none;flex:1;flex-direction:column;min-height:0' });
    panel.append(box);
    $('tabs').append(button);
    tabs.set(name, { button, box, fill });
  }

  function open(name) {
    for (const [other, tab] of tabs) {
      const shown = other === name;
      tab.button.setAttribute('aria-selected', shown);
      tab.box.style.display = shown ? 'flex' : 'none';
      if (shown && tab.fill) {
        tab.list = tab.fill(tab.box);
        tab.fill = undefined;
      }
    }
  }

  function operationList(box) {
    const list = new List(box, {
      row: (i) => element('div', { class: list.found[i] === selected ? 'row selected' : 'row', 'data-operation': list.found[i], onclick: () => select(list.found[i]) }, ...operationWords(data, list.found[i])),
    });
    list.set = (found) => {
      list.found = found;
      list.show(found.length);
    };
    list.set([]);
    return list;
  }

  let tree;
  addTab('Tree', (box) => ((tree = new Tree(box, data, select)), tree.list));
  addTab('Types', (box) => void new Types(box, data));
  let requests;
  if (data.requests.length) addTab('Requests', (box) => ((requests = new Requests(box, data, select)), undefined));
  const labels = labelled(data);
  if (labels.length) {
    addTab('Labelled', (box) => {
      const list = operationList(box);
      list.set(labels);
      return list;
    });
  }
  addTab('Found', operationList);
  open('Tree');
  const timeline = new Timeline($('timeline'), data, select);
  showDetails($('details'), data, 0, select);

  let waiting;
  $('search').addEventListener('input', (event) => {
    clearTimeout(waiting);
    waiting = setTimeout(() => {
      const text = event.target.value.trim();
      open(text ? 'Found' : 'Tree');
      if (!text) return;
      const found = search(data, text);
      const tab = tabs.get('Found');
      tab.button.textContent = `Found: ${found.length}`;
      tab.list.set(found);
      if (found.length === 1) select(found[0]);
    }, 120);
  });
  document.documentElement.dataset.ready = Math.round(performance.now());
}

start();
