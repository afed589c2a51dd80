// A club: who is in a cohort, and who was welcomed, in a JSON file.

import { existsSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import express from "express";

const ACTIONS = ["members", "add_members", "remove_members"];
const FILE = "club.json";

const empty = () => ({ members: new Map(), sessions: new Map(), mails: [] });
let club = existsSync(FILE) ? JSON.parse(readFileSync(FILE, "utf8"), asMap) : empty();

function asMap(_, value) {
  return Array.isArray(value?.map) ? new Map(value.map) : value;
}

function save() {
  const asList = (_, value) => (value instanceof Map ? { map: [...value] } : value);
  writeFileSync(`${FILE}.new`, JSON.stringify(club, asList));
  renameSync(`${FILE}.new`, FILE); // all of it or nothing
}

function read(body) {
  const { mixpanel_cohort_id: cohort, mixpanel_session_id: session, page_info: page, members } = body.parameters;
  const users = members.map((member) => member.mixpanel_distinct_id);
  if (!ACTIONS.includes(body.action) || ![cohort, session, ...users].every((id) => typeof id === "string")) {
    throw new TypeError("unknown action, or an id that is no string");
  }
  const { page_count: number, total_pages: pages } = page ?? { page_count: 1, total_pages: 1 };
  return { action: body.action, cohort, session, number, pages, users };
}

function take({ action, cohort, session, number, pages, users }) {
  if (!club.members.has(cohort)) club.members.set(cohort, new Map());
  const held = club.members.get(cohort); // by user, the session that named them last
  for (const user of users) {
    if (action === "remove_members") {
      held.delete(user);
    } else {
      if (!held.has(user)) club.mails.push([cohort, user]);
      held.set(user, session);
    }
  }
  if (action === "members") {
    // The whole cohort: whom no page has named is not in it any more.
    const come = new Set(club.sessions.get(session)).add(number);
    club.sessions.set(session, [...come]);
    if (come.size === pages) {
      for (const [user, last] of held) if (last !== session) held.delete(user);
    }
  }
}

const app = express();
app.use(express.json({ limit: "1mb" })); // a full page is over the 100 kB that Express takes by default

app.post("/mixpanel", (request, response) => {
  let delivery;
  try {
    delivery = read(request.body);
  } catch (error) {
    throw Object.assign(error, { status: 400 });
  }
  take(delivery);
  save();
  response.json({ action: delivery.action, status: "success" });
});

app.get("/health", (_, response) => response.json({}));
app.get("/cohorts/:cohort/members", (request, response) => {
  response.json({ ids: [...(club.members.get(request.params.cohort)?.keys() ?? [])] });
});
app.get("/mails", (_, response) => response.json({ sent: club.mails }));

if (process.env.NODE_ENV === "test") {
  app.post("/test/reset", (_, response) => {
    club = empty();
    save();
    response.json({});
  });
}

const refuse = (response, code, message) =>
  response.status(code).json({ action: "unknown", status: "failure", error: { message, code } });
app.use((_, response) => refuse(response, 404, "there is nothing here"));
app.use((error, _request, response, _next) => refuse(response, error.status ?? 500, error.message));

app.listen(process.env.PORT ?? 8000, "127.0.0.1");
