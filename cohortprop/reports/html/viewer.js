/* The viewer: bar, timeline and panel of one finding; keys; and which finding of a run is shown. */

const IN = ["out", "in", "–"], SNAPSHOTS = ["out", "in", "none"], DEMANDS = ["must be out", "must be in", "may be either"];
const ROWS = 12, LINES = 40;
const ROOM = 320;  // beside a short timeline, for the meaning of words and signs

const FATES = {
  deliver: () => "The receiver got the request, and Mixpanel got the answer.",
  duplicate: () => "The receiver got the request, and the network makes a copy of it.",
  lose: event => `The answer gets lost: the receiver has got the request and answered ${event.a}, but Mixpanel sees ${event.s}, ` +
    "takes it for a failure, and will send the same again.",
  refuse: event => `The receiver never sees this request. Mixpanel sees ${event.s}.`,
};
const KINDS = {
  copy: () => "A copy that the network has made. Nobody sees this answer.",
  late: () => "An old request that arrives once more, or after later ones. Nobody sees this answer.",
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
    this.failing = button("✗ Failing moment", () => this.fail());
    this.slider = make("input", { type: "range", min: 0, max: story.stops.length - 1, step: 1, "aria-label": "Event" });
    this.slider.addEventListener("input", () => this.goTo(Number(this.slider.value)));
    this.count = make("output", { "aria-hidden": "true" });
    this.live = make("div", { class: "panel live", "aria-live": "polite" });
    this.who = make("div", { class: "panel who", role: "region", "aria-label": "Who is in" });
    this.panel = make("div", { class: "panel wire", role: "region", "aria-label": "Request and reply" });
    host.replaceChildren(
      make("div", { class: "bar" }, this.back, this.next, this.slider, this.count, this.failing),
      make("div", { class: "stage" },
        make("div", { class: "time" }, this.timeline.lanes, this.timeline.scroller, ...this.examination(),
          make("p", { class: "hint" }, "Keys: ", key("←"), " ", key("→"), " one event, ", key("f"), " the failing moment; in the timeline ",
            key("PageUp"), " ", key("PageDown"), " ten events, ", key("Home"), " ", key("End"), " first and last")),
        make("div", { class: "side" }, this.live, this.who, this.panel)));
    const words = host.parentElement.querySelector("details.words");
    if (words) host.querySelector(".time").append(words);
    this.fail();
    const room = host.querySelector(".side").offsetHeight - this.timeline.height;
    if (words && room > ROOM && getComputedStyle(host.querySelector(".side")).display !== "contents") words.open = true;
  }

  fail() { this.goTo(this.story.stopFor(this.story.place)); }

  /* What came after the failing moment: what was concluded from it, and a way to look at it. */
  examination() {
    const { story } = this, count = story.events.length - story.examined;
    if (!count) return [];
    const words = () => story.opened ? "Hide the examination" : `Show the examination, ${count} events`;
    const opener = button(words(), () => {
      const place = story.stops[this.step];
      story.open(!story.opened);
      this.timeline.layOut();
      this.slider.max = story.stops.length - 1;
      opener.textContent = words();
      this.goTo(story.stopFor(Math.min(place, story.end - 1)));
    });
    opener.className = "opener";
    const why = "After the failing moment cohortprop went on without any faults, to tell similar causes apart. ";
    return [make("p", { class: "after" }, make("span", {}, why), opener)];
  }

  goTo(step) {
    const { story } = this;
    this.step = Math.max(0, Math.min(story.stops.length - 1, step));
    const place = story.stops[this.step], event = story.events[place];
    story.goTo(place);
    this.slider.value = this.step;
    this.slider.setAttribute("aria-valuetext", `${event.d}: ${event.x}`);
    this.count.textContent = `event ${this.step + 1} of ${story.stops.length}`;
    this.failing.disabled = place === story.place;
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
    if (fate) this.live.append(make("p", { class: "note quiet" }, fate(event)));
    this.who.replaceChildren(...this.cohorts().map(cohort => this.table(cohort)));
    const exchange = this.exchange(event);
    if (event.k === "look") exchange.push(...this.exchange(story.lastRequest(place), "The last request before"));
    this.panel.replaceChildren(...exchange);
  }

  cohorts() {
    const found = [...new Set(this.story.cells.map(([cohort]) => cohort))], mine = this.story.cohort;
    return found.sort((one, other) => (other === mine) - (one === mine));
  }

  table(cohort) {
    const { story } = this, rows = story.rows(cohort).filter(row => row.rank < 4), arrivals = story.arrivals;
    const head = ["user", "in Mixpanel", "Mixpanel's snapshot", "receiver holds", "should be", ...(arrivals ? ["times acted on"] : [])];
    const many = !this.everyone && rows.length > ROWS, shown = many ? rows.slice(0, ROWS) : rows;
    const look = story.looks[story.at], stale = !!story.events[story.at].u;
    const body = make("tbody", {}, ...shown.map(row => this.line(row, arrivals)));
    const said = look < 0 ? "the receiver was not asked yet"
      : stale ? `receiver as of the last look, ${story.events[look].d}` : "";
    const table = make("table", { class: "members" },
      make("caption", {}, `Cohort ${cohort} “${story.names[cohort] ?? ""}”`, said ? make("span", { class: "quiet" }, ` – ${said}`) : ""),
      make("thead", {}, make("tr", {}, ...head.map(name => make("th", { scope: "col" }, name)))), body);
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
    const cell = (channel, text, extra = "") => {
      const wrong = row.fault === channel, mark = wrong ? "✗\u00a0wrong" : channel === RECEIVER && row.differs && !row.stale ? "differs, permitted" : "";
      const fresh = row.changed.has(row.cell * CHANNELS + channel) ? "fresh" : "";
      return make("td", { class: [fresh, extra, wrong ? "wrong" : ""].join(" ").trim() }, text,
        row.fault !== null && !wrong ? "" : mark ? make("small", {}, ` ${mark}`) : "");
    };
    return make("tr", {},
      make("th", { scope: "row" }, make("bdi", {}, row.user)),
      cell(SOURCE, IN[row.source]),
      cell(SNAPSHOT, SNAPSHOTS[row.snapshot]),
      cell(RECEIVER, IN[row.held], row.stale ? "old" : ""),
      cell(ORACLE, DEMANDS[row.demand], "allowed"),
      ...(arrivals ? [cell(ARRIVALS, String(this.story.value(row.cell, ARRIVALS)))] : []));
  }

  exchange(event, title = "") {
    const { texts } = this.story, parts = [];
    if (!event) return parts;
    const add = (title, text) => parts.push(make("h3", {}, title), ...shortened(title, text));
    if (event.q !== undefined) {
      const head = event.k === "stray" ? [] : HEAD;
      add(title || (event.i ? `The request (attempt ${event.i})` : "The request"), (head.length ? `${head.join("\n")}\n\n` : "") + texts[event.q]);
    }
    if (event.r !== undefined) add("The receiver's reply", texts[event.r]);
    if (event.o !== undefined) add("What Mixpanel saw", texts[event.o]);
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

/* A text of which the first lines are shown, and the others when they are asked for. */
function shortened(title, text) {
  const lines = text.split("\n"), pre = make("pre", { tabindex: "0", "aria-label": title }, text);
  if (lines.length <= LINES) return [pre];
  pre.textContent = lines.slice(0, LINES).join("\n") + "\n…";
  const more = button(`Show all ${lines.length.toLocaleString("en")} lines`, () => {
    pre.textContent = text;
    more.remove();
    pre.focus();
  });
  return [pre, more];
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
