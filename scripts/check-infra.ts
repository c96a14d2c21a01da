// Checks infra/, azure.yaml and host.json: node check-infra.js [--schemas <folder>]
import { checkInfra } from "./check-infra/command.js";

process.exitCode = await checkInfra(process.argv.slice(2), console.log);
