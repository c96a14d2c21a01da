import { createServer, type ServerResponse } from "node:http";
import { type Answer, readSecret } from "./read-secret.js";
import { vaultClients } from "./vault.js";

const clients = vaultClients(process.env);

const server = createServer(({ method, url = "" }, response) => {
  const name = method === "GET" ? /^\/secrets\/([^/?]+)$/.exec(url)?.[1] : undefined;
  if (name === undefined) return void response.writeHead(404).end();
  readSecret(clients, name).then(
    (answer) => write(response, answer),
    (error: unknown) => {
      console.error(error);
      response.writeHead(500).end();
    },
  );
});

function write(response: ServerResponse, { status, headers, body }: Answer): void {
  // a connection that is kept would keep the process
  if (!server.listening) response.setHeader("connection", "close");
  response.writeHead(status, headers).end(body);
}

// the platform asks the process to end, and gives it some seconds: no new requests, and those under way are answered first
process.once("SIGTERM", () => server.close(() => void clients.close()));

server.listen(Number(process.env["PORT"] ?? 8080), () => {
  const address = server.address();
  console.log(`Listening on port ${typeof address === "object" ? address?.port : address}.`);
});
