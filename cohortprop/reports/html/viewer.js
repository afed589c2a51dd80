/* The viewer: bar, timeline and panel of one finding; keys; and which finding of a run is shown. */

const IN = ["out", "in", "–"], SNAPSHOTS = ["out", "in", "none"], DEMANDS = ["must be out", "must be in", "may be either"];
const ROWS = 12;

const FATES = {
  deliver: () => "Delivered: the receiver got the request, and the sender got the answer.",
  duplicate: () => "Delivered, and the network makes a copy of it.",
  lose: event => `The acknowledgement is lost: the receiver has got the request and answered ${event.a}, but the sender sees ${event.s}, ` +
    "takes it for a failure, and will tell the same again.",
  refuse: event => `Refused on the way: the receiver never saw this request. The sender sees ${event.s}.`,
};
const KINDS = {
  copy: () => "A copy that the network has made. Nobody sees this answer.",
  late: () => "An old request that arrives once more, or overtaken by others. Nobody sees this answer.",
  stray: () => "This request is not part of a sync.",
};

class Viewer {
  constructor(host, story) {
    this.host = host;
    this.story = story;
    this.step = 0;
    this.everyone = false;
    const label = "Events, in order; use the arrow keys";
    this.timeline = new Timeline(story, label, place => this.goTo(story.stopFor(place)));
    this.back = button("◀ Back", () => this.goTo(this.step - 1));
    this.next = button("Next ▶", () => this.goTo(this.step + 1));
    const failing = button("✗ Failing moment", () => this.fail());
    failing.className = "alarm";
    this.slider = make("input", { type: "range", min: 0, max: story.stops.length - 1, step: 1, "aria-label": "Step of the history" });
    this.slider.addEventListener("input", () => this.goTo(Number(this.slider.value)));
    this.count = make("output", { "aria-hidden": "true" });
    this.panel = make("div", { class: "panel", role: "region", "aria-label": "At this step" });
    this.live = make("div", { class: "panel", "aria-live": "polite" });
    host.replaceChildren(
      make("div", { class: "bar" }, this.back, this.next, this.slider, this.count, failing),
      make("p", { class: "hint" }, key("←"), " ", key("→"), " step, ", key("PageUp"), " ", key("PageDown"), " ten steps, ",
        key("Home"), " ", key("End"), " first and last, ", key("f"), " the failing moment"),
      make("div", { class: "stage" }, make("div", {}, this.timeline.lanes, this.timeline.scroller), make("div", {}, this.live, this.panel)));
    this.fail();
  }

  fail() { this.goTo(this.story.stopFor(this.story.place)); }

  goTo(step) {
    const { story } = this;
    this.step = Math.max(0, Math.min(story.stops.length - 1, step));
    const place = story.stops[this.step], event = story.events[place];
    story.goTo(place);
    this.slider.value = this.step;
    this.slider.setAttribute("aria-valuetext", `${event.d}: ${event.x}`);
    this.count.textContent = `${this.step + 1} of ${story.stops.length}`;
    this.back.disabled = this.step === 0;
    this.next.disabled = this.step === story.stops.length - 1;
    this.everyone = false;
    this.timeline.mark(place);
    this.tell(event, place);
  }

  tell(event, place) {
    const { story } = this, failing = place === story.place;
    this.live.replaceChildren(
      make("p", { class: "now-when" }, event.d + (place > story.place ? ", after the failing moment" : "")),
      make("p", { class: "now-text" }, event.x),
      ...(failing ? [make("p", { class: "verdict" }, `✗ Here it shows: ${story.seen}`)] : []));
    const fate = event.k === "attempt" ? FATES[event.f] : KINDS[event.k];
    const parts = [];
    if (fate) parts.push(make("p", { class: "note quiet" }, fate(event)));
    const tables = this.cohorts().map(cohort => this.table(cohort)), exchange = this.exchange(event);
    parts.push(...(failing && exchange.length ? [...exchange, ...tables] : [...tables, ...exchange]));
    if (event.k === "look") parts.push(...this.exchange(story.lastRequest(place), "The last request before"));
    this.panel.replaceChildren(...parts);
  }

  cohorts() {
    const found = [...new Set(this.story.cells.map(([cohort]) => cohort))], mine = this.story.cohort;
    return found.sort((one, other) => (other === mine) - (one === mine));
  }

  table(cohort) {
    const { story } = this, rows = story.rows(cohort).filter(row => row.rank < 4), arrivals = story.arrivals;
    const head = ["user", "source", "snapshot", "receiver", "a correct receiver", ...(arrivals ? ["arrivals"] : []), ""];
    const many = !this.everyone && rows.length > ROWS, shown = many ? rows.slice(0, ROWS) : rows;
    const look = story.looks[story.at], stale = !!story.events[story.at].u;
    const body = make("tbody", {}, ...shown.map(row => this.line(row, arrivals)));
    const said = look < 0 ? "the receiver has not been looked at yet"
      : stale ? `the receiver as it was when last looked at, ${story.events[look].d}` : "";
    const table = make("table", { class: "members" },
      make("caption", {}, `Cohort ${cohort} “${story.names[cohort] ?? ""}”`, said ? make("span", { class: "quiet" }, ` – ${said}`) : ""),
      make("thead", {}, make("tr", {}, ...head.map(name => name ? make("th", { scope: "col" }, name) : make("td", {})))), body);
    const box = make("div", { class: "wide", tabindex: "0", role: "region", "aria-label": `Members of cohort ${cohort}` }, table);
    if (!rows.length) body.append(make("tr", {}, make("td", { colspan: String(head.length), class: "quiet" }, "nobody yet")));
    if (many)
      box.append(button(`Show ${rows.length - ROWS} more`, () => {
        this.everyone = true;
        this.tell(story.events[story.at], story.at);
      }));
    return box;
  }

  line(row, arrivals) {
    const cell = (channel, text, extra = "") =>
      make("td", { class: `${row.changed.has(row.cell * CHANNELS + channel) ? "fresh" : ""} ${extra}` }, text);
    const mark = row.wrong ? "✗ wrong" : row.differs && !row.stale ? "≠ allowed" : "";
    return make("tr", { class: row.wrong ? "wrong" : row.differs ? "differs" : "" },
      make("th", { scope: "row" }, make("bdi", {}, row.user)),
      cell(SOURCE, IN[row.source]),
      cell(SNAPSHOT, SNAPSHOTS[row.snapshot]),
      cell(RECEIVER, IN[row.held], row.stale ? "old" : ""),
      cell(ORACLE, DEMANDS[row.demand], "allowed"),
      ...(arrivals ? [cell(ARRIVALS, String(this.story.value(row.cell, ARRIVALS)))] : []),
      make("td", { class: "mark" }, mark));
  }

  exchange(event, title = "") {
    const { texts } = this.story, parts = [];
    if (!event) return parts;
    const add = (title, text) => parts.push(make("h3", {}, title), make("pre", { tabindex: "0", "aria-label": title }, text));
    if (event.q !== undefined) {
      const head = event.k === "stray" ? [] : HEAD;
      add(title || (event.i ? `The request (attempt ${event.i})` : "The request"), (head.length ? `${head.join("\n")}\n\n` : "") + texts[event.q]);
    }
    if (event.r !== undefined) add("The receiver's reply", texts[event.r]);
    if (event.o !== undefined) add("What the sender saw", texts[event.o]);
    if (event.g !== undefined) add(event.k === "note" ? "Where the app was" : "The app's log", texts[event.g]);
    return parts;
  }

  key(name) {
    const moves = {
      ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1, PageDown: 10, PageUp: -10, Home: -Infinity, End: Infinity,
    };
    if (name === "f") this.fail();
    else if (name in moves) this.goTo(this.step + moves[name]);
    else return false;
    return true;
  }
}

function button(text, pressed) {
  const made = make("button", { type: "button" }, text);
  made.addEventListener("click", pressed);
  return made;
}

function key(name) { return make("kbd", {}, name); }

const HEAD = JSON.parse(document.getElementById("head").textContent);
const articles = [...document.querySelectorAll("article.finding")], index = document.getElementById("index");
const viewers = new Map();
let current = null;

/* Show the finding that the address names, and make its viewer when it is first looked at. */
async function show() {
  const chosen = articles.find(article => `#${article.id}` === location.hash) ?? (index ? null : articles[0]);
  for (const article of articles) article.hidden = article !== chosen;
  if (index) index.hidden = chosen !== null;
  current = null;
  if (!chosen) return;
  if (!viewers.has(chosen)) viewers.set(chosen, unpacked(chosen.querySelector(".history")).then(data =>
    new Viewer(chosen.querySelector(".viewer"), new Story(data))));
  current = await viewers.get(chosen);
  current.timeline.mark(current.story.at);
  performance.mark("ready");
  document.documentElement.dataset.ready = chosen.id;
}

addEventListener("hashchange", async () => {
  await show();
  scrollTo(0, 0);
});

addEventListener("keydown", press => {
  if (!current || press.ctrlKey || press.metaKey || press.altKey) return;
  const inside = current.host.contains(press.target), onList = press.target === current.timeline.scroller || press.target === current.slider;
  if (press.target.closest("pre, .wide, summary") || (!inside && press.target.closest("input, select, textarea, button, a"))) return;
  if (!onList && !["ArrowLeft", "ArrowRight", "f"].includes(press.key)) return;
  if (current.key(press.key)) press.preventDefault();
});

document.addEventListener("click", async click => {
  const copy = click.target.closest?.("button.copy");
  if (!copy) return;
  const text = copy.nextElementSibling, what = copy.dataset.what;
  try {
    await navigator.clipboard.writeText(text.textContent);
    copy.textContent = "Copied";
  } catch {
    getSelection().selectAllChildren(text);
    copy.textContent = "Selected: press Ctrl-C";
  }
  setTimeout(() => { copy.textContent = `Copy ${what}`; }, 2000);
});

show();
