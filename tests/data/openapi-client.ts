// Calls the service at the address in the arguments with the client that was generated from its description.
import { deployApiDeployPost, healthHealthGet, listJobsJobsGet } from "./client";
import { client } from "./client/client.gen";
import type { DeployRequest } from "./client";

declare const process: { argv: string[] };

async function main(): Promise<void> {
  const [address, secret] = process.argv.slice(2);
  client.setConfig({ baseUrl: address, auth: secret, throwOnError: true });
  const body: DeployRequest = {
    email: "ada@example.com", secret, task: "from-typescript", round: 1, nonce: "n1", brief: "Show the sales.",
    checks: ["The page has a heading", { js: "!!document.title" }],
  };
  const health = await healthHealthGet({ throwOnError: true });
  const accepted = await deployApiDeployPost({ body, headers: { Prefer: "respond-async" }, throwOnError: true });
  const jobs = await listJobsJobsGet({ query: { task: "from-typescript" }, throwOnError: true });
  console.log(JSON.stringify([health.data.status, accepted.data.status, jobs.data.jobs.map((job) => job.job_id)]));
}

void main();
