// LForms in a headless browser, as a filter: node fill.js CHROMIUM LFORMS
//
// Each line on standard input is {"questionnaire", "answers": {linkId: value}, "fhir": "R4"}; each
// gets one line on standard output: the QuestionnaireResponse with all that LForms calculated, or
// {"error": WHY}. The answers are loaded as a response without any calculated item; LForms then
// evaluates the expressions as it does for a person who opens a form that was begun earlier.
//
// With "sets": [{linkId: text}] in the place of "answers" they are typed into the fields (type.js).

import { readFile } from "node:fs/promises";
import { extname, join, normalize } from "node:path";
import { createInterface } from "node:readline";
import { chromium } from "playwright-core";
import { type } from "./type.js";

const ORIGIN = "http://forms.invalid";
const PATIENCE = 30_000; // milliseconds for one form, or for one set of answers
const TYPES = { ".js": "text/javascript", ".css": "text/css" };

// The charset matters: without it LForms's FHIR part fails on start.
const PAGE = `<!doctype html>
<html>
<head><meta charset="utf-8"><title>LForms</title></head>
<body>
<div id="form"></div>
<script src="/webcomponent/assets/lib/zone.min.js"></script>
<script src="/webcomponent/runtime.js" type="module"></script>
<script src="/webcomponent/polyfills.js" type="module"></script>
<script src="/webcomponent/main.js" type="module"></script>
</body>
</html>`;

/** A page with LForms, served from its folder: the browser has no network and needs no port. */
async function open(browser, folder) {
  const page = await browser.newPage();
  await page.route("**/*", async (route) => {
    const { origin, pathname } = new URL(route.request().url());
    if (origin !== ORIGIN) {
      await route.abort();
    } else if (pathname === "/") {
      await route.fulfill({ contentType: "text/html; charset=utf-8", body: PAGE });
    } else {
      const type = TYPES[extname(pathname)] ?? "application/octet-stream";
      await readFile(join(folder, normalize(pathname))).then(
        (body) => route.fulfill({ contentType: `${type}; charset=utf-8`, body }),
        () => route.fulfill({ status: 404, body: "" }),
      );
    }
  });
  await page.goto(ORIGIN);
  await page.waitForFunction(() => window.LForms?.Util?.addFormToPage);
  await page.addScriptTag({ url: "/fhir/lformsFHIRAll.min.js" });
  await page.waitForFunction(() => window.LForms.FHIR?.R4 && window.LForms.FHIR?.R5);
  return page;
}

/** Runs in the page: answers, expressions, response. */
async function fill({ questionnaire, answers, fhir }) {
  const left = new Set(Object.keys(answers));

  // The response items of those that have an answer, in the order of the Questionnaire.
  function answered(items) {
    return (items ?? []).flatMap((item) => {
      const filled = { linkId: item.linkId };
      if (left.delete(item.linkId)) {
        filled.answer = [valueOf(item, answers[item.linkId])];
      }
      const inner = answered(item.item);
      if (inner.length > 0) {
        filled.item = inner;
      }
      return filled.answer || filled.item ? [filled] : [];
    });
  }

  function valueOf(item, value) {
    if (item.answerOption) {
      const chosen = item.answerOption.find(
        (option) => (option.valueCoding?.code ?? option.valueInteger ?? option.valueString) === value,
      );
      if (!chosen) {
        throw new Error(`${value} is no option of ${item.linkId}`);
      }
      const { extension, initialSelected, ...bare } = chosen;
      return bare;
    }
    const types = { integer: "valueInteger", decimal: "valueDecimal", boolean: "valueBoolean" };
    return { [types[item.type] ?? "valueString"]: value };
  }

  const begun = {
    resourceType: "QuestionnaireResponse",
    status: "in-progress",
    questionnaire: questionnaire.url,
    item: answered(questionnaire.item),
  };
  if (left.size > 0) {
    throw new Error(`the Questionnaire lacks ${[...left].join(", ")}`);
  }

  const { Util } = window.LForms;
  const empty = Util.convertFHIRQuestionnaireToLForms(questionnaire, fhir);
  const form = Util.mergeFHIRDataIntoLForms("QuestionnaireResponse", begun, empty, fhir);
  // With saved data LForms takes a score that is missing for one that somebody erased, and leaves
  // it so. Ours are the answers of a person at work: every expression is to be evaluated.
  form.hasSavedData = false;
  window.LForms.addedFormDefs = []; // or it keeps every form
  await Util.addFormToPage(form, "form").catch((problems) => {
    throw new Error([problems].flat().join("; "));
  });

  // A calculation may wait for another: the form is done when nothing has changed for a while.
  const now = () => Util.getFormFHIRData("QuestionnaireResponse", fhir, "#form");
  let last = "";
  for (let same = 0; same < 3; ) {
    await new Promise((resolve) => setTimeout(resolve, 30));
    const { authored, ...rest } = now();
    const text = JSON.stringify(rest);
    same = text === last ? same + 1 : 0;
    last = text;
  }
  return now();
}

/** LForms fills the form, or it becomes known why not. */
async function answer(page, request) {
  // LForms logs what is wrong with an expression and goes on without its value.
  const problems = [];
  const listen = (message) => {
    if (/^Error|MultipleValuesForNonRepeat/i.test(message.text())) {
      problems.push(message.text().split("\n")[0]);
    }
  };
  page.on("console", listen);
  // An expression that changes what it is made of is evaluated for ever.
  const patience = new Promise((resolve) =>
    setTimeout(resolve, PATIENCE * (request.sets?.length ?? 1), { error: "the expressions do not come to an end" }).unref(),
  );
  const filled = page
    .evaluate(request.sets ? type : fill, request)
    .catch((error) => ({ error: error.message.split("\n")[0] }));
  const reply = await Promise.race([filled, patience]);
  page.off("console", listen);
  return problems.length > 0 ? { error: problems.join("; ") } : reply;
}

const [executablePath, folder] = process.argv.slice(2);
const browser = await chromium.launch({ executablePath, args: ["--no-sandbox"] });
try {
  let page = await open(browser, folder);
  for await (const line of createInterface({ input: process.stdin })) {
    const reply = await answer(page, JSON.parse(line));
    console.log(JSON.stringify(reply));
    if (reply.error) {
      page.close(); // not awaited: it may be busy for ever
      page = await open(browser, folder);
    }
  }
} finally {
  await browser.close();
}
