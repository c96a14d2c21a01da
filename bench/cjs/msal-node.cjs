// src/cold/msal-node-esm.ts as a CommonJS program, which does not start Node's ESM loader; so all that is shared is written out
const { readFileSync, writeSync } = require("node:fs");
const { ConfidentialClientApplication } = require("@azure/msal-node");

const { ca, authority, authorityMetadata, certificateFile, clientId, thumbprintSha256, scope, plainResource } = JSON.parse(
  process.argv[2] ?? "",
);

const lookup = (_hostname, options, callback) => {
  if (options.all) callback(null, [{ address: "127.0.0.1", family: 4 }]);
  else callback(null, "127.0.0.1", 4);
};

function trustInGlobalFetch() {
  const globalDispatcher = Symbol.for("undici.globalDispatcher.1");
  void globalThis.Headers;
  const Agent = globalThis[globalDispatcher].constructor;
  globalThis[globalDispatcher] = new Agent({ connect: { ca, lookup } });
}

async function main() {
  trustInGlobalFetch();
  const application = new ConfidentialClientApplication({
    auth: {
      clientId,
      authority,
      knownAuthorities: [new URL(authority).host],
      authorityMetadata,
      clientCertificate: { thumbprintSha256, privateKey: readFileSync(certificateFile, "utf8") },
    },
  });
  const result = await application.acquireTokenByClientCredential({ scopes: [scope] });
  const response = await fetch(plainResource, { headers: { authorization: `Bearer ${result.accessToken}` } });
  const body = await response.text();
  writeSync(1, response.status === 200 && body.startsWith("{") ? "resource read" : `status ${response.status}: ${body}`);
  process.exit();
}

void main();
