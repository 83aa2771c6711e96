// fhirpath.js as a filter: node evaluate.js
//
// Each line on standard input is {"questionnaire", "responses": [QuestionnaireResponse], "fhir":
// "R4"}; each gets one line on standard output: of each response {linkId: value} of the calculated
// items that have a value, or {"error": WHY}.

import { createInterface } from "node:readline";
import fhirpath from "fhirpath";
import r4 from "fhirpath/fhir-context/r4";
import r5 from "fhirpath/fhir-context/r5";

const MODELS = { R4: r4, R4B: r4, R5: r5 }; // of what we use R4B has the shape of R4
const CALCULATED =
  "http://hl7.org/fhir/uv/sdc/StructureDefinition/sdc-questionnaire-calculatedExpression";

/** The calculated items of a Questionnaire: [linkId, its expression, compiled]. */
function calculated(questionnaire, model) {
  return questionnaire.item.flatMap((item) =>
    (item.extension ?? [])
      .filter((extension) => extension.url === CALCULATED)
      .map(({ valueExpression }) => [
        item.linkId,
        fhirpath.compile(valueExpression.expression, model),
      ]),
  );
}

function evaluate({ questionnaire, responses, fhir }) {
  const expressions = calculated(questionnaire, MODELS[fhir]);
  return responses.map((resource) => {
    const found = {};
    for (const [linkId, expression] of expressions) {
      const values = expression(resource, { resource, questionnaire });
      if (values.length > 1) {
        throw new Error(`${linkId} has ${values.length} values`);
      }
      if (values.length === 1) {
        found[linkId] = values[0];
      }
    }
    return found;
  });
}

for await (const line of createInterface({ input: process.stdin })) {
  let reply;
  try {
    reply = evaluate(JSON.parse(line));
  } catch (error) {
    reply = { error: error.message };
  }
  console.log(JSON.stringify(reply));
}
