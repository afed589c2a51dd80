"use strict";
/* What is known of a finding's history, and who is in at any step of it. Only data: nothing here draws. */

const SOURCE = 0, SNAPSHOT = 1, RECEIVER = 2, ORACLE = 3, ARRIVALS = 4, CHANNELS = 5;

async function unpacked(element) {
  const data = JSON.parse(element.textContent);
  if (!data.gzip) return data;
  const bytes = Uint8Array.from(atob(data.gzip), sign => sign.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  return JSON.parse(await new Response(stream).text());
}

class Story {
  constructor(data) {
    Object.assign(this, data);
    this.values = Int32Array.from(data.first);
    this.at = -1;
    this.open(data.place >= data.examined);
    this.looks = new Int32Array(data.events.length);
    let last = -1;
    data.events.forEach((event, place) => { if (event.k === "look") last = place; this.looks[place] = last; });
  }

  /* Whether the examination after the failing moment is a part of the story. */
  open(examination) {
    this.end = examination ? this.events.length : this.examined;
    this.stops = [];
    for (let place = 0; place < this.end; place++) {
      const event = this.events[place];
      if (place === this.place || (event.k !== "head" && !event.h)) this.stops.push(place);
    }
    if (!this.stops.length) this.stops = this.events.map((_, place) => place);
  }

  get opened() { return this.end > this.examined || this.examined === this.events.length; }

  /* Go to an event, forwards or backwards, by the changes that lie between. */
  goTo(place) {
    while (this.at < place) this.apply(this.events[++this.at].m, 3);
    while (this.at > place) this.apply(this.events[this.at--].m, 2);
  }

  apply(changes, which) {
    if (!changes) return;
    const backwards = which === 2;
    for (let each = backwards ? changes.length - 4 : 0; each >= 0 && each < changes.length; each += backwards ? -4 : 4)
      this.values[changes[each] * CHANNELS + changes[each + 1]] = changes[each + which];
  }

  value(cell, channel) { return this.values[cell * CHANNELS + channel]; }

  /* What the event that we are at has just changed. */
  changed() {
    const found = new Set(), changes = this.events[this.at]?.m || [];
    for (let each = 0; each < changes.length; each += 4) found.add(changes[each] * CHANNELS + changes[each + 1]);
    return found;
  }

  /* The stop at or after a place; the last one if there is none. */
  stopFor(place) {
    const found = this.stops.findIndex(stop => stop >= place);
    return found < 0 ? this.stops.length - 1 : found;
  }

  /* The last event before a place in which a request reached the receiver. */
  lastRequest(place) {
    while (--place >= 0) if (this.events[place].r !== undefined && this.events[place].q !== undefined) return this.events[place];
    return null;
  }

  /* The rows of one cohort: the user in question first, then who is wrong, then who differs, then the others. */
  rows(cohort) {
    const event = this.events[this.at], stale = !!event?.u, changed = this.changed(), rows = [];
    this.cells.forEach(([where, user], cell) => {
      if (where !== cohort) return;
      const source = this.value(cell, SOURCE), snapshot = this.value(cell, SNAPSHOT), held = this.value(cell, RECEIVER);
      const demand = this.value(cell, ORACLE), looked = held !== 2 && !stale;
      const mine = where === this.cohort && user === this.user, here = mine && this.at === this.place && !this.membership;
      const wrong = here || (looked && demand !== 2 && held !== demand), differs = held !== 2 && held !== source;
      const heard = source || snapshot === 1 || held === 1 || demand || [0, 1, 2, 3].some(each => changed.has(cell * CHANNELS + each));
      const rank = mine ? 0 : wrong ? 1 : differs ? 2 : heard ? 3 : 4;
      const fault = !wrong ? null : here && this.acting ? ARRIVALS : RECEIVER;
      rows.push({ cell, user, source, snapshot, held, demand, fault, differs, stale, changed, rank });
    });
    return rows.sort((one, other) => one.rank - other.rank || one.cell - other.cell);
  }
}
