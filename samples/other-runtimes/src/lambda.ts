import type { APIGatewayProxyEventV2, APIGatewayProxyStructuredResultV2 } from "aws-lambda";
import { readSecret } from "./read-secret.js";
import { vaultClients } from "./vault.js";

// made when the function's environment starts, and used by each of its invocations
const clients = vaultClients(process.env);

/** `GET /secrets/{name}` of an HTTP API, payload format 2.0. */
export async function handler({ pathParameters }: APIGatewayProxyEventV2): Promise<APIGatewayProxyStructuredResultV2> {
  const { status, headers, body } = await readSecret(clients, pathParameters?.["name"] ?? "");
  return { statusCode: status, headers: { ...headers }, body };
}
