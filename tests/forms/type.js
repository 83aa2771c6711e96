// Runs in the page: a person who types one set of answers after another into a form's fields.

/** Of each set the response, and what LForms's Observation-based extraction makes of it. */
export async function type({ questionnaire, sets, fhir }) {
  const { Util } = window.LForms;
  window.LForms.addedFormDefs = []; // or it keeps every form
  const definition = Util.convertFHIRQuestionnaireToLForms(questionnaire, fhir);
  await Util.addFormToPage(definition, "form").catch((problems) => {
    throw new Error([problems].flat().join("; "));
  });

  /** What LForms shows for an option, and takes for it: its words and its weight. */
  function shown({ extension, valueCoding: { code, display } }) {
    const { valueDecimal } = extension.find(({ url }) => url.endsWith("/itemWeight"));
    return `${display ?? code} - ${valueDecimal}`;
  }

  function textOf({ linkId, answerOption }, answer) {
    if (!answerOption || answer === undefined) {
      return answer ?? "";
    }
    const option = answerOption.find(({ valueCoding }) => valueCoding.code === answer);
    if (!option) {
      throw new Error(`${answer} is no option of ${linkId}`);
    }
    return shown(option);
  }

  // As the browser does it for a person: Angular hears of a value by events alone.
  const { set: put } = Object.getOwnPropertyDescriptor(HTMLInputElement.prototype, "value");
  function write(linkId, text) {
    const field = document.getElementById(`${linkId}/1`);
    if (!field || field.disabled || field.readOnly) {
      throw new Error(`nobody can write into the field of ${linkId}`);
    }
    if (field.value !== text) {
      field.focus();
      put.call(field, text);
      field.dispatchEvent(new Event("input", { bubbles: true }));
      field.dispatchEvent(new Event("change", { bubbles: true }));
      field.blur();
    }
  }

  const { _expressionProcessor: processor } = Util._getFormObjectInScope("#form");

  /** LForms has begun nothing more for a while, by its own word; nothing is set off by looking. */
  async function settled() {
    for (let idle = 0; idle < 4; idle += 1) {
      await new Promise((resolve) => setTimeout(resolve, 5));
      while (processor._currentRunPromise) {
        await processor._currentRunPromise;
        idle = 0;
      }
    }
  }

  /** After each field LForms asks itself to calculate all: of a set that is done once, at its end,
   * and not at all if it did not ask. It would take most of the time. */
  async function calculatedOnce(act) {
    let asked = false;
    processor.runCalculations = () => Promise.resolve((asked = true));
    act();
    await settled();
    delete processor.runCalculations;
    if (asked) {
      await processor.runCalculations(false);
    }
    await settled();
  }

  const questions = questionnaire.item.filter(({ readOnly }) => !readOnly);
  const told = [];
  await settled();
  for (const answers of sets) {
    await calculatedOnce(() => {
      for (const question of questions) {
        write(question.linkId, textOf(question, answers[question.linkId]));
      }
    });
    const [response, bundle] = Util.getFormFHIRData("QuestionnaireResponse", fhir, "#form", {
      extract: true,
    });
    told.push({ response, extracted: (bundle?.entry ?? []).map(({ resource }) => resource) });
  }
  return told;
}
