// Lookup: a form that asks a public web API and shows fields of its answer.

// The key of the answer whose words are all in the name of the element, the longest first.
function matchingKey(answer, words) {
  const fits = Object.keys(answer).filter((key) => wordsOf(key).every((word) => words.includes(word)));
  return fits.sort((a, b) => b.length - a.length)[0];
}

const isDate = (value) => typeof value === "string" && /^\d{4}-\d\d-\d\dT/.test(value);

function wholeYears(since) {
  const then = new Date(since), now = new Date();
  const beforeDay = now.getUTCMonth() < then.getUTCMonth()
    || (now.getUTCMonth() === then.getUTCMonth() && now.getUTCDate() < then.getUTCDate());
  return now.getUTCFullYear() - then.getUTCFullYear() - (beforeDay ? 1 : 0);
}

function showAnswer(answer, fields) {
  for (const { id, words, what } of fields) {
    const node = byId(id);
    const date = Object.values(answer).find(isDate);
    const value = answer[matchingKey(answer, words)];
    if (what === "age") putText(node, date ? `${wholeYears(date)} years` : "unknown");
    else putText(node, isDate(value) ? value.slice(0, 10) : cellText(value) || "not in the answer");
  }
}

function lookupAddress(pattern, name) {
  const place = /\{[^}]*\}|<[^>]*>/;
  const value = encodeURIComponent(name);
  return place.test(pattern) ? pattern.replace(place, () => value) : pattern + value;
}

async function ask(part, name) {
  const token = part.token ? parameter(part.token) : "";
  const headers = token ? { Authorization: `Bearer ${token}` } : {};
  const response = await fetch(lookupAddress(part.address, name), { headers });
  if (!response.ok) throw new Error(response.status === 404 ? "not found" : `the service answered ${response.status}`);
  return response.json();
}

roles.lookup = (form, part) => {
  const input = byId(part.input);
  const look = async () => {
    const name = input.value.trim();
    if (!name) return;
    say(`Looking up ${name} \u2026`);
    try {
      showAnswer(await ask(part, name), part.fields);
      say(`Found ${name}.`);
      if (part.remembers) memory.save(name);
    } catch (error) {
      say(`Looking up ${name} failed: ${error.message}.`, true);
    }
  };
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    look();
  });
  const remembered = part.remembers ? memory.load() : null;
  input.value = part.parameters.map(parameter).find(Boolean) || remembered || part.example;
  look();
};
