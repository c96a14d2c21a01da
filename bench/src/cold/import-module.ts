// loads the module that it is told, or none, and says so
import { writeSync } from "node:fs";

const name = process.argv[2];
if (name) await import(name);
writeSync(1, "imported");
process.exit();
