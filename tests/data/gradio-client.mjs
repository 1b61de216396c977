import { pathToFileURL } from "node:url";
const [folder, url, token, data] = process.argv.slice(2);
const { Client, handle_file } = await import(pathToFileURL(`${folder}/dist/index.js`));
const client = await Client.connect(url, { token, events: ["data", "status"] });
const seen = { endpoints: Object.keys((await client.view_api()).named_endpoints), stages: [], statuses: [] };
const brief = {
  email: "ada@example.com", task: "javascript", round: 1, nonce: "n-1", brief: "Show data.csv as a table.",
  attachments: [handle_file(data), new File(["{}"], "extra.json")],
};
for await (const message of client.submit("/deploy", brief)) {
  if (message.type === "status") seen.statuses.push(message.stage);
  else if (message.data[0].kind) seen.stages.push(message.data[0].stage);
  else seen.deployed = message.data[0];
}
seen.runtime = (await client.predict("/space_runtime", { space_id: "ada/app" })).data[0];
seen.parallel = (await Promise.all(Array.from({ length: 10 }, () => client.predict("/space_runtime", ["ada/app"]))))
  .map((answer) => answer.data[0].stage);
seen.errors = [];
for (const [name, values] of [["/space_runtime", ["ada/gone"]], ["/space_runtime", ["no space id"]]]) {
  try { await client.predict(name, values); } catch (error) { seen.errors.push(error.message); }
}
const stranger = await Client.connect(url);
try { await stranger.predict("/space_runtime", ["ada/app"]); } catch (error) { seen.errors.push(error.message); }
const doomed = client.submit("/deploy", { ...brief, attachments: [], task: "cancelled" });
for await (const message of doomed) {
  if (message.type === "status" && message.stage === "generating") await doomed.cancel();
  if (message.type === "status") seen.last = message.stage;
}
console.log(JSON.stringify(seen));
