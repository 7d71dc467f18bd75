// Clerk's own helper under measurement, driven by ../clerk_js.rs over stdin and stdout, a line each:
// the versions out; a delivery in ({secret, headers, body}); then numbers in, nanoseconds out.
import { createRequire } from "node:module";
import { createInterface } from "node:readline";
import { verifyWebhook } from "@clerk/backend/webhooks";

const require = createRequire(import.meta.url);
const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
const read = async () => (await lines.next()).value;

console.log(`node ${process.versions.node}, @clerk/backend ${version("@clerk/backend")}`);
const delivery = JSON.parse(await read());
for (let times = await read(); times !== undefined; times = await read()) {
  console.log(await measure(Number(times)));
}

/** CPU time of this process for so many verifications; the requests are made before. */
async function measure(times) {
  const requests = Array.from({ length: times }, request);
  const before = process.cpuUsage();
  for (const each of requests) {
    const event = await verifyWebhook(each, { signingSecret: delivery.secret });
    if (typeof event.data.id !== "string") throw new Error("no event");
  }
  const { user, system } = process.cpuUsage(before);
  return (user + system) * 1000;
}

function request() {
  const { headers, body } = delivery;
  return new Request("http://localhost/webhooks/clerk", { method: "POST", headers, body });
}

function version(name) {
  return require(`${name}/package.json`).version;
}
