// Parses an AsyncAPI document with @asyncapi/parser, and then planted faults, which the parser must refuse.
//
// It tries no example against its schema in version 3: the suite's own checks do.
//
// node tests/contracts/check_asyncapi.mjs <folder with node_modules> <document>

import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { resolve } from "node:path";

const [place, path] = process.argv.slice(2);
const { Parser } = createRequire(`${resolve(place)}/`)("@asyncapi/parser");
const ERROR = 0;
const LEVELS = ["error", "warning", "information", "hint"];

const plants = {
  "an operation on a channel that is not there": (document) => {
    Object.values(document.operations)[0].channel.$ref = "#/channels/nobody";
  },
  "a message that its channel does not carry": (document) => {
    const [first, second] = Object.values(document.operations);
    first.messages = second.messages;
  },
  "a parameter that is not in the address": (document) => {
    const [channel] = Object.values(document.channels);
    channel.parameters = { shard: channel.parameters.partition };
  },
  "a schema that is none": (document) => {
    document.components.schemas.Site.type = "text";
  },
  "an action that does not exist": (document) => {
    Object.values(document.operations)[0].action = "publish";
  },
  "a field that does not exist": (document) => {
    document.info.contacts = [];
  },
};

async function findings(text) {
  const { diagnostics } = await new Parser().parse(text);
  return diagnostics;
}

const text = readFileSync(path, "utf8");
const found = await findings(text);
for (const { severity, code, path: at, message } of found) {
  console.log(`${LEVELS[severity]}  ${code} at /${at.join("/")}: ${message}`);
}
let failed = found.some(({ severity }) => severity === ERROR);
console.log(`${failed ? "FAIL" : "ok"}  ${path}`);

for (const [name, plant] of Object.entries(plants)) {
  const planted = JSON.parse(text);
  plant(planted);
  const errors = (await findings(JSON.stringify(planted))).filter(({ severity }) => severity === ERROR);
  console.log(errors.length ? `ok  refused: ${name} (${errors[0].code})` : `FAIL  let through: ${name}`);
  failed ||= errors.length === 0;
}
process.exit(failed ? 1 : 0);
