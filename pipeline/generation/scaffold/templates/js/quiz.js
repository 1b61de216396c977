// Quiz: questions from a JSON file as fieldsets of radio buttons, marked when the visitor submits.

const firstOf = (object, ...names) => names.map((name) => object[name]).find((value) => value !== undefined);

// Files name things differently: an answer may be an index, a letter or the option's own text.
function readQuestion(entry) {
  const options = firstOf(entry, "options", "choices", "answers").map(cellText);
  const answer = firstOf(entry, "answer", "correct", "correctIndex", "correct_index", "correctAnswer", "correct_answer", "solution");
  const letter = typeof answer === "string" && /^[A-Z]$/i.test(answer) ? answer.toUpperCase().charCodeAt(0) - 65 : -1;
  const byText = options.indexOf(cellText(answer));
  const correct = typeof answer === "number" ? answer : byText >= 0 ? byText : letter;
  return { text: cellText(firstOf(entry, "q", "question", "text", "prompt", "title")), options, correct };
}

function questionNode(question, index, part) {
  const choices = question.options.map((option, position) => {
    const radio = make("input", { type: "radio", name: `question-${index + 1}`, value: position });
    return make("label", { class: "choice" }, radio, " ", option);
  });
  return make("fieldset", { class: part.classes.join(" ") }, make("legend", {}, `${index + 1}. ${question.text}`), ...choices);
}

roles.quiz = (container, part) => {
  const questions = sources.get(part.source).questions.map(readQuestion);
  const nodes = questions.map((question, index) => questionNode(question, index, part));
  const score = byId(part.score);
  const unmark = () => {
    for (const node of nodes) node.classList.remove(part.right, part.wrong);
  };
  container.replaceChildren(...nodes);
  byId(part.submit).addEventListener("click", (event) => {
    event.preventDefault();
    unmark();
    let right = 0;
    for (const [index, node] of nodes.entries()) {
      const chosen = node.querySelector("input:checked");
      const isRight = chosen !== null && Number(chosen.value) === questions[index].correct;
      node.classList.add(isRight ? part.right : part.wrong);
      right += isRight ? 1 : 0;
    }
    score.textContent = `${right} / ${questions.length}`;
  });
  byId(part.retry)?.addEventListener("click", (event) => {
    event.preventDefault();
    unmark();
    for (const radio of container.querySelectorAll("input")) radio.checked = false;
    score.textContent = "";
  });
};
