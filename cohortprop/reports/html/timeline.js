/* The timeline: a tall list of which only those rows exist that can be seen. */

const HEIGHTS = { fold: 32, head: 28, moment: 36, row: 56, line: 17 };  // a moment has two lines where there is little room
const MOST_LINES = 4, SIGN = 7;  // of a label, and how wide a letter of it is
const CENTERS = [12.5, 37.5, 62.5, 87.5];

function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name === "class") element.className = value;
    else if (value !== null) element.setAttribute(name, value);
  }
  element.append(...children.filter(child => child !== null));
  return element;
}

/* How many lines a label has, whose words are broken only if one is longer than a line. */
function linesOf(text, perLine) {
  let used = 2, lines = 1;  // where it fails, a mark stands before it
  if (text.length + used <= perLine) return lines;
  for (const { length } of text.split(" ")) {
    if (used + length > perLine && used > 2) { lines++; used = 0; }
    used += length + 1;
    while (used > perLine + 1) { lines++; used -= perLine; }
  }
  return lines;
}

class Timeline {
  constructor(story, label, chosen) {
    this.story = story;
    this.shown = new Map();
    this.perLine = 48;
    this.narrow = false;
    this.canvas = make("div", { class: "canvas", role: "presentation" });
    this.scroller = make("div", { class: "scroller", role: "listbox", tabindex: "0", "aria-label": label }, this.canvas);
    this.lanes = make("div", { class: "lanes", "aria-hidden": "true" },
      ...["time", "Mixpanel's cohort", "Mixpanel's sync", "network", "receiver"].map(name => make("span", {}, name)));
    this.prefix = `row-${Math.random().toString(36).slice(2)}-`;
    this.now = -1;
    this.scroller.addEventListener("scroll", () => this.draw(), { passive: true });
    this.scroller.addEventListener("click", click => {
      const row = click.target.closest("[data-place]");
      if (row) chosen(Number(row.dataset.place));
    });
    new ResizeObserver(() => this.resized()).observe(this.scroller);
    this.layOut();
  }

  /* Where each row stands: its height is that of its label, which is as wide as the window lets it be. */
  layOut() {
    const { story } = this;
    this.items = [];
    for (let place = 0; place < story.end; place++) {
      const event = story.events[place];
      if (event.h) continue;
      if (event.z) this.items.push({ fold: event.z, place, height: HEIGHTS.fold, more: 0 });
      const more = (Math.min(MOST_LINES, linesOf(event.x, this.perLine)) - 1) * HEIGHTS.line;
      const head = this.narrow ? HEIGHTS.moment : HEIGHTS.head;
      this.items.push({ place, height: (event.k === "head" ? Math.max(head, HEIGHTS.head + more) : HEIGHTS.row + more), more });
    }
    this.tops = new Float64Array(this.items.length + 1);
    this.where = new Int32Array(story.events.length).fill(-1);
    this.items.forEach((item, number) => {
      this.tops[number + 1] = this.tops[number] + item.height;
      if (!item.fold) this.where[item.place] = number;
    });
    this.canvas.style.height = `${this.tops[this.items.length]}px`;
    this.scroller.style.setProperty("--tall", `${this.tops[this.items.length] + 4}px`);
    for (const row of this.shown.values()) row.remove();
    this.shown.clear();
  }

  get height() { return this.tops[this.items.length]; }

  resized() {
    if (!this.scroller.clientWidth) return;
    const when = this.lanes.firstChild.offsetWidth;
    const perLine = Math.max(16, Math.floor((this.scroller.clientWidth - when - 12) / SIGN));
    if (perLine === this.perLine) return this.draw();
    this.perLine = perLine;
    this.narrow = when < 100;
    this.layOut();
    if (this.now >= 0) this.mark(this.now);
  }

  /* Mark an event as the one that is looked at, and bring it into view. */
  mark(place) {
    const before = this.now;
    this.now = place;
    const number = this.where[place], top = this.tops[number], bottom = this.tops[number + 1];
    const { scrollTop, clientHeight } = this.scroller;
    if (top < scrollTop + 60 || bottom > scrollTop + clientHeight - 60)
      this.scroller.scrollTop = Math.max(0, top - clientHeight * .45);
    for (const each of [before, place]) {
      const old = this.shown.get(this.where[each]);
      if (old) { old.remove(); this.shown.delete(this.where[each]); }
    }
    this.draw();
    this.scroller.setAttribute("aria-activedescendant", this.prefix + this.where[place]);
  }

  draw() {
    const top = this.scroller.scrollTop - 200, bottom = this.scroller.scrollTop + this.scroller.clientHeight + 200;
    let first = this.numberAt(top), last = this.numberAt(bottom);
    for (const [number, row] of this.shown)
      if (number < first || number > last) { row.remove(); this.shown.delete(number); }
    for (let number = first; number <= last; number++)
      if (!this.shown.has(number)) {
        const row = this.row(number);
        this.shown.set(number, row);
        this.canvas.append(row);
      }
  }

  numberAt(y) {
    let low = 0, high = this.items.length - 1;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.tops[middle + 1] <= y) low = middle + 1; else high = middle;
    }
    return low;
  }

  row(number) {
    const item = this.items[number], event = this.story.events[item.place];
    const before = this.story.events[item.place - 1];
    const track = make("div", { class: "track", role: "presentation" });
    const when = make("span", { class: "when" }, item.fold || (before && before.d === event.d && !event.z) ? "" : event.d);
    const row = make("div", { class: "row" }, when, track);
    row.style.top = `${this.tops[number]}px`;
    row.style.height = `${item.height}px`;
    row.style.setProperty("--more", `${item.more}px`);
    row.id = this.prefix + number;
    const bands = item.fold ? (before?.b || 0) & (event.b || before?.b || 0) : event.b || 0, earlier = before?.b || 0;
    for (const [bit, name] of [[1, "outage"], [2, "pause"]])
      if (bands & bit)
        track.append(make("div", { class: `band ${name}` }, !(earlier & bit) && !item.fold ? (name === "pause" ? "paused" : name) : ""));
    if (item.fold) {
      row.classList.add("fold");
      row.setAttribute("role", "presentation");
      track.append(make("span", {}, `⋮ ${item.fold} pass ⋮`));
      return row;
    }
    const failing = item.place === this.story.place;
    row.setAttribute("role", "option");
    row.setAttribute("aria-selected", String(item.place === this.now));
    row.setAttribute("aria-setsize", this.story.end);
    row.setAttribute("aria-posinset", item.place + 1);
    row.dataset.place = item.place;
    row.title = event.x;
    row.classList.toggle("head", event.k === "head");
    row.classList.toggle("now", item.place === this.now);
    row.classList.toggle("wrong", failing);
    track.append(make("div", { class: "label" }, make("b", {}, (failing ? "✗ " : "") + event.x)), ...drawing(event));
    return row;
  }
}

/* Dots and arrows of an event. */
function drawing(event) {
  if (event.k === "note" || event.k === "look") {
    const dot = make("i", { class: `dot ${event.k}` });
    dot.style.left = `${CENTERS[event.l]}%`;
    return [dot];
  }
  if (event.k === "attempt") {
    if (event.f === "refuse") return [arrow(1, 2, "up cut"), arrow(2, 1, "back bad")];
    const bad = /^2/.test(event.a) ? "" : " bad";
    if (event.f === "lose") return [arrow(1, 3, "up"), arrow(3, 2, "back cut"), arrow(2, 1, "back bad")];
    return [arrow(1, 3, "up"), arrow(3, 1, `back${bad}`)];
  }
  if (event.k === "head") return [];
  const look = { copy: "copy", late: "copy late", stray: "stray" }[event.k];
  return [arrow(2, 3, `up ${look}`), arrow(3, 2, "back")];
}

function arrow(from, to, look) {
  const element = make("i", { class: `arrow ${look} ${to > from ? "right" : "left"}` });
  const gap = look.includes("cut") ? 3 : 0;
  const left = Math.min(CENTERS[from], CENTERS[to]), width = Math.abs(CENTERS[to] - CENTERS[from]) - gap;
  element.style.left = `${left + (to < from ? gap : 0)}%`;
  element.style.width = `${width}%`;
  return element;
}
