// What Clerk's own helper says to deliveries that the table in docs/comparison.md names: `node verdicts.js`.
import { createHmac } from "node:crypto";
import { verifyWebhook } from "@clerk/backend/webhooks";

const SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const BODY = '{"type":"user.created","data":{"id":"user_1"}}';
const NOW = String(Math.floor(Date.now() / 1000));

function sign({ secret = SECRET, id = "msg_1", timestamp = NOW, body = BODY }) {
  const key = Buffer.from(secret.trim().replace("whsec_", ""), "base64");
  return "v1," + createHmac("sha256", key).update(`${id}.${timestamp}.`).update(body).digest("base64");
}

async function verdict(name, change = {}, headers = {}, family = "svix") {
  const { secret = SECRET, id = "msg_1", timestamp = NOW, body = BODY } = change;
  const sent = { id, timestamp, signature: sign({ secret, id, timestamp, body }), ...headers };
  const lines = Object.entries(sent).flatMap(([part, values]) =>
    [values].flat().map((value) => [`${family}-${part}`, value]));
  const request = new Request("http://localhost/", { method: "POST", headers: lines, body });
  const accepted = await verifyWebhook(request, { signingSecret: secret }).then(() => true, () => false);
  console.log(`${accepted ? "accepted" : "refused "}  ${name}`);
}

const wrong = "v1,bm90IHRoZSBzaWduYXR1cmUgb2YgdGhpcyBkZWxpdmU=";
await verdict("svix-*");
await verdict("webhook-*", {}, {}, "webhook");
await verdict("a wrong signature", {}, { signature: wrong });
await verdict("signatures joined by a comma", {}, { signature: [wrong, sign({})] });
await verdict("a malformed entry before a good one", {}, { signature: `v1,AAAA ${sign({})}` });
await verdict("stale", { timestamp: String(NOW - 3600) });
await verdict("+ before the timestamp", { timestamp: `+${NOW}` }, { signature: sign({}) });
await verdict("0 before the timestamp", { timestamp: `0${NOW}` }, { signature: sign({}) });
await verdict("an id with a dot", { id: "msg.1" });
await verdict("an empty id", { id: "" });
await verdict("an id of 257 bytes", { id: "m".repeat(257) });
await verdict("an id twice, joined", { id: "msg_1, msg_1" }, { id: ["msg_1", "msg_1"] });
await verdict("a secret with a line break", { secret: `${SECRET}\n` });
await verdict("a short secret", { secret: "whsec_c2hvcnQ=" });
await verdict("a secret of zeros", { secret: `whsec_${"A".repeat(32)}` });
await verdict("a body that is not UTF-8", { body: Buffer.from([...Buffer.from('{"data":{},"type":"'), 0xff, 0x22, 0x7d]) });

/** Whether bad headers are refused before the body is read. */
async function reading(name, headers) {
  const sent = { "svix-id": "msg_1", "svix-timestamp": NOW, "svix-signature": sign({}), ...headers };
  const lines = Object.entries(sent).filter(([, value]) => value !== null);
  const request = new Request("http://localhost/", { method: "POST", headers: lines, body: BODY });
  const accepted = await verifyWebhook(request, { signingSecret: SECRET }).then(() => true, () => false);
  console.log(`${accepted ? "accepted" : "refused "}  ${name}: body ${request.bodyUsed ? "read" : "not read"}`);
}

await reading("genuine", {});
await reading("a missing id", { "svix-id": null });
await reading("a missing timestamp", { "svix-timestamp": null });
await reading("a missing signature", { "svix-signature": null });
await reading("stale", { "svix-timestamp": "1700000000" });
await reading("a malformed signature", { "svix-signature": "v1,bm90LWEtc2lnbmF0dXJl" });
